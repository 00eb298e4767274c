"""The tag index: catching up with new entries, against a bare SHA-256 of them; and a proof among ever more entries."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.store.contract import EntryEvent, Pending
from ledger.store.sqlite import SQLiteStore
from ledger.writer import Writer
from ops.bench.figures import Figure, in_turns
from projections.tag_index import IndexLook, TagIndex

SMALL, LARGE, BATCH = 10_000, 100_000, 1_000
PROOFS, RUNS = 100, 5
PADDING = "x" * 800  # an entry then has the 1.5 KB of an ordinary statement with its signature


def completeness_figures(folder: Path) -> list[Figure]:
    """Each entry has a tag of its own and one that a hundred share. Appends are not measured: they don't know of the index."""
    stores = [_built(folder / f"tags-{size}.sqlite", size) for size in (SMALL, LARGE)]
    indexes = [TagIndex(folder / f"index-{number}.sqlite", store) for number, store in enumerate(stores)]
    entries = [stored.entry for stored in stores[0].read_entries()]
    caught_up, bare = in_turns([lambda: _anew(indexes[0]), lambda: _hashed(entries)], 3)
    indexes[1].catch_up()
    of_small, of_large = in_turns([lambda: _prove(indexes[0], SMALL), lambda: _prove(indexes[1], LARGE)], RUNS, PROOFS)
    with indexes[0].look() as small, indexes[1].look() as large:
        checks = [[(look.prove(tag), look) for tag in _asked(look.size)] for look in (small, large)]
        check_small, check_large = in_turns([lambda: _check(checks[0]), lambda: _check(checks[1])], RUNS, PROOFS)
    for index, store in zip(indexes, stores, strict=True):
        index.close()
        store.close()
    return [
        Figure(f"tag index of {SMALL:,} new entries", caught_up, "SHA-256 of the same bytes", bare),
        Figure(f"proof of a tag among {LARGE:,}", of_large, f"among {SMALL:,}", of_small, reach=2.0),
        Figure(f"its check among {LARGE:,}", check_large, f"among {SMALL:,}", check_small, reach=2.0),
    ]


def _anew(index: TagIndex) -> None:
    index.begin_anew()
    index.catch_up()


def _hashed(entries: list[bytes]) -> None:
    for entry in entries:
        hashlib.sha256(entry).digest()


def _asked(size: int) -> list[str]:
    """Half of them are there, half are not."""
    return [f"consent:{number * size // PROOFS}{'' if number % 2 else '-absent'}" for number in range(PROOFS)]


def _prove(index: TagIndex, size: int) -> None:
    """Each from the file anew, as one question over HTTP would be."""
    for tag in _asked(size):
        with index.look() as look:
            look.prove(tag)


def _check(proofs: list[tuple[TagProof, IndexLook]]) -> None:
    for proof, look in proofs:
        verify_tag_proof(proof, look.root, look.size)


def _built(path: Path, size: int) -> SQLiteStore:
    store = SQLiteStore(path)
    writer = Writer(store)
    for start in range(0, size, BATCH):
        writer.write(list(_entries(start, min(size, start + BATCH))))
    writer.close()
    return store


def _entries(start: int, end: int) -> Iterator[Pending]:
    for number in range(start, end):
        tags = [f"consent:{number}", f"person:{number % 100}"]
        payload = b64encode(json.dumps({"type": "consent.requested.v1", "tags": tags, "body": PADDING}).encode())
        data = json.dumps({"envelope": {"payload": payload.decode()}}).encode()
        yield Pending((EntryEvent("consent.requested.v1", data, tags, f"statement-{number}"),))
