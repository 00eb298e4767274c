"""The tag index written a second time, as naively as SPEC S7.12 and S7.13 say it: sorted keys, one recursion, no tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import rfc8785

from ledger.proof.tagrecord import TaggedEntry

ZERO = bytes(32)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def entry(index: int, wire_type: str, *tags: str) -> TaggedEntry:
    """An entry that the index can take; its leaf hash is of its index."""
    return TaggedEntry(index, sha256(b"leaf %d" % index), wire_type, tags)


def naive_records(entries: Iterable[TaggedEntry]) -> dict[str, dict[str, dict[str, object]]]:
    """By tag and type, as the record's JSON has them."""
    records: dict[str, dict[str, dict[str, object]]] = {}
    for one in entries:
        for tag in one.tags:
            held = records.setdefault(tag, {}).setdefault(one.type, {"chain": ZERO.hex(), "count": 0, "last": 0})
            chain = sha256(b"\x10", bytes.fromhex(str(held["chain"])), one.index.to_bytes(8, "big"), one.leaf)
            held |= {"chain": chain.hex(), "count": int(str(held["count"])) + 1, "last": one.index}
    return records


def naive_root(entries: Iterable[TaggedEntry]) -> bytes:
    leaves = {}
    for tag, types in naive_records(entries).items():
        key = sha256(tag.encode())
        record = rfc8785.dumps({"tag": tag, "types": types})
        leaves[key] = sha256(b"\x12", key, sha256(b"\x11", record))
    return _root(sorted(leaves.items()), 0)


def _root(leaves: Sequence[tuple[bytes, bytes]], depth: int) -> bytes:
    if not leaves:
        return ZERO
    if len(leaves) == 1:
        return leaves[0][1]
    right = [leaf for leaf in leaves if leaf[0][depth // 8] >> (7 - depth % 8) & 1]
    left = [leaf for leaf in leaves if leaf not in right]
    return sha256(b"\x13", _root(left, depth + 1), _root(right, depth + 1))
