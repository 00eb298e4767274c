"""Other people's libraries, measured where `make bench-peers` installed them; never a dependency of the product."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PROOFS, NEAREST, RUNS = 40, 10, 3


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


def usearch_nearest(codes: Any, asked: Sequence[tuple[int, Any, Sequence[int]]]) -> Iterator[tuple[int, float, float]]:
    """For each (radius, queries, places): the radius, seconds a query, and the share of places among the nearest ten. Its
    graph under Hamming distance, as it comes; nothing where usearch is missing."""
    try:
        from usearch.index import Index
    except ImportError:
        return
    index = Index(ndim=codes.shape[1] * 8, metric="hamming", dtype="b1")
    index.add(np.arange(len(codes)), codes)
    for radius, queries, places in asked:
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            found = index.search(queries, NEAREST)
            times.append((time.perf_counter() - begin) / len(queries))
        share = float(np.mean([place in row for place, row in zip(places, found.keys, strict=True)]))
        yield radius, statistics.median(times), share
