"""Which assets have a frame near these codes? faiss, exact, in process; 256-bit codes under Hamming distance.

Copy-on-write, because faiss crashes when one thread adds while another searches (FORMATS 8): a search takes the tuple of
segments as it is, and adding never touches a segment that a search could hold. Full segments are never built again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODE_BITS, CODE_BYTES = 256, 32
SEGMENT_CODES = 65_536  # the tail is copied on every addition: 2 MB, about a millisecond
QUERY_BLOCK_CODES = 16  # codes searched at once: bounds the hits in memory when one picture is in very many assets

Codes = NDArray[np.uint8]
"""n x 32 bytes, first bit most significant."""


@dataclass(frozen=True)
class _Segment:
    """Immutable once in the tuple. `numbers[i]` is the asset that `codes[i]` belongs to; faiss holds the same pairs."""

    codes: Codes
    numbers: NDArray[np.int64]
    index: Any


class FrameIndex:
    """IndexBinaryIDMap2 over IndexBinaryFlat, whose ids are asset numbers (several codes share one). Thread-safe."""

    def __init__(self) -> None:
        self._segments: tuple[_Segment, ...] = ()
        self._adding = threading.Lock()

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return sum(len(segment.codes) for segment in self._segments)

    def add(self, codes: Codes, numbers: NDArray[np.int64]) -> None:
        """Adds n codes of n assets; searches that have begun do not see them."""
        with self._adding:
            segments = list(self._segments)
            if segments and len(segments[-1].codes) < SEGMENT_CODES:
                tail = segments.pop()
                codes, numbers = np.concatenate([tail.codes, codes]), np.concatenate([tail.numbers, numbers])
            for start in range(0, len(codes), SEGMENT_CODES):
                part = slice(start, start + SEGMENT_CODES)
                segments.append(_segment(codes[part], numbers[part]))
            self._segments = tuple(segments)

    def near(self, codes: Codes, radius: int) -> dict[int, int]:
        """{asset number: how many of the codes have a frame of it within `radius` bits}. O(codes x indexed codes)."""
        segments, votes = self._segments, dict[int, int]()
        for start in range(0, len(codes), QUERY_BLOCK_CODES):
            block = np.ascontiguousarray(codes[start : start + QUERY_BLOCK_CODES])
            pairs = [_pairs(segment, block, radius) for segment in segments]
            if not pairs:
                continue
            found, counts = np.unique(np.unique(np.concatenate(pairs), axis=0)[:, 1], return_counts=True)
            for number, count in zip(found.tolist(), counts.tolist(), strict=True):
                votes[number] = votes.get(number, 0) + count
        return votes


def _segment(codes: Codes, numbers: NDArray[np.int64]) -> _Segment:
    import faiss  # here, because most commands never index a frame and it takes a while to load

    kept, ids = np.ascontiguousarray(codes), np.ascontiguousarray(numbers)
    index = faiss.IndexBinaryIDMap2(faiss.IndexBinaryFlat(CODE_BITS))
    index.add_with_ids(kept, ids)
    return _Segment(kept, ids, index)


def _pairs(segment: _Segment, block: Codes, radius: int) -> NDArray[np.int64]:
    """(query row, asset number) of every hit. faiss's radius is exclusive, ours is not."""
    limits, _, numbers = segment.index.range_search(block, radius + 1)
    rows = np.repeat(np.arange(len(block)), np.diff(limits.astype(np.int64)))
    return np.stack([rows, numbers.astype(np.int64)], axis=1)
