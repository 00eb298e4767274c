"""Do two runs of sub-fingerprints hold the same sound? Pure: 32-bit items in, stretches that line up out.

Windows of eight items vote for a shift between the two; along each shift that enough of them name, bits are compared item
by item, and what stays under a bit-error rate for some seconds is a stretch (the measure of Haitsma and Kalker, ISMIR 2002).
Silence and steady tones say the same for ever: windows of few different items do not vote and their items do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.uint32]

WINDOW_ITEMS = 8  # 8 x 32 bits are one 256-bit code of the index
WINDOW_DISTINCT_MIN = 4  # different items in a window that votes; silence has one, music and speech have seven or eight
WINDOW_BITS_MAX = 72  # of 256 for a vote; the stretch decides
ERROR_PERMILLE_MAX = 250  # wrong bits in a stretch; unrelated sounds lie near 500 and, over two seconds, above 330
STRETCH_ITEMS_MIN = 16  # two seconds of positions; with each item's own reach 4.6 s of sound
LONG_ITEMS = 32  # four seconds of positions
SHORT_ERROR_PERMILLE_MAX = 200  # of a stretch under LONG_ITEMS: chance does more with fewer bits
SMOOTHING_ITEMS = 12  # the rate is a mean over so many: one disturbed item breaks no stretch
SHIFTS_MAX = 12  # shifts looked along in a pair: an edit moves some, a residual of speed a few more
ROWS_MAX = 600  # windows of the query that vote, evenly chosen
_BITS = 32


@dataclass(frozen=True)
class Stretch:
    """`items` positions from `query` in the one and `reference` in the other, of which `errors` of 32 bits each differ."""

    query: int
    reference: int
    items: int
    errors: int

    @property
    def error_permille(self) -> int:
        return round(1000 * self.errors / (_BITS * self.items))


def windows(items: Items) -> NDArray[np.uint8]:
    """Every window of eight items as 32 bytes, n - 7 of them. Big-endian, so that hex reads as the items do."""
    if len(items) < WINDOW_ITEMS:
        return np.zeros((0, WINDOW_ITEMS * 4), dtype=np.uint8)
    rows = np.lib.stride_tricks.sliding_window_view(items, WINDOW_ITEMS)
    return np.ascontiguousarray(rows.astype(">u4")).view(np.uint8)


def telling(items: Items) -> NDArray[np.bool_]:
    """Which windows say enough to vote."""
    if len(items) < WINDOW_ITEMS:
        return np.zeros(0, dtype=np.bool_)
    rows = np.sort(np.lib.stride_tricks.sliding_window_view(items, WINDOW_ITEMS), axis=1)
    distinct: NDArray[np.bool_] = 1 + (np.diff(rows.astype(np.int64), axis=1) != 0).sum(axis=1) >= WINDOW_DISTINCT_MIN
    return distinct


def stretches(query: Items, reference: Items) -> list[Stretch]:
    """Stretches of both that hold the same sound, in the query's order and without overlap in it. O(ROWS_MAX x m)."""
    found = [stretch for shift in _shifts(query, reference) for stretch in _along(query, reference, shift)]
    kept: list[Stretch] = []
    for stretch in sorted(found, key=lambda one: (-one.items, one.error_permille)):
        if all(
            stretch.query >= other.query + other.items or other.query >= stretch.query + stretch.items for other in kept
        ):
            kept.append(stretch)
    return sorted(kept, key=lambda one: one.query)


def _shifts(query: Items, reference: Items) -> list[int]:
    """Shifts (reference minus query) that voting windows name, most votes first."""
    mine, theirs = windows(query), windows(reference)
    rows = np.flatnonzero(telling(query))
    if len(rows) > ROWS_MAX:
        rows = rows[np.linspace(0, len(rows) - 1, ROWS_MAX).round().astype(np.int64)]
    usable = np.flatnonzero(telling(reference))
    there = np.ascontiguousarray(theirs[usable]).view(np.uint64)
    votes: dict[int, int] = {}
    for row in rows:
        apart = np.bitwise_count(there ^ np.ascontiguousarray(mine[row]).view(np.uint64)).sum(axis=1)
        for column in usable[apart <= WINDOW_BITS_MAX]:
            shift = int(column) - int(row)
            votes[shift] = votes.get(shift, 0) + 1
    return sorted(votes, key=lambda shift: (-votes[shift], shift))[:SHIFTS_MAX]


def _along(query: Items, reference: Items, shift: int) -> list[Stretch]:
    """Stretches with one shift: items whose surroundings stay under the rate, in runs."""
    start, end = max(0, -shift), min(len(query), len(reference) - shift)
    if end - start < STRETCH_ITEMS_MIN:
        return []
    mine, theirs = query[start:end], reference[start + shift : end + shift]
    wrong = np.bitwise_count(mine ^ theirs).astype(np.int64)
    counts = _counts(mine) & _counts(theirs)
    weights = np.convolve(counts.astype(np.int64), np.ones(SMOOTHING_ITEMS, dtype=np.int64), "same")
    errors = np.convolve(wrong * counts, np.ones(SMOOTHING_ITEMS, dtype=np.int64), "same")
    good = (weights >= SMOOTHING_ITEMS // 2) & (1000 * errors <= ERROR_PERMILLE_MAX * _BITS * weights)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    runs = [_trimmed(wrong, int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [
        Stretch(start + a, start + a + shift, b - a, int(wrong[a:b].sum()))
        for a, b in runs
        if b - a >= STRETCH_ITEMS_MIN and 1000 * int(wrong[a:b].sum()) <= _permille_max(b - a) * _BITS * (b - a)
    ]


def _trimmed(wrong: NDArray[np.int64], start: int, end: int) -> tuple[int, int]:
    """Without the ends that only their neighbours' agreement carried."""
    agreeing = np.flatnonzero(1000 * wrong[start:end] <= ERROR_PERMILLE_MAX * _BITS)
    return (start + int(agreeing[0]), start + int(agreeing[-1]) + 1) if len(agreeing) else (start, start)


def _permille_max(items: int) -> int:
    return ERROR_PERMILLE_MAX if items >= LONG_ITEMS else SHORT_ERROR_PERMILLE_MAX


def _counts(items: Items) -> NDArray[np.bool_]:
    """Which items lie in at least one window that votes."""
    covered = np.zeros(len(items), dtype=np.bool_)
    for row in np.flatnonzero(telling(items)):
        covered[row : row + WINDOW_ITEMS] = True
    return covered
