"""Deciding on sound: from stretches that line up to copy, candidate or nothing, by a policy (SPEC S16.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.media.soundprint import STEP_US
from projections.index.port import CODE_BITS
from projections.sound_alignment import Items, Stretch, stretches
from projections.soundpolicy import SoundPolicy

PLAIN_PERMILLE = 1000
STRETCHES_NAMED_MAX = 100  # in one answer
SoundRuns = Mapping[str, Mapping[int, Items]]
"""By algorithm, what is stored of one sound: its print (PLAIN_PERMILLE) and, of a reference, those at other speeds."""
_RANDOM_PERMILLE = 500  # where unrelated sounds lie: nothing in common


@dataclass(frozen=True)
class SoundMatch:
    """One known asset that holds the sound, or some seconds of it.

    `stretches` are (query, reference, length) in milliseconds: where each begins on both sides, to within a second because a
    sub-fingerprint looks 2.6 s ahead, and how long it lasts at least. `score` is 0 to 1: how few bits are wrong, times the
    larger share of either side that matched. `speed_permille` is how fast the query runs, its pitch with it; 1000 as it was.
    `items` of the query's `query_items` sub-fingerprints line up.
    """

    asset_sha256: str
    decision: Literal["exact", "copy", "candidate"]
    score: float
    error_permille: int
    threshold_permille: int
    speed_permille: int
    matched_ms: int
    stretches: tuple[tuple[int, int, int], ...]
    algorithm: str
    items: int
    query_items: int

    @property
    def query_ms(self) -> int:
        return self.stretches[0][0]

    @property
    def reference_ms(self) -> int:
        return self.stretches[0][1]

    @property
    def transform(self) -> str:
        return "plain" if self.speed_permille == PLAIN_PERMILLE else f"speed-{self.speed_permille}"

    @property
    def distance(self) -> int:
        """Wrong bits in 256, as codes of pictures are told apart by."""
        return round(self.error_permille * CODE_BITS / 1000)

    def as_json(self) -> dict[str, Any]:
        """As a match of pictures says it, and what only sound has."""
        return {
            "asset_sha256": self.asset_sha256,
            "medium": "sound",
            "decision": self.decision,
            "score": round(self.score, 4),
            "error_permille": self.error_permille,
            "threshold_permille": self.threshold_permille,
            "offsets": [[query, reference] for query, reference, _ in self.stretches],
            "stretches": [list(one) for one in self.stretches],
            "matched_ms": self.matched_ms,
            "query_ms": self.query_ms,
            "reference_ms": self.reference_ms,
            "speed_permille": self.speed_permille,
            "transform": "plain" if self.speed_permille == PLAIN_PERMILLE else "speed",
            "algorithm": self.algorithm,
        }


@dataclass(frozen=True)
class Sides:
    """How many items the query and the known sound have, and how fast each was printed. One of them is PLAIN_PERMILLE."""

    query_items: int
    reference_items: int
    query_speed: int = PLAIN_PERMILLE
    reference_speed: int = PLAIN_PERMILLE

    @property
    def speed_permille(self) -> int:
        """How fast the query runs: what fits a reference that was slowed down runs fast itself."""
        return round(self.query_speed * PLAIN_PERMILLE / self.reference_speed)


def sound_match(
    asset: str, algorithm: str, sides: Sides, found: Sequence[Stretch], policy: SoundPolicy
) -> SoundMatch | None:
    """None where nothing lines up."""
    if not found:
        return None
    items, errors = sum(one.items for one in found), sum(one.errors for one in found)
    wrong = round(1000 * errors / (32 * items))
    surely = wrong <= policy.copy_error_permille_max and items >= policy.long_items
    share = min(1.0, items / min(sides.query_items, sides.reference_items))
    named = tuple(
        (
            _ms(one.query, sides.query_speed),
            _ms(one.reference, sides.reference_speed),
            _ms(one.items, sides.query_speed),
        )
        for one in found[:STRETCHES_NAMED_MAX]
    )
    return SoundMatch(
        asset_sha256=asset,
        decision="copy" if surely else "candidate",
        score=max(0.0, 1 - wrong / _RANDOM_PERMILLE) * share,
        error_permille=wrong,
        threshold_permille=policy.copy_error_permille_max if surely else policy.error_permille_max,
        speed_permille=sides.speed_permille,
        matched_ms=_ms(items, sides.query_speed),
        stretches=named,
        algorithm=algorithm,
        items=items,
        query_items=sides.query_items,
    )


def pair(name: str, file: SoundRuns, reference: SoundRuns, policy: SoundPolicy) -> SoundMatch | None:
    """The best match of a file's sound with that of one reference, called `name`, from the file's side; None for none."""
    found = [
        sound_match(
            name,
            algorithm,
            Sides(len(mine), len(theirs), reference_speed=speed),
            stretches(mine, theirs, policy),
            policy,
        )
        for algorithm, prints in file.items()
        for mine in [prints[PLAIN_PERMILLE]]
        for speed, theirs in reference.get(algorithm, {}).items()
    ]
    return min((match for match in found if match is not None), key=rank, default=None)


def rank(match: SoundMatch) -> tuple[object, ...]:
    """Best first: copies, higher scores, longer matches; then a fixed order."""
    return (match.decision != "copy", -match.score, -match.matched_ms, match.asset_sha256, match.speed_permille)


def _ms(items: int, speed: int) -> int:
    """What runs too fast takes less time."""
    return round(items * STEP_US / speed)
