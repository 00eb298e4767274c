"""Do two runs of frames show the same thing in the same order? Pure: codes and times in, matched pairs out.

The longest chain of frame pairs that are near and go forward in both (a longest common subsequence under a radius): it
stands trims, inserted shots, other frame rates and a changed speed, and a still picture held for a minute counts each
frame once, however many of the other side look like it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHAIN_FRAMES_MAX = 2_400  # instants a side, as many as an examination samples; 0.2 s and 35 MB for two such clips
PAIRS_MAX = (
    30_000_000  # codes compared with codes for one pair of files: half a second; longer clips are thinned for it
)


@dataclass(frozen=True)
class Frames:
    """Codes that may vote, in time order: n instants in milliseconds and n x 32 bytes. Codes of one instant are framings
    of one frame; `len` counts instants. `left_out`: codes of the same run that are too plain to vote."""

    t_ms: NDArray[np.int64]
    codes: NDArray[np.uint8]
    left_out: int = 0

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first row of each instant."""
        first = np.ones(len(self.t_ms), dtype=bool)
        first[1:] = self.t_ms[1:] != self.t_ms[:-1]
        return np.flatnonzero(first)

    @property
    def instants(self) -> NDArray[np.int64]:
        return self.t_ms[self.starts]

    def __len__(self) -> int:
        return len(self.starts)

    def thinned(self, instants_max: int = CHAIN_FRAMES_MAX) -> Frames:
        """At most so many instants of them, evenly, each with all its codes."""
        if len(self) <= instants_max:
            return self
        rows = np.linspace(0, len(self) - 1, instants_max).round().astype(np.int64)
        kept = np.isin(self.t_ms, self.instants[rows])
        return Frames(self.t_ms[kept], self.codes[kept])


@dataclass(frozen=True)
class Chain:
    """Matched instants in order: those of the query, those of the reference, and the bits between them."""

    query: tuple[int, ...]
    reference: tuple[int, ...]
    distances: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.distances)


def comparable(query: Frames, reference: Frames) -> tuple[Frames, Frames]:
    """Both thinned so that comparing them stays within PAIRS_MAX."""
    query, reference = query.thinned(), reference.thinned()
    pairs = len(query.t_ms) * len(reference.t_ms)
    if pairs <= PAIRS_MAX:
        return query, reference
    share = (PAIRS_MAX / pairs) ** 0.5
    return query.thinned(max(2, int(len(query) * share))), reference.thinned(max(2, int(len(reference) * share)))


def distances(query: Frames, reference: Frames) -> NDArray[np.int16]:
    """Fewest bits between every two instants, n x m; a code at a time, so that memory stays at the answer's size."""
    mine, theirs = query.codes.view(np.uint64), reference.codes.view(np.uint64)
    starts, many = reference.starts, len(reference) < len(reference.t_ms)
    between = np.full((len(query), len(reference)), 256, dtype=np.int16)
    for instant, code in zip(np.cumsum(np.isin(np.arange(len(mine)), query.starts)) - 1, mine, strict=True):
        bits = np.bitwise_count(theirs ^ code).sum(axis=1, dtype=np.int16)
        np.minimum(between[instant], np.minimum.reduceat(bits, starts) if many else bits, out=between[instant])
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


def nearest(between: NDArray[np.int16], radius: int) -> Chain:
    """The query's instants that have a frame within `radius` bits, each with its nearest, in whatever order these come."""
    best = between.argmin(axis=1)
    rows = np.flatnonzero(between[np.arange(len(between)), best] <= radius)
    return Chain(tuple(rows.tolist()), tuple(best[rows].tolist()), tuple(between[rows, best[rows]].tolist()))


def _lengths(near: NDArray[np.bool_]) -> NDArray[np.int32]:
    """lengths[i, j]: the longest chain among the first i and the first j frames."""
    lengths = np.zeros((near.shape[0] + 1, near.shape[1] + 1), dtype=np.int32)
    for row, hits in enumerate(near):
        above = lengths[row]
        lengths[row + 1, 1:] = np.maximum.accumulate(np.maximum(above[1:], above[:-1] + hits))
    return lengths
