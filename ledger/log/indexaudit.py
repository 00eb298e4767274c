"""The roots that a published log names for its tag index, computed again from the entries that it publishes (SPEC S7.16).

What the operator's own machine keeps of the index is not asked: whoever holds the bundles of a log convicts a false root with
them, and with nothing else. Memory: about 1 KB a tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ledger.errors import Misuse, Untrusted
from ledger.log.published import Published
from ledger.proof.completeness import INDEXED_TYPE, NamedRoot
from ledger.proof.logentry import LogEntry
from ledger.proof.merkle import TILE_WIDTH
from ledger.proof.tagmap import EMPTY_SUBTREE, key_bits, record_digest, tag_key, tag_leaf, tag_node
from ledger.proof.tagrecord import TaggedEntry, TypeRecord, tag_record
from ledger.proof.tiles import bundles_of, unbundled


@dataclass(frozen=True)
class IndexReport:
    """How many roots the log names, all of them right, and the largest size that one of them is of (0: none is named)."""

    roots: int
    indexed_to: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def audit_named_roots(published: Published, size: int) -> IndexReport:
    """Every root in the first `size` entries, whose bundles are known to be the log's (`audit_published`).

    Raises Untrusted `index_root_false`, `index_malformed`, `entry_malformed`; Misuse `entries_not_published`.
    """
    named = [NamedRoot.of(LogEntry.parse(*one)) for one in _entries(published, size) if _names_root(*one)]
    sizes = {one.size for one in named}
    roots, trie = {}, TagTrie()
    for index, raw in islice(_entries(published, size), max(sizes, default=0)):
        trie.take(TaggedEntry.read(index, raw))
        if index + 1 in sizes:
            roots[index + 1] = trie.root()
    for one in named:
        if (right := roots[one.size]) != one.root:
            what = f"entry {one.index} names {one.root.hex()} for the first {one.size} entries; {right.hex()} is right"
            raise Untrusted("index_root_false", what, "Keep this copy of the log: it shows what its operator signed.")
    return IndexReport(len(named), max(sizes, default=0))


def _entries(published: Published, size: int) -> Iterator[tuple[int, bytes]]:
    for name in bundles_of(size):
        content = published.read(name.path)
        if content is None:
            raise Misuse("entries_not_published", f"{name.path} is not there: only hashes are", "Ask for the entries.")
        for place, raw in enumerate(unbundled(content)):
            yield name.number * TILE_WIDTH + place, raw


def _names_root(index: int, raw: bytes) -> bool:
    try:
        return TaggedEntry.read(index, raw).type == INDEXED_TYPE
    except Untrusted:
        return False  # no statement; a root named over it will say so


class _Leaf:
    __slots__ = ("bits", "hash")

    def __init__(self, bits: str, leaf: bytes) -> None:
        self.bits, self.hash = bits, leaf


class _Node:
    """`hash` is None while something under it has changed."""

    __slots__ = ("hash", "sides")

    def __init__(self) -> None:
        self.sides: list[_Node | _Leaf | None] = [None, None]
        self.hash: bytes | None = None


class TagTrie:
    """The map of S7.13 in memory, taken further entry by entry."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, TypeRecord]] = {}
        self._changed: set[str] = set()
        self._top = _Node()  # its left side is the whole map, so that even that has a place to lie in

    def take(self, entry: TaggedEntry) -> None:
        for tag in entry.tags:
            types = self._types.setdefault(tag, {})
            types[entry.type] = types.get(entry.type, TypeRecord()).then(entry.index, entry.leaf)
            self._changed.add(tag)

    def root(self) -> bytes:
        """Of all that was taken. Costs what has changed since it was asked last."""
        for tag in self._changed:
            key = tag_key(tag)
            self._put(key_bits(key), tag_leaf(key, record_digest(tag_record(tag, self._types[tag]))))
        self._changed.clear()
        return _hashed(self._top.sides[0])

    def _put(self, bits: str, leaf: bytes) -> None:
        parent, side, depth = self._top, 0, 0
        while isinstance(node := parent.sides[side], _Node):
            node.hash = None
            parent, side, depth = node, int(bits[depth]), depth + 1
        if node is None or node.bits == bits:
            parent.sides[side] = _Leaf(bits, leaf)
            return
        while True:  # two keys in one place: as many nodes as they have bits in common from here on
            below = _Node()
            parent.sides[side] = below
            ours, theirs = int(bits[depth]), int(node.bits[depth])
            if ours != theirs:
                below.sides[ours], below.sides[theirs] = _Leaf(bits, leaf), node
                return
            parent, side, depth = below, ours, depth + 1


def _hashed(node: _Node | _Leaf | None) -> bytes:
    if node is None:
        return EMPTY_SUBTREE
    if isinstance(node, _Node) and node.hash is None:
        node.hash = tag_node(_hashed(node.sides[0]), _hashed(node.sides[1]))
    return node.hash or b""
