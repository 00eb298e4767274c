"""The right edge of the tree, kept between commits: what the next leaves need, and the proofs of the newest ones.

The first `size` leaves are some complete subtrees side by side, the largest first (RFC 6962 section 2.1). Their roots are
all that a new leaf ever needs: one hash a leaf, whatever the log's size. What is kept here is true only for the very
size that the database says; a store makes it anew from the tiles when the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.errors import Untrusted
from ledger.proof.merkle import EMPTY_ROOT, HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, TileReader, node_hash, root_of

Node = tuple[int, int]
"""(height, number): the complete subtree over leaves number * 2**height and on."""


@dataclass(frozen=True)
class Frontier:
    """`peaks`: (height, root) of the complete subtrees, left to right; `partials`: the rightmost tile of each level."""

    size: int
    peaks: tuple[tuple[int, bytes], ...] = ()
    partials: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, size: int, tiles: TileReader) -> Frontier:
        """From the rightmost tiles of a log of that size. Raises Untrusted `tile_incomplete`."""
        peaks: list[tuple[int, bytes]] = []
        partials: list[bytes] = []
        level = 0
        while hashes := size >> (TILE_HEIGHT * level):
            number, width = divmod(hashes, TILE_WIDTH)
            content = tiles.tile(level, number)[: width * HASH_BYTES] if width else b""
            if len(content) != width * HASH_BYTES:
                raise Untrusted("tile_incomplete", f"Tile {level}/{number} has fewer than {width} hashes.", "Run fsck.")
            peaks = _peaks(content, level) + peaks
            partials.append(content)
            level += 1
        return cls(size, tuple(peaks), tuple(partials))

    def grown(self, leaf_hashes: Sequence[bytes]) -> Growth:
        """With these leaves behind it. Nothing changes here: the transaction may still fail."""
        peaks, fresh = list(self.peaks), [list[bytes]()]
        nodes = _nodes(self.size, self.peaks)
        for index, leaf in enumerate(leaf_hashes, self.size):
            height, number, node = 0, index, leaf
            nodes[0, index] = leaf
            fresh[0].append(leaf)
            while peaks and peaks[-1][0] == height:
                node = node_hash(peaks.pop()[1], node)
                height, number = height + 1, number >> 1
                nodes[height, number] = node
                if height % TILE_HEIGHT == 0:
                    if len(fresh) <= height // TILE_HEIGHT:
                        fresh.append([])
                    fresh[height // TILE_HEIGHT].append(node)
            peaks.append((height, node))
        return self._growth(peaks, fresh, nodes)

    def _growth(self, peaks: list[tuple[int, bytes]], fresh: list[list[bytes]], nodes: dict[Node, bytes]) -> Growth:
        tiles: dict[tuple[int, int], bytes] = {}
        partials = list(self.partials)
        for level, hashes in enumerate(fresh):
            known = partials[level] if level < len(partials) else b""
            number = (self.size >> (TILE_HEIGHT * level)) // TILE_WIDTH
            content, full = known + b"".join(hashes), TILE_WIDTH * HASH_BYTES
            for start in range(0, len(content), full):
                tiles[level, number + start // full] = content[start : start + full]
            rest = content[len(content) // full * full :]
            partials[level : level + 1] = [rest]
        size = self.size + len(fresh[0])
        return Growth(Frontier(size, tuple(peaks), tuple(partials)), tiles, nodes)

    @property
    def root(self) -> bytes:
        """The root of all `size` leaves."""
        return _folded(self.peaks) if self.peaks else EMPTY_ROOT


@dataclass(frozen=True)
class Growth:
    """What an append makes of a frontier: the tiles that change, whole, and every subtree that it completed."""

    frontier: Frontier
    tiles: dict[tuple[int, int], bytes]
    nodes: dict[Node, bytes] = field(repr=False)

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of a leaf that this append added, in the tree that it left."""
        size, height, proof = self.frontier.size, 0, list[bytes]()
        while 1 << height < size:
            sibling = (index >> height) ^ 1
            first = sibling << height
            if first + (1 << height) <= size:
                proof.append(self.nodes[height, sibling])
            elif first < size:
                proof.append(_folded([peak for peak in self.frontier.peaks if peak[0] < height]))
            height += 1
        return proof


def _peaks(content: bytes, level: int) -> list[tuple[int, bytes]]:
    """The complete subtrees over the hashes of a partial tile, the largest first."""
    row = [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
    found = []
    while row:
        height = len(row).bit_length() - 1
        found.append((height + level * TILE_HEIGHT, root_of(row[: 1 << height])))
        row = row[1 << height :]
    return found


def _nodes(size: int, peaks: Sequence[tuple[int, bytes]]) -> dict[Node, bytes]:
    """The complete subtrees that a log of `size` ends with, by their place."""
    nodes, first = {}, 0
    for height, root in peaks:
        nodes[height, first >> height] = root
        first += 1 << height
    return nodes


def _folded(peaks: Sequence[tuple[int, bytes]]) -> bytes:
    computed = peaks[-1][1]
    for _, root in reversed(peaks[:-1]):
        computed = node_hash(root, computed)
    return computed
