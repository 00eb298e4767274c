"""Deciding on fingerprints: from codes to copy, candidate or nothing, by a policy's measured thresholds (SPEC S16).

An asset is looked at frame by frame when enough of the query's codes lie near its own; then order in time decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from ledger.media.findings import FrameCode, VariantCode
from ledger.media.geometry import PLACES_MIN, SPEC, Transform
from projections.alignment import Chain, Frames, comparable, distances, longest_chain, nearest
from projections.database import Snapshot
from projections.index.port import CODE_BITS, CODE_BYTES, CodeIndex, Codes
from projections.matchcodes import run_of
from projections.matchpolicy import Floor, MatchPolicy, current

Decision = Literal["exact", "confirmed", "copy", "candidate", "near", "style"]
"""Surest first. `near` never leaves the search: geometry makes it `confirmed`, or it is dropped."""

CANDIDATES_ALIGNED_MAX = 100  # assets looked at frame by frame, those with most near frames first
QUERY_CODES_MAX = 600  # different codes looked up, 2 ms each in 10^6; aligning then takes every frame
SPEED_PAIRS_MIN, SPEED_SPAN_MS_MIN = 4, 1_500  # a half-second's sampling moves less than a tenth of a speed over these
OFFSETS_NAMED_MAX = 100  # pairs of instants in one answer
RANDOM_DISTANCE_BITS = CODE_BITS // 2  # where unrelated pictures lie on average: nothing in common


@dataclass(frozen=True)
class Geometry:
    """What comparing local features came to. `absent`: enough features on both sides, and no map between them."""

    state: Literal["found", "absent", "not_checked"]
    reason: str = ""
    pairs: int = 0
    transform: Transform | None = None

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"state": self.state} | ({"reason": self.reason} if self.reason else {})
        if self.pairs:
            said |= {"spec": SPEC, "threshold": PLACES_MIN, "pairs": self.pairs}
        return said if self.transform is None else said | {"transform": self.transform.as_json()}


UNASKED = Geometry("not_checked", "not_asked_for")


@dataclass(frozen=True)
class Match:
    """One known asset near the query.

    `decision`: `copy` and `candidate` come from here; `exact` is the caller's, by digest. A geometric comparison turns a
    candidate into `confirmed`, or into `style`: alike, but another picture, which decides nothing alone (`tells`). `score` is 0
    to 1: how near the matched frames are, times the larger share of half-seconds that matched. `offsets` pair instants (query,
    reference) in milliseconds; `query_ms` and `reference_ms` are the first of them. `frames_compared` counts the query's
    instants that may vote. `transform`: how the query's frames were turned for it; what the geometry found is more exact.
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
    geometry: Geometry = UNASKED

    @property
    def speed_permille(self) -> int | None:
        """How fast the query runs, 1000 as the asset: the middle of the slopes between matched instants. None for too few."""
        at = np.array(self.offsets)
        if len(at) < SPEED_PAIRS_MIN or at[-1, 0] - at[0, 0] < SPEED_SPAN_MS_MIN:
            return None
        mine, theirs = (np.subtract.outer(side, side) for side in at.T)
        return round(1000 * float(np.median(theirs[mine > 0] / mine[mine > 0])))

    @property
    def tells(self) -> bool:
        """Whether it says that something of the asset is in the query."""
        return self.decision not in ("near", "style")

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
            "speed_permille": self.speed_permille,
            "geometry": self.geometry.as_json(),
        }


_NO_CHAIN = Chain((), (), ())


def runs_of(variants: Sequence[VariantCode]) -> dict[str, list[FrameCode]]:
    """Codes to search with by how the frame was turned before hashing, each run in time order: within a run a frame may
    meet the reference in any framing, across runs it may not."""
    runs: dict[str, list[FrameCode]] = {}
    for variant in variants:
        runs.setdefault(variant.variant.partition("/")[0], []).append(variant.code)
    return {name: sorted(run, key=lambda frame: frame.t_ms) for name, run in runs.items()}


@dataclass(frozen=True)
class Asked:
    """What a run is looked for in: an index, `part` of the assets, whose frames as a whole are in `plain`. `held`: the query
    is one picture. `radius`: how far a pair may lie apart at all."""

    look: Snapshot
    index: CodeIndex
    part: str
    plain: str
    held: bool
    radius: int
    policy: MatchPolicy = field(default_factory=current)


def search_run(asked: Asked, run: Sequence[FrameCode], transform: str) -> list[Match]:
    """Assets with enough near frames in order, in one run."""
    query = voting_frames(run, asked.policy)
    if not len(query):
        return []
    ranked = ranked_near([(asked.index, query)], asked.radius, asked.policy)[:CANDIDATES_ALIGNED_MAX]
    found = [_compare(asked, number, query, transform) for number in ranked]
    return [match for match in found if match is not None]


