"""What the rules in force set a date for: references to erase, rights after death that end, clocks that an event starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from api.services.rules import DISCLAIMER, rule_shape
from api.services.services import Services
from ledger.history import History
from ledger.rules.erasure import erasure_state
from ledger.rules.holds import standing_holds
from ledger.rules.people import person as registration
from ledger.rules.people import speaker
from ledger.rules.rulepacks import Entry, entries_in_force
from ledger.rules.statutory import Purpose, StatutoryDate, after_death, retention_dates, timers
from projections.rights_answers import ConsentView
from schemas.api.rules import RulesDueAnswer, StatutoryDateShape, TimerShape
from schemas.base import format_instant

PEOPLE_PAGE = 500  # people read at once; the report is over all of them


def rules_due(services: Services, at: datetime) -> RulesDueAnswer:
    """O(people registered). Raises Unavailable `rulepack_missing`, `view_…`."""
    history = services.ledger.history()
    entries = entries_in_force(history, at)
    found = sorted(statutory_dates(services, history, entries, at), key=lambda one: (one.due_at, one.person))
    return RulesDueAnswer(
        at=format_instant(at),
        dates=tuple(_date(history, one, at) for one in found),
        dates_count=len(found),
        timers=tuple(
            TimerShape(event=one.values["event"], hours_max=one.values["hours_max"], rule=rule_shape(one, True))
            for one in timers(entries)
        ),
        disclaimer=DISCLAIMER,
    )


def statutory_dates(
    services: Services, history: History, entries: tuple[Entry, ...], at: datetime
) -> Iterator[StatutoryDate]:
    """Of everybody who is kept."""
    after, rights = "", services.views.rights
    while page := rights.people(after, PEOPLE_PAGE):
        for person, last_contact in page:
            if erasure_state(history, person).stage == "erased":
                continue
            purposes = [one for view in rights.consents_of(person, at) if (one := _purpose(view)) is not None]
            yield from retention_dates(person, purposes, last_contact, entries)
            yield from after_death(person, _died_in(history, person), entries)
        after = page[-1][0]


def _purpose(view: ConsentView) -> Purpose | None:
    grant, until = view.folded.grant, view.folded.valid_until
    if grant is None or until is None:
        return None
    said = view.ending.recorded_at if view.ending is not None else until
    return Purpose(grant, min(said, until))


def _died_in(history: History, person: str) -> int | None:
    now, first = speaker(history, person), registration(history, person)
    if now is None or first is None or now[1].life != "deceased":
        return None
    return now[1].died_in or first[1].died_in


def _date(history: History, one: StatutoryDate, at: datetime) -> StatutoryDateShape:
    return StatutoryDateShape(
        what=one.what,
        person=one.person,
        due_at=format_instant(one.due_at),
        because=one.because,
        overdue=one.due_at <= at,
        held=bool(standing_holds(history, f"person:{one.person}")),
        rule=rule_shape(one.entry, True),
    )
