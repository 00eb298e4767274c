"""Deciding on fingerprints: from codes to copy, candidate or nothing, by the measured policy of FORMATS 8.

An asset is looked at frame by frame when enough of the query's codes lie near its own; then order in time decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ledger.media.findings import FrameCode, VariantCode
from projections.alignment import Chain, Frames, distances, longest_chain
from projections.database import Snapshot
from projections.index.port import CODE_BITS, CODE_BYTES, CodeIndex, Codes

Decision = Literal["exact", "copy", "candidate", "confirmed"]

COPY_DISTANCE_BITS_MAX = 31  # PDQ's own advice for the same picture; FORMATS 8: no false video in 990 wrong pairs
CANDIDATE_DISTANCE_BITS_MAX = 60  # FORMATS 8, measured there with no false video either; a person or geometry decides
FRAMES_MATCHED_MIN = 2  # a clip is not known by one frame: title cards and black are in many
FRAMES_SHARE_MIN = 0.3  # of one side's voting frames (FORMATS 8): an excerpt, or a clip built around one
QUALITY_MIN = 50  # PDQ's own advice: below it a frame is too plain to tell anything
CANDIDATES_ALIGNED_MAX = 100  # assets looked at frame by frame, those with most near frames first
QUERY_CODES_MAX = 600  # different codes looked up, 2 ms each in 10^6; aligning then takes every frame
OFFSETS_NAMED_MAX = 100  # pairs of instants in one answer
RANDOM_DISTANCE_BITS = CODE_BITS // 2  # where unrelated pictures lie on average: nothing in common


@dataclass(frozen=True)
class Match:
    """One known asset near the query.

    `decision`: `copy` and `candidate` come from here; `exact` is the caller's, by digest; `confirmed` needs a geometric
    comparison of the pictures, which is not built yet, so nothing produces it. `score` is 0 to 1: how near the matched
    frames are, times the larger share of voting frames that matched. `offsets` pair instants (query, reference) in
    milliseconds; `query_ms` and `reference_ms` are the first of them. `frames_compared` counts the query's voting frames.
    """

    asset_sha256: str
    decision: Decision
    score: float
    distance_median: int
    offsets: tuple[tuple[int, int], ...]
    frames_matched: int
    frames_compared: int
    query_ms: int
    reference_ms: int
    transform: str = "plain"

    def as_json(self) -> dict[str, Any]:
        return {
            "asset_sha256": self.asset_sha256,
            "decision": self.decision,
            "score": round(self.score, 4),
            "distance_median": self.distance_median,
            "offsets": [list(pair) for pair in self.offsets],
            "frames_matched": self.frames_matched,
            "frames_compared": self.frames_compared,
            "query_ms": self.query_ms,
            "reference_ms": self.reference_ms,
            "transform": self.transform,
        }


def runs_of(frames: Sequence[FrameCode], variants: Sequence[VariantCode]) -> dict[str, list[FrameCode]]:
    """The frames by how they were transformed before hashing, each run in time order."""
    runs: dict[str, list[FrameCode]] = {"plain": list(frames)}
    for variant in variants:
        if variant.variant != "plain":
            runs.setdefault(variant.variant, []).append(variant.code)
    return {name: sorted(run, key=lambda frame: frame.t_ms) for name, run in runs.items()}


def search_run(look: Snapshot, index: CodeIndex, run: Sequence[FrameCode], transform: str) -> list[Match]:
    voting = [frame for frame in run if frame.quality >= QUALITY_MIN]
    if not voting:
        return []
    query = _frames([(frame.t_ms, bytes.fromhex(frame.pdq)) for frame in voting])
    votes = index.near(_distinct(query), CANDIDATE_DISTANCE_BITS_MAX).votes()
    ranked = sorted(votes, key=lambda number: (-votes[number], number))[:CANDIDATES_ALIGNED_MAX]
    found = [_compare(look, number, query, len(run) == 1, transform) for number in ranked]
    return [match for match in found if match is not None]


def _compare(look: Snapshot, number: int, query: Frames, query_is_still: bool, transform: str) -> Match | None:
    """Aligns the query with one asset. None when too little of either matches in order."""
    row = look.rows("SELECT asset, frames FROM matches_asset WHERE number = ?", (number,))
    if not row:  # added by a newer commit than this snapshot
        return None
    sql = "SELECT t_ms, pdq FROM matches_frame WHERE number = ? AND quality >= ? ORDER BY frame"
    reference = _frames(look.rows(sql, (number, QUALITY_MIN))).thinned()
    mine = query.thinned()
    between = distances(mine, reference)
    enough = 1 if query_is_still or row[0][1] == 1 else FRAMES_MATCHED_MIN
    for decision, radius in _LEVELS:
        chain = longest_chain(between, radius)
        share = len(chain) / min(len(mine), len(reference))
        if len(chain) >= enough and share >= FRAMES_SHARE_MIN:
            return _match(row[0][0], decision, share, chain, mine, reference, transform)
    return None


_LEVELS: tuple[tuple[Decision, int], ...] = (
    ("copy", COPY_DISTANCE_BITS_MAX),
    ("candidate", CANDIDATE_DISTANCE_BITS_MAX),
)


def _match(
    asset: str, decision: Decision, share: float, chain: Chain, mine: Frames, theirs: Frames, transform: str
) -> Match:
    median = int(np.median(chain.distances))
    pairs = zip(chain.query, chain.reference, strict=True)
    offsets = tuple((int(mine.t_ms[i]), int(theirs.t_ms[j])) for i, j in pairs)
    score = max(0.0, 1 - median / RANDOM_DISTANCE_BITS) * min(1.0, share)
    named = offsets[:OFFSETS_NAMED_MAX]
    return Match(asset, decision, score, median, named, len(chain), len(mine), *offsets[0], transform)


def rank(match: Match) -> tuple[object, ...]:
    """Best first: surer decisions, higher scores, more frames; then a fixed order."""
    sureness = ("exact", "confirmed", "copy", "candidate").index(match.decision)
    return (sureness, -match.score, -match.frames_matched, match.asset_sha256, match.transform)


def _frames(rows: Sequence[tuple[Any, ...]]) -> Frames:
    codes = np.frombuffer(b"".join(pdq for _, pdq in rows), dtype=np.uint8).reshape(-1, CODE_BYTES)
    return Frames(np.array([t_ms for t_ms, _ in rows], dtype=np.int64), codes)


def _distinct(query: Frames) -> Codes:
    """Different codes only: a held picture asks once."""
    codes: Codes = np.unique(query.codes, axis=0)
    if len(codes) > QUERY_CODES_MAX:
        codes = codes[np.linspace(0, len(codes) - 1, QUERY_CODES_MAX).round().astype(np.int64)]
    return codes
