"""Do two runs of frames show the same thing in the same order? Pure: codes and times in, matched pairs out.

The longest chain of frame pairs that are near and go forward in both (a longest common subsequence under a radius): it
stands trims, inserted shots, other frame rates and a changed speed, and a still picture held for a minute counts each
frame once, however many of the other side look like it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHAIN_FRAMES_MAX = 2_400  # a side, as many as an examination samples; 0.2 s and 35 MB for two such clips


@dataclass(frozen=True)
class Frames:
    """Frames that may vote, in time order: n instants in milliseconds and n x 32 bytes of code."""

    t_ms: NDArray[np.int64]
    codes: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.t_ms)

    def thinned(self) -> Frames:
        """At most CHAIN_FRAMES_MAX of them, evenly."""
        if len(self) <= CHAIN_FRAMES_MAX:
            return self
        rows = np.linspace(0, len(self) - 1, CHAIN_FRAMES_MAX).round().astype(np.int64)
        return Frames(self.t_ms[rows], self.codes[rows])


@dataclass(frozen=True)
class Chain:
    """Matched frames in order: rows of the query, rows of the reference, and the bits between them."""

    query: tuple[int, ...]
    reference: tuple[int, ...]
    distances: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.distances)


def distances(query: Frames, reference: Frames) -> NDArray[np.int16]:
    """Hamming distance of every pair, n x m; a row at a time, so that memory stays at the answer's size."""
    mine, theirs = query.codes.view(np.uint64), reference.codes.view(np.uint64)
    between = np.empty((len(query), len(reference)), dtype=np.int16)
    for row, code in enumerate(mine):
        between[row] = np.bitwise_count(theirs ^ code).sum(axis=1)
    return between


def longest_chain(between: NDArray[np.int16], radius: int) -> Chain:
    """The longest chain within `radius` bits. O(n x m)."""
    lengths = _lengths(between <= radius)
    row, column = between.shape
    found: list[tuple[int, int]] = []
    while row and column:
        if lengths[row, column] == lengths[row - 1, column]:
            row -= 1
        elif lengths[row, column] == lengths[row, column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            found.append((row, column))
    found.reverse()
    return Chain(tuple(i for i, _ in found), tuple(j for _, j in found), tuple(int(between[i, j]) for i, j in found))


def _lengths(near: NDArray[np.bool_]) -> NDArray[np.int32]:
    """lengths[i, j]: the longest chain among the first i and the first j frames."""
    lengths = np.zeros((near.shape[0] + 1, near.shape[1] + 1), dtype=np.int32)
    for row, hits in enumerate(near):
        above = lengths[row]
        lengths[row + 1, 1:] = np.maximum.accumulate(np.maximum(above[1:], above[:-1] + hits))
    return lengths
