"""The two ways in which a file is compared with a reference, by stored codes: its picture and its sound (SPEC S16.2, S16.9).

Each has a policy of its own, finds who may be near on the other side, and decides on one pair. Neither knows of the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from api.services.reference_codes import features_of_reference, runs_of_reference
from api.services.services import Services
from ledger.media.findings import FRAMED_ALGORITHM
from ledger.media.local_features import Points
from projections import matchpolicy, soundpolicy
from projections.matchbook import Reference, plain_name
from projections.matches import Match, Part, Runs, pair
from projections.matchpolicy import MatchPolicy
from projections.sound_matching import SoundMatch, SoundRuns
from projections.sound_matching import pair as pair_of_sounds
from projections.soundpolicy import SoundPolicy
from schemas.statements.match import MatchDecision
from schemas.statements.reference import Way

NO_CODES, NO_PRINTS = "none", "chromaprint-none"  # the algorithms of a reference that has no codes, no sound any more


@dataclass(frozen=True)
class Near:
    """What is said of a pair: the members of `match.found.v1` that follow from the codes of both."""

    decision: str
    transform: str
    distance_median: int
    frames_matched: int
    frames_compared: int
    asset_ms: int
    reference_ms: int
    geometry: str = "not_checked"


NOT_NEAR = Near("none", "plain", 0, 0, 0, 0, 0)


class Side(Protocol):
    """What is stored of a file or of a reference, for one way. `algorithm` names its codes."""

    @property
    def algorithm(self) -> str: ...

    def only(self, algorithm: str) -> Any:
        """The same without codes in other algorithms than this one, by which a match was found."""


class Comparer(Protocol):
    """One way, under one policy. `candidates_max`: more that may be near are too many by themselves; None: they say nothing."""

    way: Way
    policy: str
    matches_max: int
    candidates_max: int | None

    def of_file(self, asset: str) -> Side: ...

    def of_reference(self, one: Reference) -> Side: ...

    def near_files(self, theirs: Any) -> Iterable[str]:
        """Digests of files, the likeliest first."""

    def near_references(self, mine: Any) -> Iterable[str]:
        """Digests of works, the likeliest first. People's pictures are in no index."""

    def pair(self, one: Reference, asset: str, mine: Any, theirs: Any) -> Near | None: ...

    def looked_through(self, algorithm: str, part: Part) -> int:
        """How many codes, or sounds: what is said as `index_codes`."""

    def false_per_billion(self, decision: str, looked_through: int) -> int: ...


@dataclass(frozen=True)
class Pictures:
    """Runs of frames' codes, and local features."""

    runs: Runs
    features: Sequence[Points]

    @property
    def algorithm(self) -> str:
        return next((name for name in self.runs if name != FRAMED_ALGORITHM), NO_CODES)

    def only(self, algorithm: str) -> Pictures:
        kept = {plain_name(algorithm), FRAMED_ALGORITHM}
        return replace(self, runs={name: runs for name, runs in self.runs.items() if name in kept})


class ByPicture:
    """A `Comparer`."""

    way: Way = "picture"

    def __init__(self, services: Services, policy: MatchPolicy) -> None:
        self._services, self._policy = services, policy
        self.policy, self.matches_max = policy.sha256, policy.flood_matches_max
        self.candidates_max: int | None = policy.flood_candidates_max

    def of_file(self, asset: str) -> Pictures:
        matches = self._services.views.matches
        return Pictures(matches.runs(asset, "own", self._policy), matches.features(asset, "own"))

    def of_reference(self, one: Reference) -> Pictures:
        runs = runs_of_reference(self._services, one, self._policy)
        return Pictures(runs, features_of_reference(self._services, one))

    def near_files(self, theirs: Pictures) -> Iterable[str]:
        return self._services.views.matches.near(theirs.runs, "own", self._policy, far=bool(theirs.features))

    def near_references(self, mine: Pictures) -> Iterable[str]:
        return self._services.views.matches.near(mine.runs, "reference", self._policy, far=bool(mine.features))

    def pair(self, one: Reference, asset: str, mine: Pictures, theirs: Pictures) -> Near | None:
        found = pair(one.reference, mine.runs, theirs.runs, self._policy, (mine.features, theirs.features))
        return None if found is None else near_of(found, same=one.media == asset)

    def looked_through(self, algorithm: str, part: Part) -> int:
        return self._services.views.matches.compared_for(plain_name(algorithm), part)

    def false_per_billion(self, decision: str, looked_through: int) -> int:
        return self._policy.false_per_billion(decision, looked_through)


@dataclass(frozen=True)
class Sounds:
    """Sub-fingerprints, of a reference at eleven speeds."""

    runs: SoundRuns

    @property
    def algorithm(self) -> str:
        return next(iter(self.runs), NO_PRINTS)

    def only(self, algorithm: str) -> Sounds:
        return Sounds({name: runs for name, runs in self.runs.items() if name == plain_name(algorithm)})


class BySound:
    """A `Comparer`. Windows are near by chance often, so who may be near says nothing; the likeliest are listened to."""

    way: Way = "sound"
    candidates_max: int | None = None

    def __init__(self, services: Services, policy: SoundPolicy) -> None:
        self._services, self._policy = services, policy
        self.policy, self.matches_max = policy.sha256, policy.flood_matches_max

    def of_file(self, asset: str) -> Sounds:
        return Sounds(self._services.views.sounds.runs(asset, "own"))

    def of_reference(self, one: Reference) -> Sounds:
        return Sounds(self._services.views.sounds.runs(one.media, "reference") if one.media else {})

    def near_files(self, theirs: Sounds) -> Iterable[str]:
        return self._services.views.sounds.near(theirs.runs, "own", self._policy)

    def near_references(self, mine: Sounds) -> Iterable[str]:
        return self._services.views.sounds.near(mine.runs, "reference", self._policy)

    def pair(self, one: Reference, asset: str, mine: Sounds, theirs: Sounds) -> Near | None:
        found = pair_of_sounds(one.reference, mine.runs, theirs.runs, self._policy)
        return None if found is None else near_of(found, same=one.media == asset)

    def looked_through(self, algorithm: str, part: Part) -> int:
        return self._services.views.sounds.count(part)

    def false_per_billion(self, decision: str, looked_through: int) -> int:
        return self._policy.false_per_billion(decision, looked_through)


def near_of(match: Match | SoundMatch, *, same: bool) -> Near:
    """`same`: both sides are the same bytes."""
    decision: MatchDecision | str = "exact" if same else match.decision
    if isinstance(match, SoundMatch):
        told = (match.transform, match.distance, match.items, match.query_items, match.query_ms, match.reference_ms)
        return Near(decision, *told)
    frames = (match.distance_median, match.frames_matched, match.frames_compared, match.query_ms, match.reference_ms)
    return Near(decision, match.transform, *frames, match.geometry.state)


def comparers(services: Services, pictures: MatchPolicy | None = None) -> tuple[Comparer, ...]:
    """Every way under the policy in force; pictures under another one where it is given."""
    return (
        ByPicture(services, pictures or matchpolicy.current()),
        BySound(services, soundpolicy.current()),
    )


def comparer_of(services: Services, way: Way, policy: str) -> Comparer:
    """The way under the policy of that digest. Raises NotFound `policy_unknown`."""
    if way == "sound":
        return BySound(services, soundpolicy.policy_of(policy))
    return ByPicture(services, matchpolicy.policy_of(policy))
