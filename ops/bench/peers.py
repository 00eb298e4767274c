"""Other people's libraries, measured where `make bench-peers` installed them; never a dependency of the product."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

PROOFS = 40


def pymerkle_proof_seconds(folder: Path, size: int) -> tuple[float, int] | None:
    """(seconds a proof, size of its tree) on SQLite; None where pymerkle is missing."""
    try:
        import pymerkle
    except ImportError:
        return None
    tree: Any = pymerkle.SqliteTree(str(folder / "pymerkle.sqlite"), algorithm="sha256")
    entries = [b"%012d" % number for number in range(size)]
    tree.append_entries(entries, chunksize=10_000)
    chosen, times = random.Random(7), []
    for _ in range(PROOFS):
        index = chosen.randrange(size) + 1
        begin = time.perf_counter()
        tree.prove_inclusion(index, size)
        times.append(time.perf_counter() - begin)
    return statistics.median(times), size
