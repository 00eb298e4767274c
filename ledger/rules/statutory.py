"""Dates that rule packs set, computed: when templates and references go, when a right after death ends, how long an event
leaves (SPEC S4.19). Pure; each date with the entry behind it. No legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ledger.rules.rulepacks import Case, Entry
from schemas.statements.consent import ConsentGranted


@dataclass(frozen=True)
class StatutoryDate:
    """What is due of a person's, by when (exclusive), and why then."""

    what: Literal["erase-references", "right-after-death-ends"]
    person: str
    due_at: datetime
    because: str
    entry: Entry


@dataclass(frozen=True)
class Purpose:
    """One thing that was agreed to, and when it ended or will."""

    grant: ConsentGranted
    ends_at: datetime


def retention_dates(
    person: str, purposes: Sequence[Purpose], last_contact: datetime, entries: Iterable[Entry]
) -> Iterator[StatutoryDate]:
    """Whichever comes first: the end of the last purpose there, or so many days after the last contact."""
    for entry in entries:
        ends = [one.ends_at for one in purposes if entry.kind == "retention" and entry.applies(_case(one.grant))]
        if ends:
            over, latest = max(ends), last_contact + timedelta(days=entry.values["days_max"])
            because = "the last purpose ends" if over <= latest else f"{entry.values['days_max']} days without contact"
            yield StatutoryDate("erase-references", person, min(over, latest), because, entry)


def _case(grant: ConsentGranted) -> Case:
    return Case(grant.territories, uses=grant.uses, media=grant.media, channels=grant.channels, law=grant.governing_law)


def after_death(person: str, died_in: int | None, entries: Iterable[Entry]) -> Iterator[StatutoryDate]:
    """When whoever speaks for the dead has nothing to give any more."""
    for entry in entries:
        if entry.kind == "post_mortem_term" and died_in is not None:
            because = f"{entry.values['years']} years after {died_in}"
            yield StatutoryDate("right-after-death-ends", person, post_mortem_end(entry, died_in), because, entry)


def post_mortem_end(entry: Entry, died_in: int) -> datetime:
    """The end of the last year: only the year of death is known, and no earlier day is certain."""
    return datetime(died_in + int(entry.values["years"]) + 1, 1, 1, tzinfo=UTC)


def timers(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """How many hours an event leaves at most, where."""
    return tuple(entry for entry in entries if entry.kind == "timer")