def ranked_near(asked: Sequence[tuple[CodeIndex, Frames]], radius: int, policy: MatchPolicy) -> list[int]:
    """Numbers of the assets worth aligning: most near frames first, then the nearest. Those that have only frames beyond a
    candidate's bits come last."""
    votes, nearest = dict[int, int](), dict[int, int]()
    for index, query in asked:
        hits = index.near(_distinct(query), radius)
        for number, bits in zip(hits.ids.tolist(), hits.bits.tolist(), strict=True):
            votes[number] = votes.get(number, 0) + (bits <= policy.candidate_bits_max)
            nearest[number] = min(bits, nearest.get(number, CODE_BITS))
    return sorted(votes, key=lambda number: (-votes[number], nearest[number], number))


def _compare(asked: Asked, number: int, query: Frames, transform: str) -> Match | None:
    sql = """SELECT a.asset, b.number, max(b.frames) FROM matches_asset a JOIN matches_asset b ON b.asset = a.asset
             AND b.part = a.part AND b.algorithm = ? WHERE a.number = ? GROUP BY a.asset"""
    row = asked.look.rows(sql, (asked.plain, number))
    if not row:  # added by a newer commit than this snapshot
        return None
    asset, plain, frames = row[0]
    reference = frames_of(asked.look, number, asked.policy)
    whole = reference if plain == number else frames_of(asked.look, plain, asked.policy)
    held = holds_one_picture(whole, asked.policy)
    floors = asked.policy.floors(still=frames == 1, held=asked.held or held)
    return compared(asset, query, reference, floors, transform, asked.radius, asked.policy)


def holds_one_picture(whole: Frames, policy: MatchPolicy) -> bool:
    """Whether these frames of one file, as a whole, are a still, in a clip or by itself: one of them says all that there is."""
    if whole.left_out or not len(whole):
        return False
    return int(distances(whole.thinned(1), whole).max()) <= policy.held_bits_max


def compared(
    asset: str,
    query: Frames,
    reference: Frames,
    floors: Sequence[Floor],
    transform: str,
    radius: int,
    policy: MatchPolicy,
) -> Match | None:
    """Aligns a query with one asset's frames. None when too little of either matches in order; for geometry to look at, where
    the policy says so, enough of the query's half-seconds may also lie near any frame: it may have been filmed between two."""
    if not (len(query) and len(reference)):
        return None
    mine, theirs = comparable(query, reference)
    between = distances(mine, theirs)
    for floor in floors:
        for decision, bits in _levels(policy):
            chain = longest_chain(between, bits) if bits <= radius else _NO_CHAIN
            share = len(chain) / min(len(mine), len(theirs))
            if floor.reached(len(chain), share):
                return _match(asset, decision, share, chain, mine, theirs, transform)
        chain = nearest(between, policy.near_bits_max) if radius >= policy.near_bits_max else _NO_CHAIN
        if Floor(floor.frames, policy.near_unordered_permille).reached(len(chain), len(chain) / len(mine)):
            return _match(asset, "near", len(chain) / len(mine), chain, mine, theirs, transform)
    return None


def _levels(policy: MatchPolicy) -> tuple[tuple[Decision, int], ...]:
    levels = (policy.copy_bits_max, policy.candidate_bits_max, policy.near_bits_max)
    return tuple(zip(("copy", "candidate", "near"), levels, strict=True))


def _match(
    asset: str, decision: Decision, share: float, chain: Chain, mine: Frames, theirs: Frames, transform: str
) -> Match:
    median, asked, known = int(np.median(chain.distances)), mine.instants, theirs.instants
    pairs = zip(chain.query, chain.reference, strict=True)
    offsets = tuple((int(asked[i]), int(known[j])) for i, j in pairs)
    score = max(0.0, 1 - median / RANDOM_DISTANCE_BITS) * min(1.0, share)
    named = offsets[:OFFSETS_NAMED_MAX]
    return Match(asset, decision, score, median, named, len(chain), len(mine), *offsets[0], transform)


def rank(match: Match) -> tuple[object, ...]:
    """Best first: surer decisions, higher scores, more frames; then a fixed order."""
    sureness = get_args(Decision).index(match.decision)
    return (sureness, -match.score, -match.frames_matched, match.asset_sha256, match.transform)


def voting_frames(run: Sequence[FrameCode], policy: MatchPolicy) -> Frames:
    """The frames that may vote: those that are not too plain."""
    voting = [frame for frame in run if frame.quality >= policy.quality_min]
    codes = np.frombuffer(bytes.fromhex("".join(frame.pdq for frame in voting)), dtype=np.uint8).reshape(-1, CODE_BYTES)
    return Frames(np.array([frame.t_ms for frame in voting], dtype=np.int64), codes, len(run) - len(voting))


def frames_of(look: Snapshot, number: int, policy: MatchPolicy) -> Frames:
    """The same of a stored run."""
    return Frames(*run_of(look, number, policy.quality_min))


def _distinct(query: Frames) -> Codes:
    """Different codes only: a held picture asks once."""
    codes: Codes = np.unique(query.codes, axis=0)
    if len(codes) > QUERY_CODES_MAX:
        codes = codes[np.linspace(0, len(codes) - 1, QUERY_CODES_MAX).round().astype(np.int64)]
    return codes
