"""Deciding on sound: from stretches that line up to copy, candidate or nothing, by rates of wrong bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.media.soundprint import STEP_US
from projections.sound_alignment import ERROR_PERMILLE_MAX, LONG_ITEMS, Stretch

PLAIN_PERMILLE = 1000
COPY_ERROR_PERMILLE_MAX = (
    125  # low-rate coding, noise and crops stay below; two synthetic voices with one text lie at 180
)
STRETCHES_NAMED_MAX = 100  # in one answer
_RANDOM_PERMILLE = 500  # where unrelated sounds lie: nothing in common


@dataclass(frozen=True)
class SoundMatch:
    """One known asset that holds the sound, or some seconds of it.

    `stretches` are (query, reference, length) in milliseconds: where each begins on both sides, to within a second because a
    sub-fingerprint looks 2.6 s ahead, and how long it lasts at least. `score` is 0 to 1: how few bits are wrong, times the
    larger share of either side that matched. `speed_permille` is how fast the query runs, its pitch with it; 1000 as it was.
    """

    asset_sha256: str
    decision: Literal["copy", "candidate"]
    score: float
    error_permille: int
    speed_permille: int
    matched_ms: int
    stretches: tuple[tuple[int, int, int], ...]
    algorithm: str

    @property
    def query_ms(self) -> int:
        return self.stretches[0][0]

    @property
    def reference_ms(self) -> int:
        return self.stretches[0][1]

    def as_json(self) -> dict[str, Any]:
        """As a match of pictures says it, and what only sound has."""
        return {
            "asset_sha256": self.asset_sha256,
            "medium": "sound",
            "decision": self.decision,
            "score": round(self.score, 4),
            "error_permille": self.error_permille,
            "threshold_permille": COPY_ERROR_PERMILLE_MAX if self.decision == "copy" else ERROR_PERMILLE_MAX,
            "offsets": [[query, reference] for query, reference, _ in self.stretches],
            "stretches": [list(one) for one in self.stretches],
            "matched_ms": self.matched_ms,
            "query_ms": self.query_ms,
            "reference_ms": self.reference_ms,
            "speed_permille": self.speed_permille,
            "transform": "plain" if self.speed_permille == PLAIN_PERMILLE else "speed",
            "algorithm": self.algorithm,
        }


def sound_match(
    asset: str, algorithm: str, speed: int, query_items: int, reference_items: int, found: Sequence[Stretch]
) -> SoundMatch | None:
    """None where nothing lines up."""
    if not found:
        return None
    items, errors = sum(one.items for one in found), sum(one.errors for one in found)
    wrong = round(1000 * errors / (32 * items))
    surely = wrong <= COPY_ERROR_PERMILLE_MAX and items >= LONG_ITEMS
    share = min(1.0, items / min(query_items, reference_items))
    score = max(0.0, 1 - wrong / _RANDOM_PERMILLE) * share
    named = tuple(
        (_query_ms(one.query, speed), _ms(one.reference), _query_ms(one.items, speed))
        for one in found[:STRETCHES_NAMED_MAX]
    )
    length = _query_ms(items, speed)
    return SoundMatch(asset, "copy" if surely else "candidate", score, wrong, speed, length, named, algorithm)


def rank(match: SoundMatch) -> tuple[object, ...]:
    """Best first: copies, higher scores, longer matches; then a fixed order."""
    return (match.decision != "copy", -match.score, -match.matched_ms, match.asset_sha256, match.speed_permille)


def _ms(items: int) -> int:
    return round(items * STEP_US / 1000)


def _query_ms(items: int, speed: int) -> int:
    """What runs too fast takes less time."""
    return round(items * STEP_US / speed)
