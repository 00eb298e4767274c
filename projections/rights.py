"""Consents: whose, for what, and in which state at any instant. Time decides; a recorded expiry only says so (SPEC S4).

The view keeps what was said about each consent and its person, and folds it at the moment of the question with the rules'
own fold (`ledger.rules.consent_states`), so the two can't drift apart. Two times are asked for (SPEC S4.15): `at`, the
instant that the question is about, and `known_at`, up to when what was recorded counts; left out, they are the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import NotFound
from ledger.rules.consent_effects import State
from ledger.rules.consent_states import fold, known_at
from ledger.statement import Said
from projections.database import View, ViewsDatabase
from projections.lineage import Lineage
from projections.rights_answers import ConsentView, EndedConsent, Ending, RightsView, Scope
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_FILES,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.base import Body, format_instant, parse_instant
from schemas.catalogue import read_body
from schemas.statements.consent import (
    ConsentEnded,
    ConsentExpired,
    ConsentInvalidated,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentScope,
    ConsentWithdrawn,
)
from schemas.statements.consent_changes import ConsentRenewed
from schemas.statements.person import PersonRegistered, PersonSpeakerChanged

__all__ = ["ConsentView", "EndedConsent", "Ending", "Rights", "RightsView", "Scope"]
_ENDS: dict[type, State] = {
    ConsentRefused: "refused",
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "revoked",
    ConsentInvalidated: "invalidated",
    ConsentExpired: "expired",
}


@dataclass(frozen=True)
class _Row:
    """What a fold needs of a statement (`consent_states.Happening`)."""

    index: int
    recorded_at: datetime
    body: Body
    actor: str


class Rights(View):
    """Consents by number and person; by file through the lineage."""

    name = "rights"
    version = 3
    schema = """
    CREATE TABLE rights_said (
      idx INTEGER PRIMARY KEY, consent TEXT, person TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
      actor TEXT NOT NULL, recorded_at TEXT NOT NULL);
    CREATE INDEX rights_said_by_consent ON rights_said (consent, idx) WHERE consent IS NOT NULL;
    CREATE INDEX rights_said_by_person ON rights_said (person, idx);
    CREATE TABLE rights_end (
      idx INTEGER PRIMARY KEY, consent TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL);
    CREATE INDEX rights_end_by_consent ON rights_end (consent, idx);
    CREATE TABLE rights_speaker (person TEXT PRIMARY KEY, actor TEXT NOT NULL, idx INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX rights_speaker_by_actor ON rights_speaker (actor, idx)
    """
    handled = frozenset(
        {
            "person.registered.v1",
            "person.registered.v2",
            "person.speaker-changed.v1",
            "person.engagement-ended.v1",
            "consent.requested.v2",
            "consent.granted.v2",
            "consent.renewed.v1",
            "consent.narrowed.v1",
            "consent.suspended.v1",
            "consent.resumed.v1",
            "consent.invalidated.v1",
            "consent.requested.v1",
            "consent.granted.v1",
            "consent.refused.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_GENERATIONS
        | OF_FILES
        | OF_CLEARANCES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "consent.cut-approved.v1",
                "consent.expiring.v1",
            }
        )
    )

    def __init__(self, database: ViewsDatabase, lineage: Lineage) -> None:
        super().__init__(database)
        self._lineage = lineage

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        words = json.dumps(said.statement.body, sort_keys=True)
        person, recorded_at = getattr(body, "person", ""), format_instant(said.recorded_at)
        row = (said.index, getattr(body, "consent", None), person, said.type, words, said.actor, recorded_at)
        db.execute("INSERT INTO rights_said VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if isinstance(body, ConsentEnded | ConsentExpired):
            end = (said.index, body.consent, body.person, _ENDS[type(body)])
            db.execute("INSERT INTO rights_end VALUES (?, ?, ?, ?)", end)
        elif isinstance(body, ConsentRenewed):  # time ended it once; it runs again, so nothing is left to follow up
            db.execute("DELETE FROM rights_end WHERE consent = ? AND kind = 'expired'", (body.consent,))
        elif isinstance(body, PersonRegistered | PersonSpeakerChanged):  # the newest word on who speaks counts
            db.execute("REPLACE INTO rights_speaker VALUES (?, ?, ?)", (body.person, body.speaks_as, said.index))

    # -- queries -------------------------------------------------------------------------------------------------

    def consent(self, consent: str, at: datetime, known_at: datetime | None = None) -> ConsentView:
        """Raises NotFound `consent_unknown` when nothing about it was recorded by then."""
        found = self._views([consent], at, known_at)[0]
        if found.state == "unknown":
            then = format_instant(min(at, known_at or at))
            raise NotFound("consent_unknown", f"nothing about consent {consent} was recorded by {then}")
        return found

    def consents_of(self, person: str, at: datetime, known_at: datetime | None = None) -> list[ConsentView]:
        """Every consent asked of a person by then, in the order in which they were asked for."""
        sql = """SELECT consent FROM rights_said WHERE person = ? AND consent IS NOT NULL
                 GROUP BY consent ORDER BY MIN(idx)"""
        names = [consent for (consent,) in self._rows(sql, (person,))]
        return [view for view in self._views(names, at, known_at) if view.state != "unknown" and view.person == person]

    def people_of(self, actor: str) -> list[str]:
        """The pseudonyms for which the actor speaks now, in the order in which it was said. O(these)."""
        sql = "SELECT person FROM rights_speaker WHERE actor = ? ORDER BY idx"
        return [person for (person,) in self._rows(sql, (actor,))]

    def people(self, after: str, limit: int) -> list[tuple[str, datetime]]:
        """(pseudonym, when somebody last said something about them) of everybody registered, by pseudonym."""
        sql = """SELECT p.person, (SELECT MAX(s.recorded_at) FROM rights_said AS s
                   WHERE s.person = p.person AND s.type != 'consent.expired.v1')
                 FROM rights_speaker AS p WHERE p.person > ? ORDER BY p.person LIMIT ?"""
        return [(person, parse_instant(last)) for person, last in self._rows(sql, (after, limit))]

    def consents(self, names: Sequence[str], at: datetime) -> dict[str, ConsentView]:
        """Several at once, by number; those that nothing is recorded about are left out."""
        return {view.consent: view for view in self._views(names, at, None) if view.state != "unknown"}

    def rights(self, asset: str, at: datetime, known_at: datetime | None = None) -> RightsView:
        """The consents behind a file, each as it stood at `at`."""
        return RightsView(asset, at, tuple(self._views(self._lineage.consents_of(asset), at, known_at)))

    def ended(self, *, after: int = -1, limit: int) -> list[EndedConsent]:
        """Given consents whose end is recorded after entry `after`, in the order in which they ended."""
        sql = """SELECT consent, person, kind, idx FROM rights_end
                 WHERE idx > ? AND kind != 'refused' ORDER BY idx LIMIT ?"""
        return [EndedConsent(*row) for row in self._rows(sql, (after, limit))]

    def _views(self, consents: Sequence[str], at: datetime, known: datetime | None) -> list[ConsentView]:
        until, names = format_instant(known or at), json.dumps(list(consents))
        columns = "consent, person, idx, recorded_at, type, body, actor"
        with self._database.snapshot(self.name) as look:
            among = "consent IN (SELECT value FROM json_each(?)) AND recorded_at <= ?"
            rows = look.rows(f"SELECT {columns} FROM rights_said WHERE {among} ORDER BY idx", (names, until))
            people = json.dumps(sorted({row[1] for row in rows}))
            among = "consent IS NULL AND person IN (SELECT value FROM json_each(?)) AND recorded_at <= ?"
            persons = look.rows(f"SELECT {columns} FROM rights_said WHERE {among} ORDER BY idx", (people, until))
        about, of_person = _by_column(rows, 0), _by_column(persons, 1)
        return [_view(name, at, known or at, about.get(name, []), of_person) for name in consents]


def _by_column(rows: list[Any], column: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def _view(name: str, at: datetime, known: datetime, rows: list[Any], persons: dict[str, list[Any]]) -> ConsentView:
    about = [_row(row) for row in rows]
    person = str(rows[0][1]) if rows else ""
    of_person = [_row(row) for row in persons.get(person, [])]
    state = fold(name, known_at(about, at), known_at(of_person, at), at)
    requested = next((row for row in about if isinstance(row.body, ConsentRequested)), None)
    granted = next((row for row in about if row.index == state.granted_by), None)
    ending = next((row for row in about if row.index == state.ended_by), None)
    return ConsentView(
        name,
        person,
        at,
        known,
        state.state,
        _scope(requested if state.request else None),
        _scope(granted),
        Ending(_ENDS[type(ending.body)], ending.actor, ending.index, ending.recorded_at) if ending else None,
        state,
    )


def _row(row: tuple[Any, ...]) -> _Row:
    _, _, index, recorded_at, wire_type, body, actor = row
    return _Row(index, parse_instant(recorded_at), read_body(wire_type, json.loads(body)), actor)


def _scope(row: _Row | None) -> Scope | None:
    if row is None or not isinstance(row.body, ConsentScope):
        return None
    body = row.body
    return Scope(
        body.specific_description,
        body.uses,
        body.channels,
        body.territories,
        body.media,
        body.valid_from,
        body.valid_until,
        row.index,
        row.recorded_at,
    )
