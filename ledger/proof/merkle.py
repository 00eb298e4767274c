"""The log's tree (RFC 6962 section 2), its proofs, and the tiles it is kept in (C2SP tlog-tiles).

Tile (L, N) holds, from left to right, up to 256 hashes of 32 bytes: leaf hashes at level 0, roots of full tiles of
level L-1 above. A hash in a tile never changes once written, so a tile that has grown since still serves every older
size: readers take the prefix they need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Protocol

from ledger.errors import Misuse, Untrusted

HASH_BYTES = 32  # SHA-256
TILE_HEIGHT = 8  # tree levels that a tile spans
TILE_WIDTH = 1 << TILE_HEIGHT  # hashes in a full tile
PROOF_HASHES_MAX = 63  # siblings in a tree of at most 2**63-1 leaves
EMPTY_ROOT = hashlib.sha256(b"").digest()


class TileReader(Protocol):
    """Where tiles come from: a table, a folder, a stranger's web server."""

    def tile(self, level: int, index: int) -> bytes:
        """The 1 to 256 hashes that the tile holds now, 32 bytes each, none between them."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf *hashes*, all in memory; pairs neighbours, and an odd last one moves up unchanged."""
    if not leaves:
        return EMPTY_ROOT
    sha256, row = hashlib.sha256, list(leaves)
    while len(row) > 1:  # `node_hash` of each pair, written out: a call a node is half of the time
        paired = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        row = paired + row[len(paired) * 2 :]
    return row[0]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raises Untrusted `inclusion_proof_invalid` unless leaf hash `leaf` is at `index` of the tree (`size`, `root`).

    `proof` runs from the leaf's sibling to the root's child (RFC 9162 section 2.1.3.2).
    """
    if len(root) != HASH_BYTES or root_by_inclusion(index, size, leaf, proof) != root:
        raise _inclusion_proof_invalid(index, size)


def root_by_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a tree of `size` must have if leaf hash `leaf` is at `index` and these are its siblings.

    Says nothing until that root is known from elsewhere. Raises Untrusted `inclusion_proof_invalid` for a proof of
    another length than `index` and `size` call for.
    """
    if not 0 <= index < size or not _are_hashes(leaf, *proof):
        raise _inclusion_proof_invalid(index, size)
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise _inclusion_proof_invalid(index, size)
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise _inclusion_proof_invalid(index, size)
    return computed


