"""The index in memory: faiss segments, copied on write, so that searching never meets adding (FORMATS 8).

A search takes the tuple of segments as it is. The tail is small and copied on every addition; full tails are merged into
large segments, which nobody touches any more. Scanning in batches is what a clip needs (1.7 ms a code at 10^6), and is
complete. `hashed=True` lays a MultiHash over every large segment: a lone code within 31 bits is found in 2 ms where a scan
takes 28, for ten times the memory; wider radii scan as before (ADR 030).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from projections.index.port import Codes, Hits, Ids, Place, joined
from projections.index.segments import Segment, build

TAIL_CODES = 65_536  # copied on every addition: 2 MB, about a millisecond
LARGE_CODES = 1_048_576  # merged once, 32 MB: few segments are quicker to scan than many
QUERY_BLOCK_CODES = 64  # codes searched at once: a core's cache, and a bound on the hits that are in memory
REWRITTEN_SHARE = 4  # a segment whose every fourth code was removed is built again


class MemoryIndex:
    """A `CodeIndex`. Adding and removing wait for each other; nobody who searches waits."""

    def __init__(self, *, hashed: bool = False, tail: int = TAIL_CODES, large: int = LARGE_CODES) -> None:
        self._hashed, self._tail, self._large = hashed, tail, large
        self._segments: tuple[Segment, ...] = ()
        self._changing, self._followed = threading.Lock(), threading.Lock()
        self._place = Place()

    @property
    def count(self) -> int:
        return sum(segment.alive for segment in self._segments)

    @property
    def held(self) -> int:
        """Codes in memory, removed ones that nobody forgot yet included."""
        return sum(len(segment) for segment in self._segments)

    def add(self, codes: Codes, ids: Ids) -> None:
        """Searches that have begun do not see them."""
        with self._changing:
            segments = list(self._segments)
            if segments and len(segments[-1]) < self._tail:
                (old, owners) = segments.pop().living()
                codes, ids = np.concatenate([old, codes]), np.concatenate([owners, ids])
            segments += self._cut(codes, ids)
            self._segments = tuple(self._merged(segments))

    def _cut(self, codes: Codes, ids: Ids) -> list[Segment]:
        """Large pieces first, then full tails, then the rest."""
        parts, start = [], 0
        while start < len(codes):
            left = len(codes) - start
            size = self._large if left >= self._large else min(left, self._tail)
            piece = slice(start, start + size)
            parts.append(build(codes[piece], ids[piece], hashed=self._hashed and size == self._large))
            start += size
        return parts

    def _merged(self, segments: list[Segment]) -> list[Segment]:
        """As soon as full tails make up a large segment, they become one."""
        small = [n for n, one in enumerate(segments) if self._tail <= len(one) < self._large]
        if sum(len(segments[n]) for n in small) < self._large:
            return segments
        pairs = [segments[n].living() for n in small]
        codes, ids = np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])
        kept = [one for n, one in enumerate(segments) if n not in small]
        return [build(codes, ids, hashed=self._hashed), *kept]

    def remove(self, ids: Iterable[int]) -> int:
        wanted = np.unique(np.fromiter(ids, dtype=np.int64))
        if not len(wanted):  # looking would read every id
            return 0
        with self._changing:
            before = self.count
            hidden = [one.without(wanted) for one in self._segments]
            self._segments = tuple(filter(len, (self._rewritten(one) if _is_hollow(one) else one for one in hidden)))
            return before - self.count

    def forget(self) -> None:
        """Searches in flight keep the old segments until they end."""
        with self._changing:
            told = (one if one.dead is None else self._rewritten(one) for one in self._segments)
            self._segments = tuple(filter(len, told))

    def _rewritten(self, segment: Segment) -> Segment:
        return build(*segment.living(), hashed=segment.hashed is not None)

    def near(self, codes: Codes, radius: int) -> Hits:
        """O(queries x codes) for a scan."""
        segments, found = self._segments, list[Hits]()
        for start in range(0, len(codes), QUERY_BLOCK_CODES):
            block = np.ascontiguousarray(codes[start : start + QUERY_BLOCK_CODES])
            hits = joined(segment.near(block, radius) for segment in segments)
            found.append(Hits(hits.rows + start, hits.ids, hits.bits))
        return joined(found)

    @contextmanager
    def following(self) -> Iterator[Place]:
        with self._followed:
            yield self._place

    def clear(self) -> None:
        with self._changing:
            self._segments = ()

    def close(self) -> None:
        """Nothing to give back."""


def _is_hollow(segment: Segment) -> bool:
    return segment.dead is not None and (len(segment) - segment.alive) * REWRITTEN_SHARE >= len(segment)
