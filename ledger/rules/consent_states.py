"""What a consent means at an instant, folded from what was said about it (SPEC S4.5 to S4.9). Pure; the views fold with it.

What each state does to past, present and future use stands in `consent_effects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.rules.consent_effects import ENDED, IN_FORCE, Grade, State
from schemas.base import Body, format_instant
from schemas.statements.consent import (
    ConsentExpired,
    ConsentGranted,
    ConsentInvalidated,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentWithdrawn,
)
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed, ConsentResumed, ConsentSuspended
from schemas.statements.person import PersonEngagementEnded, PersonRegistered, PersonSpeakerChanged

CONSENT_KINDS: tuple[type[Body], ...] = (
    ConsentRequested,
    ConsentGranted,
    ConsentRenewed,
    ConsentRefused,
    ConsentNarrowed,
    ConsentSuspended,
    ConsentResumed,
    ConsentWithdrawn,
    ConsentRevoked,
    ConsentInvalidated,
    ConsentExpired,
)
PERSON_KINDS: tuple[type[Body], ...] = (PersonRegistered, PersonSpeakerChanged, PersonEngagementEnded)
_ENDS: dict[type, State] = {
    ConsentRefused: "refused",
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "revoked",
}


class Happening(Protocol):
    """A statement as far as a fold needs it: the log's own `Said`, or a row of a view."""

    @property
    def index(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def body(self) -> Body: ...


@dataclass(frozen=True)
class Term:
    """One stretch of time that was agreed to; `valid_until` is exclusive, and never later than the person's majority."""

    valid_from: datetime
    valid_until: datetime
    entry_index: int
    renewal: bool


@dataclass(frozen=True)
class Stop:
    """Why nothing happens for now, by which entry, under which number it is lifted."""

    suspension: str
    cause: str
    entry_index: int


@dataclass(frozen=True)
class ConsentState:
    """`in_force` is the only answer that lets anything happen. `entries`: the statements this was read from."""

    consent: str
    state: State
    request: ConsentRequested | None = None
    grant: ConsentGranted | None = None
    entries: tuple[int, ...] = ()
    expiry_recorded: bool = False
    granted_by: int | None = None
    """The index of the grant: the entry behind every question of scope."""
    requested_at: datetime | None = None
    granted_at: datetime | None = None
    terms: tuple[Term, ...] = ()
    narrowings: tuple[tuple[int, ConsentNarrowed], ...] = ()
    stops: tuple[Stop, ...] = ()
    ended_by: int | None = None

    @property
    def in_force(self) -> bool:
        return self.state in IN_FORCE

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def valid_until(self) -> datetime | None:
        """When time ends it, its renewals counted in; None for what was never given."""
        return max((term.valid_until for term in self.terms), default=None)

    @property
    def grade(self) -> Grade | None:
        if self.grant is None:
            return None
        return "own_key" if self.grant.document is None else "document"

    def left(self, name: str) -> tuple[str, ...]:
        """What is still agreed to of `uses`, `channels`, `territories` or `media`."""
        if self.grant is None:
            return ()
        taken = {value for _, body in self.narrowings for value in getattr(body, name)}
        return tuple(value for value in getattr(self.grant, name) if value not in taken)

    def covers(self, name: str, value: str) -> bool:
        """Whether one value is still agreed to. The world is less than the world once one country is taken out of it."""
        agreed = self.left(name)
        if name != "territories" or "WORLD" not in agreed:
            return value in agreed
        taken = {one for _, body in self.narrowings for one in body.territories}
        return not taken if value == "WORLD" else value not in taken

    @property
    def training_use(self) -> bool:
        agreed = self.grant is not None and self.grant.training_use
        return agreed and not any(body.training_use for _, body in self.narrowings)

    def runs_until(self, at: datetime) -> datetime | None:
        """How long, from `at` on, no time comes at which no term holds; None if none holds at `at`."""
        reached = at
        for term in sorted(self.terms, key=lambda one: one.valid_from):
            if term.valid_from <= reached < term.valid_until:
                reached = term.valid_until
        return reached if reached > at else None

    def covers_window(self, valid_from: datetime, valid_until: datetime) -> bool:
        """Whether the terms, end to end, hold the whole window."""
        reached = valid_from
        for term in sorted(self.terms, key=lambda one: one.valid_from):
            if term.valid_from <= reached < term.valid_until:
                reached = term.valid_until
        return bool(self.terms) and reached >= valid_until

    def sentence(self) -> str:
        """What to tell somebody who asks why."""
        until = self.valid_until
        why = f" (it ended at {format_instant(until)})" if self.state == "expired" and until else ""
        if self.state == "suspended":
            why = f" ({', '.join(stop.cause.replace('-', ' ') for stop in self.stops)})"
        return f"consent {self.consent} is {self.state.replace('_', ' ')}{why}"


def fold(consent: str, about: Sequence[Happening], person: Sequence[Happening], at: datetime) -> ConsentState:
    """The state at an instant, from what was said about the consent and about its person, oldest first."""
    request = _first(about, ConsentRequested)
    grant = _first(about, ConsentGranted)
    granted = grant.body if grant is not None and isinstance(grant.body, ConsentGranted) else None
    terms = _terms(about, person)
    expiries = [one.index for one in about if isinstance(one.body, ConsentExpired)]
    recorded = bool(terms and expiries and expiries[-1] > terms[-1].entry_index)
    end = _end(about)
    stops = _stops(about, person, terms, granted, at)
    return ConsentState(
        consent,
        _state(request is not None, terms, end, recorded, stops, at),
        request.body if request is not None and isinstance(request.body, ConsentRequested) else None,
        granted,
        tuple(sorted({*(one.index for one in about), *(stop.entry_index for stop in stops)})),
        recorded,
        grant.index if grant is not None else None,
        request.recorded_at if request is not None else None,
        grant.recorded_at if grant is not None else None,
        terms,
        tuple((one.index, one.body) for one in about if isinstance(one.body, ConsentNarrowed)),
        stops,
        end[1] if end else (expiries[-1] if recorded else None),
    )


def known_at(happenings: Iterable[Happening], at: datetime) -> list[Happening]:
    """What counts for an instant in the past: what had been said by then, and that it was never valid, whenever said."""
    return [one for one in happenings if one.recorded_at <= at or isinstance(one.body, ConsentInvalidated)]


def _first(about: Sequence[Happening], kind: type[Body]) -> Happening | None:
    return next((one for one in about if isinstance(one.body, kind)), None)


def _terms(about: Sequence[Happening], person: Sequence[Happening]) -> tuple[Term, ...]:
    """In the order in which they were agreed to. What a guardian agrees to ends when the child comes of age."""
    found = []
    for one in about:
        if isinstance(one.body, ConsentGranted | ConsentRenewed):
            until = min(one.body.valid_until, _majority(person, one.index) or one.body.valid_until)
            renewal = isinstance(one.body, ConsentRenewed)
            found.append(Term(one.body.valid_from, until, one.index, renewal))
    return tuple(found)


def _majority(person: Sequence[Happening], index: int) -> datetime | None:
    """When whoever the guardian spoke for at that entry comes of age; None if no guardian of a minor spoke."""
    spoken = [one.body for one in person if one.index < index]
    last = next((body for body in reversed(spoken) if isinstance(body, PersonRegistered | PersonSpeakerChanged)), None)
    return last.majority_at if last is not None and last.life == "minor" else None


def _end(about: Sequence[Happening]) -> tuple[State, int] | None:
    """An end that somebody said. That it never was valid goes before every other."""
    for one in about:
        if isinstance(one.body, ConsentInvalidated):
            return "invalidated", one.index
    return next(((_ENDS[type(one.body)], one.index) for one in about if type(one.body) in _ENDS), None)


def _stops(
    about: Sequence[Happening],
    person: Sequence[Happening],
    terms: tuple[Term, ...],
    grant: ConsentGranted | None,
    at: datetime,
) -> tuple[Stop, ...]:
    lifted = {one.body.suspension for one in about if isinstance(one.body, ConsentResumed)}
    found = [
        Stop(one.body.suspension, one.body.cause, one.index) for one in about if isinstance(one.body, ConsentSuspended)
    ]
    if grant is not None and not grant.survives_engagement:
        found += _engagement_stops(person, terms, at)
    return tuple(stop for stop in found if stop.suspension not in lifted)


def _engagement_stops(person: Sequence[Happening], terms: tuple[Term, ...], at: datetime) -> list[Stop]:
    """An ended engagement stops what was agreed to before it was known; a yes said after it counts as it is."""
    newest = terms[-1].entry_index if terms else -1
    return [
        Stop(one.body.ending, "engagement-ended", one.index)
        for one in person
        if isinstance(one.body, PersonEngagementEnded) and one.index > newest and at >= one.body.ended_at
    ]


def _state(
    requested: bool,
    terms: tuple[Term, ...],
    end: tuple[State, int] | None,
    expiry_recorded: bool,
    stops: tuple[Stop, ...],
    at: datetime,
) -> State:
    if end is not None:
        return end[0]
    if not terms:
        return "requested" if requested else "unknown"
    if expiry_recorded or all(at >= term.valid_until for term in terms):
        return "expired"
    if stops:
        return "suspended"
    now = [term for term in terms if term.valid_from <= at < term.valid_until]
    if not now:
        return "not_yet"
    return "renewed" if now[-1].renewal else "given"
