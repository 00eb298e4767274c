"""Geometry has the last word on what is near: the same picture under some transform, or only one like it.

Compares stored local features, of the query and of the assets, so a verdict can be computed again from what is kept and no
stranger's pixels are touched here. The cost is bounded: so many assets, so many pairs of key frames each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from ledger.media.geometry import PLACES_MIN, Transform, compare
from ledger.media.local_features import Points
from projections.comparison import Decision, Geometry, Match

ASSETS_MAX = 24  # compared for one query, the likeliest first
PAIRS_MAX = 6  # of key frames for one asset; 3 ms each, mirrored included
POINTS_TELLING_MIN = 60  # on both sides, before not finding a map says that it is another picture

Features = Callable[[str], Sequence[Points] | None]
"""asset -> its key frames' features; None where none are stored."""
_DECIDED: dict[tuple[Decision, str], Decision] = {
    ("candidate", "found"): "confirmed",
    ("near", "found"): "confirmed",
    ("candidate", "absent"): "style",
}


def settle(matches: Sequence[Match], query: Sequence[Points], features: Features) -> list[Match]:
    """The matches with what geometry says of each. Those that only geometry could have kept are gone without it."""
    settled = []
    for place, match in enumerate(matches):
        said = Geometry("not_checked", "over_bound") if place >= ASSETS_MAX else _look(match, query, features)
        settled.append(
            replace(match, decision=_DECIDED.get((match.decision, said.state), match.decision), geometry=said)
        )
    return [match for match in settled if match.decision != "near"]


def _look(match: Match, query: Sequence[Points], features: Features) -> Geometry:
    if find_spec("cv2") is None:
        return Geometry("not_checked", "not_installed: pip install 'countersign[vision]'")
    if not query:
        return Geometry("not_checked", "no_features_of_the_query")
    reference = features(match.asset_sha256)
    if not reference:
        return Geometry("not_checked", "no_features_of_the_asset")
    return _compared(_pairs(match, query, reference))


def _compared(pairs: Sequence[tuple[Points, Points]]) -> Geometry:
    best: Transform | None = None
    for tried, (mine, theirs) in enumerate(pairs, 1):
        found = compare(mine, theirs)
        if found is not None and (best is None or found.places > best.places):
            best = found
        if best is not None and best.places >= 2 * PLACES_MIN:  # sure: the other pairs can only say it again
            return Geometry("found", pairs=tried, transform=best)
    if best is not None:
        return Geometry("found", pairs=len(pairs), transform=best)
    if all(min(len(mine), len(theirs)) < POINTS_TELLING_MIN for mine, theirs in pairs):
        return Geometry("not_checked", "too_few_features", len(pairs))
    return Geometry("absent", pairs=len(pairs))


def _pairs(match: Match, query: Sequence[Points], reference: Sequence[Points]) -> list[tuple[Points, Points]]:
    """Key frames that lie nearest in time, by the instants that were matched; both sides' in turn."""
    at, known = (np.array(side, dtype=np.float64) for side in zip(*match.offsets, strict=True))
    apart = [
        (abs(float(np.interp(mine.t_ms, at, known)) - theirs.t_ms) + _outside(mine.t_ms, at), i, j)
        for i, mine in enumerate(query)
        for j, theirs in enumerate(reference)
    ]
    return [(query[i], reference[j]) for _, i, j in sorted(apart)[:PAIRS_MAX]]


def _outside(t_ms: int, at: np.typing.NDArray[np.float64]) -> float:
    """How far an instant lies outside those that were matched."""
    return float(max(at[0] - t_ms, t_ms - at[-1], 0.0))