def root_before(index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the first `index` leaves, out of the verified inclusion proof of leaf `index`.

    The siblings to its left are the complete subtrees that these leaves fall into, the smallest first.
    """
    node, last, computed = index, size - 1, b""
    for sibling in proof:
        if node & 1 or node == last:
            computed = node_hash(sibling, computed) if computed else sibling
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    return computed or EMPTY_ROOT


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises Untrusted `consistency_proof_invalid` unless the new tree begins with every leaf of the old, in order.

    RFC 9162 section 2.1.4.2; every tree extends the empty one, with an empty proof.
    """
    if not 0 <= old_size <= new_size or not _are_hashes(old_root, new_root, *proof):
        raise _consistency_proof_invalid(old_size, new_size)
    if old_size in (0, new_size):
        if proof or (old_size == new_size and old_root != new_root) or (old_size == 0 and old_root != EMPTY_ROOT):
            raise _consistency_proof_invalid(old_size, new_size)
        return
    if _roots_by_consistency(old_size, new_size, proof, old_root) != (old_root, new_root):
        raise _consistency_proof_invalid(old_size, new_size)


def hashes_to_append(size: int, read: TileReader, leaf_hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change when `leaf_hashes` follow the first `size` leaves: {(level, index): whole new content}.

    Reads only the rightmost partial tile of each level, and only its first hashes that `size` calls for, so what an
    append that never committed left behind is overwritten. Raises Untrusted `tile_incomplete`.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, position, fresh = 0, size, list(leaf_hashes)
    while fresh:
        full_roots: list[bytes] = []
        taken = 0
        while taken < len(fresh):
            index, width = divmod(position + taken, TILE_WIDTH)
            row = _tile_hashes(read, level, index, width) + fresh[taken : taken + TILE_WIDTH - width]
            changed[level, index] = b"".join(row)
            taken += len(row) - width
            if len(row) == TILE_WIDTH:
                full_roots.append(root_of(row))
        level, position, fresh = level + 1, position // TILE_WIDTH, full_roots
    return changed


def tree_root(size: int, read: TileReader) -> bytes:
    """The root of the first `size` leaves. Reads at most one tile a level. Raises Untrusted `tile_incomplete`."""
    _check_range(size >= 0)
    return _TreeInTiles(read).root(0, size) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: TileReader) -> list[bytes]:
    """The siblings of leaf `index` in the tree of the first `size` leaves, leaf's first (RFC 6962 section 2.1.1).

    Raises Misuse `merkle_range` unless 0 <= index < size; Untrusted `tile_incomplete`.
    """
    return next(inclusion_proofs([index], size, read))


def inclusion_proofs(indices: Iterable[int], size: int, read: TileReader) -> Iterator[list[bytes]]:
    """That of each leaf, in their order. What many of them need, such as the right edge of the tree, is computed once.

    Raises as `inclusion_proof`.
    """
    tree = _TreeInTiles(read)
    known = cache(tree.root)
    for index in indices:
        _check_range(0 <= index < size)
        low, high, proof = 0, size, list[bytes]()
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                proof.append(known(middle, high))
                high = middle
            else:
                proof.append(known(low, middle))
                low = middle
        yield proof[::-1]


def consistency_proof(old: int, new: int, read: TileReader) -> list[bytes]:
    """What shows that the first `new` leaves begin with the first `old` (RFC 6962 section 2.1.2); empty for `old` 0.

    Raises Misuse `merkle_range` unless 0 <= old <= new; Untrusted `tile_incomplete`.
    """
    _check_range(0 <= old <= new)
    if old in (0, new):
        return []
    tree, low, high = _TreeInTiles(read), 0, new
    proof: list[bytes] = []
    while old < high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(tree.root(middle, high))
            high = middle
        else:
            proof.append(tree.root(low, middle))
            low = middle
    if low > 0:  # the verifier starts from the old root itself when the old tree is one complete subtree
        proof.append(tree.root(low, high))
    return proof[::-1]


class _TreeInTiles:
    """Roots of ranges of leaves; reads a tile at most once."""

    def __init__(self, read: TileReader) -> None:
        self._tile = cache(read.tile)

    def tile(self, level: int, index: int) -> bytes:
        return self._tile(level, index)

    def root(self, low: int, high: int) -> bytes:
        """The root of leaves low..high-1. `low` must be a multiple of every power of two up to the range's size."""
        peaks: list[bytes] = []
        while low < high:
            height = (high - low).bit_length() - 1
            peaks.append(self._complete_subtree(height, low >> height))
            low += 1 << height
        computed = peaks.pop()
        while peaks:
            computed = node_hash(peaks.pop(), computed)
        return computed

    def _complete_subtree(self, height: int, index: int) -> bytes:
        level, inner = divmod(height, TILE_HEIGHT)
        tile, first = divmod(index << inner, TILE_WIDTH)
        last = first + (1 << inner)
        if inner < _GROUP_HEIGHT:
            return root_of(_tile_hashes(self, level, tile, last, first))
        _tile_hashes(self, level, tile, last, last)  # it is long enough
        content = self._tile(level, tile)
        starts = range(first * HASH_BYTES, last * HASH_BYTES, _GROUP_BYTES)
        return root_of([_group_root(content[at : at + _GROUP_BYTES]) for at in starts])


_GROUP_HEIGHT = TILE_HEIGHT // 2
_GROUP_BYTES = HASH_BYTES << _GROUP_HEIGHT


@lru_cache(maxsize=32_768)  # 0.7 KB each: what every proof of half a million leaves asks for again
def _group_root(hashes: bytes) -> bytes:
    """The node over sixteen neighbours of a tile: what is under it never changes, whether the tile is full or not."""
    return root_of([hashes[at : at + HASH_BYTES] for at in range(0, _GROUP_BYTES, HASH_BYTES)])


def _tile_hashes(read: TileReader, level: int, index: int, width: int, first: int = 0) -> list[bytes]:
    """The hashes of a tile from `first` up to its first `width`."""
    content = read.tile(level, index) if width else b""
    if len(content) < width * HASH_BYTES:
        raise Untrusted("tile_incomplete", f"Tile {level}/{index} has fewer than {width} hashes.", "Run fsck.")
    return [content[at : at + HASH_BYTES] for at in range(first * HASH_BYTES, width * HASH_BYTES, HASH_BYTES)]


def _roots_by_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes] | None:
    """The old and the new root as `proof` makes them; None when it is too short or too long."""
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not path:
        return None
    from_old = from_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            from_old, from_new = node_hash(sibling, from_old), node_hash(sibling, from_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            from_new = node_hash(from_new, sibling)
        node, last = node >> 1, last >> 1
    return (from_old, from_new) if last == 0 else None


def _split(leaves: int) -> int:
    """The largest power of two smaller than `leaves`: how many leaves go left."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _are_hashes(*values: bytes) -> bool:
    return len(values) <= PROOF_HASHES_MAX + 2 and all(len(value) == HASH_BYTES for value in values)


def _check_range(holds: bool) -> None:
    if not holds:
        raise Misuse("merkle_range", "The index or size lies outside the tree.", "Ask within the log's size.")


def _inclusion_proof_invalid(index: int, size: int) -> Untrusted:
    return Untrusted("inclusion_proof_invalid", f"Nothing shows that this is entry {index} of a log of {size}.")


def _consistency_proof_invalid(old: int, new: int) -> Untrusted:
    return Untrusted("consistency_proof_invalid", f"Nothing shows that the log of {new} extends the one of {old}.")
