"""Do two runs of sub-fingerprints hold the same sound? Pure: 32-bit items in, stretches that line up out.

Windows of eight items vote for a shift between the two; along each shift that enough of them name, bits are compared item
by item, and what stays under a bit-error rate for some seconds is a stretch (the measure of Haitsma and Kalker, ISMIR 2002).
Where none is, as under a voice, more bits may be wrong over more seconds: chance does less with more of them.
Silence and steady tones say the same for ever: windows of few different items do not vote and their items do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from projections.soundpolicy import SoundPolicy

Items = NDArray[np.uint32]

WINDOW_ITEMS = 8  # 8 x 32 bits are one 256-bit code of the index
WINDOW_DISTINCT_MIN = 4  # different items in a window that votes; silence has one, music and speech have seven or eight
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


def stretches(query: Items, reference: Items, policy: SoundPolicy) -> list[Stretch]:
    """Stretches of both that hold the same sound, in the query's order and without overlap in it. O(ROWS_MAX x m)."""
    shifts = _shifts(query, reference, policy)
    found = [stretch for shift in shifts for stretch in _along(query, reference, shift, policy)]
    if not found:
        found = [stretch for shift in shifts for stretch in _deep(query, reference, shift, policy)]
    kept: list[Stretch] = []
    for stretch in sorted(found, key=lambda one: (-one.items, one.error_permille)):
        if all(
            stretch.query >= other.query + other.items or other.query >= stretch.query + stretch.items for other in kept
        ):
            kept.append(stretch)
    return sorted(kept, key=lambda one: one.query)


def _shifts(query: Items, reference: Items, policy: SoundPolicy) -> list[int]:
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
        for column in usable[apart <= policy.window_bits_max]:
            shift = int(column) - int(row)
            votes[shift] = votes.get(shift, 0) + 1
    return sorted(votes, key=lambda shift: (-votes[shift], shift))[:SHIFTS_MAX]


@dataclass(frozen=True)
class _Pairs:
    """Both sides' items along one shift: wrong bits of each position from `start` on, and whether it counts."""

    start: int
    wrong: NDArray[np.int64]
    counts: NDArray[np.int64]

    def good(self, items: int, permille: int, weight_min: int) -> NDArray[np.bool_]:
        """Positions around which so many items, of which enough count, stay under the rate."""
        kernel = np.ones(items, dtype=np.int64)
        weights = np.convolve(self.counts, kernel, "same")
        errors = np.convolve(self.wrong * self.counts, kernel, "same")
        return np.asarray((weights >= weight_min) & (1000 * errors <= permille * _BITS * weights))

    def stretch(self, start: int, end: int, shift: int) -> Stretch:
        first = self.start + start
        return Stretch(first, first + shift, end - start, int(self.wrong[start:end].sum()))


def _paired(query: Items, reference: Items, shift: int) -> _Pairs:
    start, end = max(0, -shift), max(0, -shift, min(len(query), len(reference) - shift))
    mine, theirs = query[start:end], reference[start + shift : end + shift]
    counts = (_counts(mine) & _counts(theirs)).astype(np.int64)
    return _Pairs(start, np.bitwise_count(mine ^ theirs).astype(np.int64), counts)


def _along(query: Items, reference: Items, shift: int, policy: SoundPolicy) -> list[Stretch]:
    """Stretches with one shift: items whose surroundings stay under the rate, in runs."""
    pairs = _paired(query, reference, shift)
    if len(pairs.wrong) < policy.stretch_items_min:
        return []
    worst = policy.error_permille_max
    good = pairs.good(SMOOTHING_ITEMS, worst, SMOOTHING_ITEMS // 2)
    found = [pairs.stretch(*_trimmed(pairs.wrong, start, end, worst), shift) for start, end in _runs(good)]
    return [
        one
        for one in found
        if one.items >= policy.stretch_items_min
        and 1000 * one.errors <= policy.permille_max(one.items) * _BITS * one.items
    ]


def _deep(query: Items, reference: Items, shift: int, policy: SoundPolicy) -> list[Stretch]:
    """The seconds in which the sound lies under another one: around every position of them `deep_items` stay under the rate."""
    pairs, items = _paired(query, reference, shift), policy.deep_items
    if len(pairs.wrong) < items:
        return []
    half = items // 2
    good = pairs.good(items, policy.deep_error_permille_max, items * 3 // 4)
    good[:half] = good[len(good) - half + 1 :] = False  # fewer than so many lie around these
    return [pairs.stretch(start - half, end + half - 1, shift) for start, end in _runs(good)]


def _runs(good: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _trimmed(wrong: NDArray[np.int64], start: int, end: int, permille: int) -> tuple[int, int]:
    """Without the ends that only their neighbours' agreement carried."""
    agreeing = np.flatnonzero(1000 * wrong[start:end] <= permille * _BITS)
    return (start + int(agreeing[0]), start + int(agreeing[-1]) + 1) if len(agreeing) else (start, start)


def _counts(items: Items) -> NDArray[np.bool_]:
    """Which items lie in at least one window that votes."""
    covered = np.zeros(len(items), dtype=np.bool_)
    for row in np.flatnonzero(telling(items)):
        covered[row : row + WINDOW_ITEMS] = True
    return covered
