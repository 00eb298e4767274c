"""The map of the tag index in tables: taken further a batch at a time, and asked for proofs (SPEC S7.13).

Small subtrees lie in one row, a bucket; those above them are nodes. The tables are believed no more than they must be: every
row on the way from the root is hashed and compared with the slot above it, so that a damaged file gives no root and no proof,
but an error, and is built anew from the log.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.errors import LedgerError, Unavailable
from ledger.proof.merkle import HASH_BYTES
from ledger.proof.tagmap import (
    EMPTY_SUBTREE,
    halves,
    key_bits,
    record_digest,
    subtree_root,
    tag_key,
    tag_leaf,
    tag_node,
)
from ledger.proof.tagproof import TagProof
from ledger.proof.tagrecord import TaggedEntry, TypeRecord, parse_tag_types, tag_record

BUCKET_KEYS_MAX: Final = 8  # measured: with fewer, SQLite takes the time; with more, hashing whole buckets does
LOOKUP_KEYS: Final = 500  # keys in one question to SQLite, whose bound on parameters is 999 in old builds

SCHEMA = """
CREATE TABLE tag_index_part (
  way TEXT PRIMARY KEY, node INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tag_index_tag (
  key BLOB PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tag_index_root (
  root BLOB NOT NULL)
"""
"""A part is a subtree, named by the way to it ("" is the whole map): a node holds the hashes of its halves, a bucket all keys
in it with the digests of their records."""

_Bucket = dict[str, tuple[bytes, bytes]]
"""By key bits: the key, and the digest of its record."""


class TagTree:
    """One look at the map inside a transaction of the caller's. `take` writes; nothing else does."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._nodes: dict[str, list[bytes]] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._dirty: dict[int, set[str]] = defaultdict(set)
        row = db.execute("SELECT root FROM tag_index_root").fetchone()
        self.root: bytes = bytes(row[0]) if row else EMPTY_SUBTREE

    # -- further -------------------------------------------------------------------------------------------------

    def take(self, entries: Sequence[TaggedEntry]) -> bytes:
        """Counts entries in, in the log's order; returns the new root. O(tags x log tags), and a record of each in memory.

        Raises Unavailable `tag_index_damaged`.
        """
        records = self._records({tag for entry in entries for tag in entry.tags})
        before = {tag: record_digest(tag_record(tag, types)) if types else None for tag, types in records.items()}
        for entry in entries:
            for tag in entry.tags:
                types = records[tag]
                types[entry.type] = types.get(entry.type, TypeRecord()).then(entry.index, entry.leaf)
        written = {tag: tag_record(tag, types) for tag, types in records.items()}
        for tag, record in written.items():
            self._place(tag, before[tag], record_digest(record))
        rows = [(tag_key(tag), record) for tag, record in written.items()]
        self._db.executemany("INSERT OR REPLACE INTO tag_index_tag VALUES (?, ?)", rows)
        self._settle()
        return self.root

    def _records(self, tags: Iterable[str]) -> dict[str, dict[str, TypeRecord]]:
        """What the map says of them now; empty for those that are not in it."""
        keys = {tag_key(tag): tag for tag in sorted(tags)}
        found: dict[str, dict[str, TypeRecord]] = {tag: {} for tag in keys.values()}
        wanted = list(keys)
        for at in range(0, len(wanted), LOOKUP_KEYS):
            some = wanted[at : at + LOOKUP_KEYS]
            sql = f"SELECT key, record FROM tag_index_tag WHERE key IN ({', '.join('?' * len(some))})"
            found |= {keys[key]: _types(record) for key, record in self._db.execute(sql, some)}
        return found

    def _place(self, tag: str, before: bytes | None, after: bytes) -> None:
        key = tag_key(tag)
        bits = key_bits(key)
        depth, bucket = self._descend(bits)
        _require(bucket.get(bits, (key, None))[1] == before, tag)
        bucket[bits] = (key, after)
        self._dirty[depth].add(bits[:depth])
        self._divide(bits[:depth])

    def _divide(self, way: str) -> None:
        """A bucket that is full becomes a node over two buckets, of which one may be full again."""
        if len(self._buckets[way]) <= BUCKET_KEYS_MAX:
            return
        full, depth = self._buckets.pop(way), len(way)
        self._nodes[way] = [EMPTY_SUBTREE, EMPTY_SUBTREE]  # until `_settle`
        for bit in "01":
            self._buckets[way + bit] = {bits: held for bits, held in full.items() if bits[depth] == bit}
            self._dirty[depth + 1].add(way + bit)
            self._divide(way + bit)

    def _settle(self) -> None:
        """Hashes and writes what changed, from the deepest part up to the root."""
        for depth in range(max(self._dirty, default=-1), -1, -1):
            rows = []
            for way in sorted(self._dirty.pop(depth, ())):
                node = self._nodes.get(way)
                content = b"".join(node) if node else _packed(self._buckets[way])
                rows.append((way, node is not None, content))
                self._put(way, tag_node(*node) if node else _bucket_root(self._buckets[way], depth))
            self._db.executemany("INSERT OR REPLACE INTO tag_index_part VALUES (?, ?, ?)", rows)
        self._db.execute("DELETE FROM tag_index_root")
        self._db.execute("INSERT INTO tag_index_root VALUES (?)", (self.root,))

    def _put(self, way: str, value: bytes) -> None:
        if not way:
            self.root = value
            return
        self._nodes[way[:-1]][int(way[-1])] = value
        self._dirty[len(way) - 1].add(way[:-1])

    # -- asked ---------------------------------------------------------------------------------------------------

    def prove(self, tag: str) -> TagProof:
        """What the map says of the tag, with its path. O(log tags). Raises Unavailable `tag_index_damaged`."""
        key = tag_key(tag)
        bits = key_bits(key)
        depth, bucket = self._descend(bits)
        path = [self._nodes[bits[:at]][1 - int(bits[at])] for at in range(depth)]
        own = _leaves(bucket)
        while len(own) > 1:
            sides = halves(own, depth)
            own, other = sides[int(bits[depth])], sides[1 - int(bits[depth])]
            path.append(subtree_root(other, depth + 1))
            depth += 1
        ways = tuple(reversed(path))
        if not own:
            return TagProof(tag, None, None, ways)
        if own[0][0] != bits:
            return TagProof(tag, None, bucket[own[0][0]], ways)
        types = self._records([tag])[tag]
        _require(record_digest(tag_record(tag, types)) == bucket[bits][1], tag)
        return TagProof(tag, types, None, ways)

    def _descend(self, bits: str) -> tuple[int, _Bucket]:
        """The bucket in which the tag stands or would stand, and how deep it lies."""
        depth, here = 0, self.root
        while (node := self._node(bits[:depth], here)) is not None:
            here = node[int(bits[depth])]
            depth += 1
        return depth, self._buckets[bits[:depth]]

    def _node(self, way: str, value: bytes) -> list[bytes] | None:
        """The node there; None for a bucket, which is then among `_buckets`."""
        if way not in self._nodes and way not in self._buckets:
            self._load(way, value)
        return self._nodes.get(way)

    def _load(self, way: str, value: bytes) -> None:
        """A part's row, if it has the hash that the part above it says."""
        row = self._db.execute("SELECT node, content FROM tag_index_part WHERE way = ?", (way,)).fetchone()
        node, content = row or (0, b"")
        _require(len(content) % (2 * HASH_BYTES) == 0, way)
        pairs = [
            (content[at : at + HASH_BYTES], content[at + HASH_BYTES : at + 2 * HASH_BYTES])
            for at in range(0, len(content), 2 * HASH_BYTES)
        ]
        if node:
            _require(len(pairs) == 1 and tag_node(*pairs[0]) == value, way)
            self._nodes[way] = list(pairs[0])
        else:
            bucket = {key_bits(key): (key, digest) for key, digest in pairs}
            _require(_bucket_root(bucket, len(way)) == value, way)
            self._buckets[way] = bucket


def _leaves(bucket: _Bucket) -> Sequence[tuple[str, bytes]]:
    return [(bits, tag_leaf(*bucket[bits])) for bits in sorted(bucket)]


def _bucket_root(bucket: _Bucket, depth: int) -> bytes:
    return subtree_root(_leaves(bucket), depth)


def _packed(bucket: _Bucket) -> bytes:
    return b"".join(key + digest for _, (key, digest) in sorted(bucket.items()))


def _types(record: bytes) -> dict[str, TypeRecord]:
    try:
        return parse_tag_types(json.loads(record)["types"])
    except (LedgerError, ValueError, KeyError, TypeError):
        raise damaged("a record") from None


def _require(holds: bool, where: str) -> None:
    if not holds:
        raise damaged(where[:80] or "the root")


def damaged(where: str) -> Unavailable:
    """What every contradiction inside the file comes to; whoever owns the file builds it anew."""
    return Unavailable("tag_index_damaged", f"the tag index contradicts itself at {where}", "It is built anew.")
