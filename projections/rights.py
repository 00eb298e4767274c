"""Consents: whose, for what, and in which state at any instant. Time decides; a recorded expiry only says so (SPEC S4).

The state is worked out at the moment of the question from the window and from what was recorded until then, exactly as
`ledger.rules.consents` does it; a test holds the two together.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import NotFound
from ledger.rules.consents import State
from ledger.statement import Said
from projections.database import View, ViewsDatabase
from projections.lineage import Lineage
from schemas.base import format_instant, parse_instant
from schemas.statements.consent import (
    ConsentEnded,
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentScope,
    ConsentWithdrawn,
)

_ENDS: dict[type, State] = {
    ConsentRefused: "refused",
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "revoked",
    ConsentExpired: "expired",
}


@dataclass(frozen=True)
class Scope:
    """What for, where, in what media, when (`valid_until` exclusive), and the entry that says so."""

    specific_description: str
    uses: tuple[str, ...]
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    media: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    entry_index: int
    recorded_at: datetime


@dataclass(frozen=True)
class Ending:
    """How a consent ended, by an entry. Time ends one without any."""

    kind: State
    actor: str
    entry_index: int
    recorded_at: datetime


@dataclass(frozen=True)
class ConsentView:
    """One consent as it stood at `at`, knowing only what was recorded until then."""

    consent: str
    person: str
    at: datetime
    state: State
    requested: Scope | None
    granted: Scope | None
    ending: Ending | None

    @property
    def entries(self) -> tuple[int, ...]:
        """The entries behind it, oldest first."""
        parts = (self.requested, self.granted, self.ending)
        return tuple(part.entry_index for part in parts if part is not None)


@dataclass(frozen=True)
class RightsView:
    """The consents that a file rests on, its ancestors' included. No consent is not a yes: nobody is named in it."""

    asset: str
    at: datetime
    consents: tuple[ConsentView, ...]

    @property
    def all_given(self) -> bool:
        return all(consent.state == "given" for consent in self.consents)


@dataclass(frozen=True)
class EndedConsent:
    """A consent whose end is recorded, and the entry that ended it."""

    consent: str
    person: str
    kind: State
    entry_index: int


