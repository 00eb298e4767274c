"""The job of comparing files with reference media, by stored codes, each pair once: whichever came later looks (SPEC S16.2).

Brought about by whatever came: a file, a reference, another policy, codes in another algorithm. What is left to do is read from
the log's own words, so a crash between two of them leaves work and no gap: matches are said before the comparison that covers
them, and the door refuses to hear either twice. Any number of processes may do it at once. Pictures and sounds are compared
each by themselves (`comparers`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from api.services.comparers import NOT_NEAR, Comparer, Near, comparers
from api.services.services import Services
from ledger.errors import Conflict, Refused, Unavailable
from ledger.rules.references import compared_by
from projections.matchbook import Reference
from projections.matches import Part
from projections.matchpolicy import MatchPolicy
from schemas.base import Body, new_id
from schemas.statements.match import MatchCompared, MatchFound
from schemas.statements.reference import ReferenceSwept

_LOG = logging.getLogger("countersign.comparing")
TRIES_MAX = 8  # a boundary that moves more often than this has somebody else at work on the same file
WORK_PAGE = 100  # files asked for at once: what is left is read anew after each page
_SAID = frozenset({"match_recorded_already", "match_unchanged", "compared_already", "swept_already"})

T = TypeVar("T")
Progress = Callable[[str], None]
Found = Mapping[tuple[str, str], Near]
"""(asset, reference) of what is near, with the match as the file sees it."""


@dataclass(frozen=True)
class Done:
    """What one run compared, and what it found to be new or changed. A clip with sound is compared twice."""

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
    """Does all that is left, references first: of those there are few, and each is one search. Raises Unavailable.

    `policy`: of pictures, another one than that in force.
    """
    ways = comparers(services, policy)
    done = Done(ways[0].policy)
    services.views.catch_up()
    book = services.views.matchbook
    for by in ways:
        while left := book.references_left(by.way, by.policy, WORK_PAGE):
            for one in left:
                done = _sweep(services, by, one, done)
                progress(f"references {done.references}")
            services.views.catch_up()
    for by in ways:
        while files := book.files_left(by.way, by.policy, WORK_PAGE):
            for asset, algorithm in files:
                done = _compare(services, by, asset, algorithm, done)
                progress(f"files {done.files}")
            services.views.catch_up()
    return done


def compare_files(services: Services, assets: Iterable[str]) -> None:
    """These files now, ahead of their turn: before one is decided on, or just after it came.

    Where the views can't be asked nothing is said: the file stays `not_checked`, and the job comes back to it.
    """
    if not compared_by(services.ledger.history()):
        return
    try:
        _compare_now(services, assets)
    except Unavailable as error:
        _LOG.warning("files were not compared yet: %s", error.code)


def _compare_now(services: Services, assets: Iterable[str]) -> None:
    services.views.catch_up()
    book, met = services.views.matchbook, compared_by(services.ledger.history())
    for by in comparers(services):
        for asset in dict.fromkeys(assets) if by.way in met else ():
            for algorithm in book.algorithms_of(asset, by.way):
                if not book.compared(asset, by.policy, algorithm):
                    _compare(services, by, asset, algorithm, Done(by.policy))


# -- one side against the other ------------------------------------------------------------------------------------------


def _sweep(services: Services, by: Comparer, one: Reference, done: Done) -> Done:
    """One reference against every file that was here before it."""
    book, theirs = services.views.matchbook, by.of_reference(one)
    algorithm = theirs.algorithm
    before = (name for name in by.near_files(theirs) if book.came(name, algorithm) < one.index)
    near, too_many = _bounded(before, by)
    found: dict[tuple[str, str], Near] = {}
    for asset in near:
        if match := by.pair(one, asset, by.of_file(asset), theirs):
            found[asset, one.reference] = match
    flooded = too_many or len(found) > by.matches_max
    earlier = _earlier(services, by, one, algorithm)
    changed = 0 if flooded else _say(services, by, found, algorithm, "own", earlier)
    body = ReferenceSwept(
        reference=one.reference,
        as_of=one.index,
        policy=by.policy,
        algorithm=algorithm,
        files=book.files_before(one.index, algorithm),
        found=len(near) + too_many if flooded else len(found),
        changed=changed,
        flooded=flooded,
    )
    _said(services, body)
    return done.plus(references=1, matches=0 if flooded else len(found), changed=changed, flooded=int(flooded))


def _compare(services: Services, by: Comparer, asset: str, algorithm: str, done: Done) -> Done:
    """One file against every reference that was here before it and stands."""
    book, mine = services.views.matchbook, by.of_file(asset)
    came = book.came(asset, algorithm)
    standing = (
        one
        for media in by.near_references(mine)
        for one in book.references(media=media)
        if one.standing and by.way in one.ways and one.index < came
    )
    near, too_many = _bounded(standing, by)
    people = [one for one in book.likenesses() if by.way in one.ways and one.index < came]
    found: dict[tuple[str, str], Near] = {}
    for one in [*near, *people]:
        if match := by.pair(one, asset, mine, by.of_reference(one)):
            found[asset, one.reference] = match
    flooded = too_many or len(found) > by.matches_max
    earlier = {(asset, one.reference) for one in _standing_matches(services, by, asset) if one.index < came}
    changed = 0 if flooded else _say(services, by, found, algorithm, "reference", earlier)
    body = MatchCompared(
        asset=asset,
        as_of=came,
        policy=by.policy,
        algorithm=algorithm,
        references=book.standing_before(came, by.way),
        found=len(near) + too_many if flooded else len(found),
        changed=changed,
        flooded=flooded,
    )
    _said(services, body)
    return done.plus(files=1, matches=0 if flooded else len(found), changed=changed, flooded=int(flooded))


def _bounded(near: Iterable[T], by: Comparer) -> tuple[list[T], bool]:
    """Those to be looked at, and whether there are more of them than are looked at."""
    if by.candidates_max is None:
        return list(near), False
    found = list(islice(near, by.candidates_max + 1))
    return found[: by.candidates_max], len(found) > by.candidates_max


# -- saying it -----------------------------------------------------------------------------------------------------------


def _standing_matches(services: Services, by: Comparer, asset: str) -> list[Reference]:
    """References that stand and that the file is said to be near in this way."""
    book = services.views.matchbook
    named = (book.reference(one.reference) for one in book.matches(asset=asset) if one.way == by.way)
    return [one for one in named if one is not None and one.standing]


def _earlier(services: Services, by: Comparer, one: Reference, algorithm: str) -> set[tuple[str, str]]:
    """Pairs of files that were here before the reference, and are said to be near it."""
    book = services.views.matchbook
    found = (match for match in book.matches(reference=one.reference) if match.way == by.way)
    return {(match.asset, one.reference) for match in found if book.came(match.asset, algorithm) < one.index}


def _say(
    services: Services, by: Comparer, found: Found, algorithm: str, part: Part, earlier: set[tuple[str, str]]
) -> int:
    """What differs from the last word on each pair, looked up among the codes of `part`; returns how much did."""
    looked_through, changed = by.looked_through(algorithm, part), 0
    for asset, name in [*found, *sorted(earlier - set(found))]:
        near = found.get((asset, name), NOT_NEAR)
        if services.views.matchbook.last_word(asset, name, by.way) != near.decision:
            changed += _said(services, _body(services, by, asset, name, near, algorithm, looked_through))
    return changed


def _body(
    services: Services, by: Comparer, asset: str, name: str, near: Near, algorithm: str, looked_through: int
) -> MatchFound:
    return MatchFound.model_validate(
        {
            "match": new_id(services.clock.now()),
            "asset": asset,
            "reference": name,
            "policy": by.policy,
            "algorithm": algorithm,
            "index_codes": looked_through,
            "false_per_billion": by.false_per_billion(near.decision, looked_through),
            **vars(near),
        }
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
