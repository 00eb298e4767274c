"""The job of comparing files with reference media, by stored codes, each pair once: whichever came later looks (SPEC S16.2).

Brought about by whatever came: a file, a reference, another policy, codes in another algorithm. What is left to do is read from
the log's own words, so a crash between two of them leaves work and no gap: matches are said before the comparison that covers
them, and the door refuses to hear either twice. Any number of processes may do it at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from api.services.reference_codes import features_of_reference, runs_of_reference
from api.services.services import Services
from ledger.errors import Conflict, Refused, Unavailable
from ledger.media.findings import FRAMED_ALGORITHM
from ledger.media.local_features import Points
from ledger.rules.references import any_reference
from projections.matchbook import Reference, plain_name
from projections.matches import Match, Part, Runs, pair
from projections.matchpolicy import MatchPolicy, current
from schemas.base import Body, new_id
from schemas.statements.match import MatchCompared, MatchFound
from schemas.statements.reference import ReferenceSwept

_LOG = logging.getLogger("countersign.comparing")
TRIES_MAX = 8  # a boundary that moves more often than this has somebody else at work on the same file
WORK_PAGE = 100  # files asked for at once: what is left is read anew after each page
_SAID = frozenset({"match_recorded_already", "match_unchanged", "compared_already", "swept_already"})

Progress = Callable[[str], None]
Near = Mapping[tuple[str, str], Match]
"""(asset, reference) of what is near, with the match as the file sees it."""


@dataclass(frozen=True)
class Done:
    """What one run compared, and what it found to be new or changed."""

    policy: str
    references: int = 0
    files: int = 0
    matches: int = 0
    changed: int = 0
    flooded: int = 0

    def plus(self, **more: int) -> Done:
        return replace(self, **{name: getattr(self, name) + count for name, count in more.items()})

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def compare_all(services: Services, progress: Progress = lambda text: None, policy: MatchPolicy | None = None) -> Done:
    """Does all that is left, references first: of those there are few, and each is one search. Raises Unavailable."""
    policy = policy or current()
    done = Done(policy.sha256)
    services.views.catch_up()
    book = services.views.matchbook
    while left := book.references_left(policy.sha256, WORK_PAGE):
        for one in left:
            done = _sweep(services, one, policy, done)
            progress(f"references {done.references}")
        services.views.catch_up()
    while files := book.files_left(policy.sha256, WORK_PAGE):
        for asset, algorithm in files:
            done = _compare(services, asset, algorithm, policy, done)
            progress(f"files {done.files}")
        services.views.catch_up()
    return done


def compare_files(services: Services, assets: Iterable[str]) -> None:
    """These files now, ahead of their turn: before one is decided on, or just after it came.

    Where the views can't be asked nothing is said: the file stays `not_checked`, and the job comes back to it.
    """
    if any_reference(services.ledger.history()) is None:
        return
    try:
        _compare_now(services, assets)
    except Unavailable as error:
        _LOG.warning("files were not compared yet: %s", error.code)


def _compare_now(services: Services, assets: Iterable[str]) -> None:
    policy = current()
    services.views.catch_up()
    book = services.views.matchbook
    for asset in dict.fromkeys(assets):
        for algorithm in book.algorithms_of(asset):
            if not book.compared(asset, policy.sha256, algorithm):
                _compare(services, asset, algorithm, policy, Done(policy.sha256))


# -- one side against the other ------------------------------------------------------------------------------------------


def _sweep(services: Services, one: Reference, policy: MatchPolicy, done: Done) -> Done:
    """One reference against every file that was here before it."""
    views, book = services.views, services.views.matchbook
    theirs = _Side(runs_of_reference(services, one, policy), features_of_reference(services, one))
    algorithm = next((name for name in theirs.runs if name != FRAMED_ALGORITHM), "none")
    nearest = views.matches.near(theirs.runs, "own", policy, far=bool(theirs.features))
    near = list(
        islice((name for name in nearest if book.came(name, algorithm) < one.index), policy.flood_candidates_max + 1)
    )
    found: dict[tuple[str, str], Match] = {}
    for asset in near[: policy.flood_candidates_max]:
        if match := _near(one, asset, _side_of(services, asset, policy), theirs, policy):
            found[asset, one.reference] = match
    flooded = _is_flood(len(near), len(found), policy)
    changed = 0 if flooded else _say(services, found, algorithm, policy, "own", _earlier(services, one, algorithm))
    body = ReferenceSwept(
        reference=one.reference,
        as_of=one.index,
        policy=policy.sha256,
        algorithm=algorithm,
        files=book.files_before(one.index, algorithm),
        found=len(near) if flooded else len(found),
        changed=changed,
        flooded=flooded,
    )
    _said(services, body)
    return done.plus(references=1, matches=0 if flooded else len(found), changed=changed, flooded=int(flooded))


def _compare(services: Services, asset: str, algorithm: str, policy: MatchPolicy, done: Done) -> Done:
    """One file against every reference that was here before it and stands."""
    views, book = services.views, services.views.matchbook
    mine, came = _side_of(services, asset, policy), book.came(asset, algorithm)
    standing = (
        one
        for media in views.matches.near(mine.runs, "reference", policy, far=bool(mine.features))
        for one in book.references(media=media)
        if one.standing and one.index < came
    )
    near = list(islice(standing, policy.flood_candidates_max + 1))
    found: dict[tuple[str, str], Match] = {}
    for one in [*near[: policy.flood_candidates_max], *(one for one in book.likenesses() if one.index < came)]:
        theirs = _Side(runs_of_reference(services, one, policy), features_of_reference(services, one))
        if match := _near(one, asset, mine, theirs, policy):
            found[asset, one.reference] = match
    flooded = _is_flood(len(near), len(found), policy)
    earlier = {(asset, one.reference) for one in _standing_matches(services, asset) if one.index < came}
    changed = 0 if flooded else _say(services, found, algorithm, policy, "reference", earlier)
    body = MatchCompared(
        asset=asset,
        as_of=came,
        policy=policy.sha256,
        algorithm=algorithm,
        references=book.standing_before(came),
        found=len(near) if flooded else len(found),
        changed=changed,
        flooded=flooded,
    )
    _said(services, body)
    return done.plus(files=1, matches=0 if flooded else len(found), changed=changed, flooded=int(flooded))


@dataclass(frozen=True)
class _Side:
    """What is stored of a file or a reference."""

    runs: Runs
    features: Sequence[Points]


def _side_of(services: Services, asset: str, policy: MatchPolicy) -> _Side:
    matches = services.views.matches
    return _Side(matches.runs(asset, "own", policy), matches.features(asset, "own"))


def _near(one: Reference, asset: str, mine: _Side, theirs: _Side, policy: MatchPolicy) -> Match | None:
    match = pair(one.reference, mine.runs, theirs.runs, policy, (mine.features, theirs.features))
    if one.media == asset and match is not None:
        return replace(match, decision="exact", score=1.0)
    return match


def _is_flood(near: int, found: int, policy: MatchPolicy) -> bool:
    return near > policy.flood_candidates_max or found > policy.flood_matches_max


# -- saying it -----------------------------------------------------------------------------------------------------------


def _standing_matches(services: Services, asset: str) -> list[Reference]:
    """References that stand and that the file is said to be near."""
    book = services.views.matchbook
    named = (book.reference(one.reference) for one in book.matches(asset=asset))
    return [one for one in named if one is not None and one.standing]


def _earlier(services: Services, one: Reference, algorithm: str) -> set[tuple[str, str]]:
    """Pairs of files that were here before the reference, and are said to be near it."""
    book = services.views.matchbook
    found = book.matches(reference=one.reference)
    return {(match.asset, one.reference) for match in found if book.came(match.asset, algorithm) < one.index}


def _say(
    services: Services,
    found: Near,
    algorithm: str,
    policy: MatchPolicy,
    part: Part,
    earlier: set[tuple[str, str]],
) -> int:
    """What differs from the last word on each pair, looked up among the codes of `part`; returns how much did."""
    codes, changed = services.views.matches.compared_for(plain_name(algorithm), part), 0
    for asset, name in [*found, *sorted(earlier - set(found))]:
        match = found.get((asset, name))
        if services.views.matchbook.last_word(asset, name) != (match.decision if match else "none"):
            changed += _said(services, _body(services, asset, name, match, algorithm, policy, codes))
    return changed


def _body(
    services: Services, asset: str, name: str, match: Match | None, algorithm: str, policy: MatchPolicy, codes: int
) -> MatchFound:
    decision = match.decision if match else "none"
    return MatchFound(
        match=new_id(services.clock.now()),
        asset=asset,
        reference=name,
        decision=decision,
        policy=policy.sha256,
        algorithm=algorithm,
        transform=match.transform if match else "plain",
        distance_median=match.distance_median if match else 0,
        frames_matched=match.frames_matched if match else 0,
        frames_compared=match.frames_compared if match else 0,
        asset_ms=match.query_ms if match else 0,
        reference_ms=match.reference_ms if match else 0,
        geometry=match.geometry.state if match else "not_checked",
        index_codes=codes,
        false_per_billion=policy.false_per_billion(decision, codes),
    )


def _said(services: Services, body: Body) -> bool:
    """False when another process said it first. Raises Conflict when others keep saying things about the file."""
    for attempt in range(TRIES_MAX):
        try:
            services.ledger.say(body)
        except Conflict:
            if attempt == TRIES_MAX - 1:
                raise
        except Refused as refused:
            if refused.code not in _SAID:
                raise
            return False
        else:
            return True
    return False
