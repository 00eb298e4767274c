"""What must not grow with the log: a proof, and the entries of one asset, among ten thousand and among a million."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from ledger.proof.merkle import inclusion_proof
from ledger.store.contract import EntryEvent, Pending, Query
from ledger.store.sqlite import SQLiteStore
from ledger.writer import Writer
from ops.bench.figures import Figure, in_turns
from ops.bench.peers import pymerkle_proof_seconds

SMALL, BATCH = 10_000, 1_000
ASSETS_EACH = 100  # entries of one asset
PROOFS, READS = 400, 60
ENTRY_BYTES = 300  # smaller than a statement, so that a million take a minute: neither figure reads many of them
SEED = 7


def large_figures(folder: Path, size: int) -> list[Figure]:
    """Builds both logs through the writer; `size` is the large one's."""
    small, large = _built(folder / "small-log.sqlite", SMALL), _built(folder / "large-log.sqlite", size)
    of_small, of_large = in_turns([lambda: _proofs(small, SMALL), lambda: _proofs(large, size)], 5, PROOFS)
    read_small, read_large = in_turns([lambda: _reads(small, SMALL), lambda: _reads(large, size)], 9, READS)
    memory_small, memory_large = _memory(small, SMALL), _memory(large, size)
    figures = [
        Figure(f"inclusion proof among {size:,}", of_large, f"among {SMALL:,}", of_small, reach=2.0),
        Figure(f"{ASSETS_EACH} entries by tag among {size:,}", read_large, f"among {SMALL:,}", read_small, reach=1.5),
        Figure("the memory of reading them", memory_large, f"among {SMALL:,}", memory_small, reach=1.1, unit="B"),
    ]
    peer = pymerkle_proof_seconds(folder, size)
    if peer is None:
        print("pymerkle is not measured: it is not installed (make bench-peers)", file=sys.stderr)
    else:
        name, taken, peer_size = f"inclusion proof among {size:,}", *peer
        figures.append(Figure(name, of_large, f"pymerkle on SQLite among {peer_size:,}", taken, True, 35.0))
    for store in (small, large):
        store.close()
    return figures


def _built(path: Path, size: int) -> SQLiteStore:
    store = SQLiteStore(path)
    writer = Writer(store)
    for start in range(0, size, BATCH):
        writer.write(list(_entries(start, min(size, start + BATCH), size // ASSETS_EACH)))
    writer.close()
    return store


def _entries(start: int, end: int, assets: int) -> Iterator[Pending]:
    """The assets take turns, so that the entries of one lie as far apart as they can."""
    for number in range(start, end):
        data = b"%012d" % number + b"x" * (ENTRY_BYTES - 12)
        yield Pending((EntryEvent("asset.flagged.v1", data, [f"asset:{number % assets}"], f"statement-{number}"),))


def _proofs(store: SQLiteStore, size: int) -> None:
    chosen = random.Random(SEED)
    for _ in range(PROOFS):
        inclusion_proof(chosen.randrange(size), size, store)


def _reads(store: SQLiteStore, size: int) -> None:
    chosen = random.Random(SEED)
    for _ in range(READS):
        _read(store, chosen.randrange(size // ASSETS_EACH))


def _read(store: SQLiteStore, asset: int) -> None:
    found = list(store.read_entries([Query(types=[], tags=[f"asset:{asset}"])]))
    assert len(found) == ASSETS_EACH, "the log does not hold what was written"


def _memory(store: SQLiteStore, size: int) -> float:
    """The most bytes that Python held during one read."""
    tracemalloc.start()
    _read(store, size // ASSETS_EACH // 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(most)