class Rights(View):
    """Consents by number and person; by file through the lineage."""

    name = "rights"
    version = 1
    schema = """
    CREATE TABLE rights_scope (
      consent TEXT NOT NULL, step TEXT NOT NULL, person TEXT NOT NULL, scope TEXT NOT NULL,
      valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, idx INTEGER NOT NULL, recorded_at TEXT NOT NULL,
      PRIMARY KEY (consent, step)) WITHOUT ROWID;
    CREATE INDEX rights_scope_by_person ON rights_scope (person, idx);
    CREATE TABLE rights_end (
      idx INTEGER PRIMARY KEY, consent TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL,
      actor TEXT NOT NULL, recorded_at TEXT NOT NULL);
    CREATE INDEX rights_end_by_consent ON rights_end (consent, idx)
    """
    handled = frozenset(
        {
            "consent.requested.v1",
            "consent.granted.v1",
            "consent.refused.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
        }
    )
    ignored: frozenset[str] = frozenset(
        {
            "log.opened.v1",
            "log.indexed.v1",
            "actor.enrolled.v1",
            "actor.key-rotated.v1",
            "actor.key-revoked.v1",
            "actor.admitted.v1",
            "actor.passkey-added.v1",
            "person.registered.v1",
            "brief.drafted.v1",
            "brief.approved.v1",
            "generation.requested.v1",
            "generation.failed.v1",
            "asset.imported.v1",
            "asset.examined.v1",
            "asset.derived.v1",
            "asset.flagged.v1",
            "review.approved.v1",
            "review.rejected.v1",
            "clearance.issued.v1",
            "clearance.refused.v1",
            "clearance.revoked.v1",
            "evidence.exported.v1",
            "subject.erasure-requested.v1",
            "subject.erasure-begun.v1",
            "subject.erased.v1",
            "hold.placed.v1",
            "hold.released.v1",
            "field.disclosed.v1",
            "placement.recorded.v1",
            "placement.observed.v1",
            "placement.ended.v1",
            "right.recorded.v1",
            "right.transferred.v1",
            "asset.right-used.v1",
            "licence.granted.v1",
            "licence.ended.v1",
            "holder.registered.v1",
            "holder.endpoint-disabled.v1",
            "notice.issued.v1",
            "notice.attempted.v1",
            "notice.delivered.v1",
            "notice.failed.v1",
            "notice.acknowledged.v1",
            "notice.overdue.v1",
            "consent.expiring.v1",
        }
    )

    def __init__(self, database: ViewsDatabase, lineage: Lineage) -> None:
        super().__init__(database)
        self._lineage = lineage

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body, recorded_at = said.body, format_instant(said.recorded_at)
        if isinstance(body, ConsentRequested | ConsentGranted):
            db.execute("INSERT INTO rights_scope VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _scope_row(said, body, recorded_at))
        elif isinstance(body, ConsentEnded | ConsentExpired):
            row = (said.index, body.consent, body.person, _ENDS[type(body)], said.actor, recorded_at)
            db.execute("INSERT INTO rights_end VALUES (?, ?, ?, ?, ?, ?)", row)

    # -- queries -------------------------------------------------------------------------------------------------

    def consent(self, consent: str, at: datetime) -> ConsentView:
        """Raises NotFound `consent_unknown` when nothing about it was recorded by then."""
        found = self._views([consent], at)[0]
        if found.state == "unknown":
            raise NotFound("consent_unknown", f"nothing about consent {consent} was recorded by {format_instant(at)}")
        return found

    def consents_of(self, person: str, at: datetime) -> list[ConsentView]:
        """Every consent asked of a person by then, in the order in which they were asked for."""
        sql = "SELECT consent FROM rights_scope WHERE person = ? AND step = 'requested' ORDER BY idx"
        names = [consent for (consent,) in self._rows(sql, (person,))]
        return [view for view in self._views(names, at) if view.state != "unknown"]

    def rights(self, asset: str, at: datetime) -> RightsView:
        """The consents behind a file, each as it stood at `at`."""
        return RightsView(asset, at, tuple(self._views(self._lineage.consents_of(asset), at)))

    def ended(self, *, after: int = -1, limit: int) -> list[EndedConsent]:
        """Given consents whose end is recorded after entry `after`, in the order in which they ended."""
        sql = """SELECT consent, person, kind, idx FROM rights_end
                 WHERE idx > ? AND kind != 'refused' ORDER BY idx LIMIT ?"""
        return [EndedConsent(*row) for row in self._rows(sql, (after, limit))]

    def _views(self, consents: Sequence[str], at: datetime) -> list[ConsentView]:
        until, names = format_instant(at), json.dumps(list(consents))
        with self._database.snapshot(self.name) as look:
            among = "consent IN (SELECT value FROM json_each(?)) AND recorded_at <= ?"
            columns = "consent, step, person, scope, valid_from, valid_until, idx, recorded_at"
            scopes = look.rows(f"SELECT {columns} FROM rights_scope WHERE {among}", (names, until))
            columns = "consent, person, kind, actor, idx, recorded_at"
            ends = look.rows(f"SELECT {columns} FROM rights_end WHERE {among} ORDER BY idx", (names, until))
        return [
            _view(name, at, [r for r in scopes if r[0] == name], [r for r in ends if r[0] == name]) for name in consents
        ]


def _scope_row(said: Said, body: ConsentScope, recorded_at: str) -> tuple[object, ...]:
    step = "granted" if isinstance(body, ConsentGranted) else "requested"
    lists = {name: list(getattr(body, name)) for name in ("uses", "channels", "territories", "media")}
    scope = json.dumps({"specific_description": body.specific_description, **lists}, sort_keys=True)
    window = (format_instant(body.valid_from), format_instant(body.valid_until))
    return (body.consent, step, body.person, scope, *window, said.index, recorded_at)


def _view(name: str, at: datetime, scopes: list[tuple[Any, ...]], ends: list[tuple[Any, ...]]) -> ConsentView:
    steps = {row[1]: _scope(row) for row in scopes}
    granted = steps.get("granted")
    endings = [Ending(kind, actor, index, parse_instant(when)) for _, _, kind, actor, index, when in ends]
    ending = next((end for end in endings if end.kind != "expired"), endings[0] if endings else None)
    person = next((str(row[2]) for row in scopes), "")
    return ConsentView(name, person, at, _state(steps, granted, ending, at), steps.get("requested"), granted, ending)


def _scope(row: tuple[Any, ...]) -> Scope:
    _, _, _, scope, valid_from, valid_until, index, recorded_at = row
    said = json.loads(scope)
    return Scope(
        specific_description=said["specific_description"],
        uses=tuple(said["uses"]),
        channels=tuple(said["channels"]),
        territories=tuple(said["territories"]),
        media=tuple(said["media"]),
        valid_from=parse_instant(valid_from),
        valid_until=parse_instant(valid_until),
        entry_index=index,
        recorded_at=parse_instant(recorded_at),
    )


def _state(steps: dict[str, Scope], granted: Scope | None, ending: Ending | None, at: datetime) -> State:
    if ending is not None:
        return ending.kind
    if granted is None:
        return "requested" if steps else "unknown"
    if at >= granted.valid_until:
        return "expired"
    return "given" if at >= granted.valid_from else "not_yet"
