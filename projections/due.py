"""What expires when: given consents by the instant at which time ends them, until somebody records an end."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.rules.warnings import warning_days
from ledger.statement import Said
from projections.database import View
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
from schemas.base import format_instant, parse_instant
from schemas.statements.consent import ConsentEnded, ConsentExpired, ConsentGranted
from schemas.statements.consent_changes import ConsentRenewed
from schemas.statements.notice import WARNING_DAYS, ConsentExpiring
from schemas.statements.person import PersonRegistered, PersonSpeakerChanged

DUE_ROWS_MAX = 500  # one answer; who has more to do asks again


@dataclass(frozen=True)
class DueConsent:
    """A given consent with no recorded end. It is over at `valid_until`, recorded or not."""

    consent: str
    person: str
    valid_until: datetime
    entry_index: int


class Due(View):
    """Consents leave this view when their end is recorded; time alone takes none out."""

    name = "due"
    version = 3
    schema = """
    CREATE TABLE due_consent (
      consent TEXT PRIMARY KEY, person TEXT NOT NULL, valid_from TEXT NOT NULL, valid_until TEXT NOT NULL,
      idx INTEGER NOT NULL, warn_at TEXT) WITHOUT ROWID;
    CREATE INDEX due_consent_by_end ON due_consent (valid_until, idx);
    CREATE INDEX due_consent_by_warning ON due_consent (warn_at) WHERE warn_at IS NOT NULL;
    CREATE TABLE due_majority (person TEXT PRIMARY KEY, majority_at TEXT NOT NULL) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "person.registered.v1",
            "person.registered.v2",
            "person.speaker-changed.v1",
            "consent.granted.v2",
            "consent.renewed.v1",
            "consent.invalidated.v1",
            "consent.granted.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "consent.expiring.v1",
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
                "person.engagement-ended.v1",
                "consent.requested.v1",
                "consent.requested.v2",
                "consent.refused.v1",
                "consent.narrowed.v1",
                "consent.suspended.v1",
                "consent.resumed.v1",
                "consent.cut-approved.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, ConsentGranted | ConsentRenewed):
            self._runs_until(db, said, body)
        elif isinstance(body, ConsentExpiring):
            _warned(db, body)
        elif isinstance(body, ConsentEnded | ConsentExpired):
            db.execute("DELETE FROM due_consent WHERE consent = ?", (body.consent,))
        elif isinstance(body, PersonRegistered | PersonSpeakerChanged):
            db.execute("DELETE FROM due_majority WHERE person = ?", (body.person,))
            if body.life == "minor" and body.majority_at is not None:
                row = (body.person, format_instant(body.majority_at))
                db.execute("INSERT INTO due_majority VALUES (?, ?)", row)

    def _runs_until(self, db: sqlite3.Connection, said: Said, body: ConsentGranted | ConsentRenewed) -> None:
        """The term that ends last; what a guardian agrees to ends no later than the minor's majority."""
        majority = db.execute("SELECT majority_at FROM due_majority WHERE person = ?", (body.person,)).fetchone()
        before = db.execute("SELECT valid_until FROM due_consent WHERE consent = ?", (body.consent,)).fetchone()
        until = min(format_instant(body.valid_until), majority[0] if majority else "~")
        if before is None or until > before[0]:
            warn_at = _next_warning(body.valid_from, parse_instant(until), max(WARNING_DAYS) + 1)
            row = (body.consent, body.person, format_instant(body.valid_from), until, said.index, warn_at)
            db.execute("INSERT OR REPLACE INTO due_consent VALUES (?, ?, ?, ?, ?, ?)", row)

    def due(self, at: datetime, limit: int = DUE_ROWS_MAX) -> list[DueConsent]:
        """Expired by `at` and not recorded as ended, longest overdue first."""
        return self._found("valid_until <= ?", format_instant(at), limit=limit)

    def upcoming(self, at: datetime, within: timedelta, limit: int = DUE_ROWS_MAX) -> list[DueConsent]:
        """Still running at `at` and over by `at + within`, soonest first."""
        window = (format_instant(at), format_instant(at + within))
        return self._found("valid_until > ? AND valid_until <= ?", *window, limit=limit)

    def to_warn(self, at: datetime, limit: int = DUE_ROWS_MAX) -> list[ConsentExpiring]:
        """The warnings that are due at an instant and were not given, the longest due first."""
        sql = """SELECT consent, person, valid_from, valid_until FROM due_consent
                 WHERE warn_at <= ? AND valid_until > ? ORDER BY warn_at LIMIT ?"""
        until = format_instant(at)
        found = []
        for consent, person, valid_from, valid_until in self._rows(sql, (until, until, limit)):
            end = parse_instant(valid_until)
            if (days := warning_days(parse_instant(valid_from), end, at)) is not None:
                shape = {"consent": consent, "person": person, "days": days, "valid_until": end}
                found.append(ConsentExpiring.model_validate(shape))
        return found

    def _found(self, where: str, *parameters: Any, limit: int) -> list[DueConsent]:
        sql = (
            f"SELECT consent, person, valid_until, idx FROM due_consent WHERE {where} ORDER BY valid_until, idx LIMIT ?"
        )
        rows = self._rows(sql, (*parameters, limit))
        return [DueConsent(consent, person, parse_instant(until), index) for consent, person, until, index in rows]


def _next_warning(valid_from: datetime, valid_until: datetime, below: int) -> str | None:
    """When the first warning of fewer days than `below` is due; None when none is left."""
    starts = [valid_until - timedelta(days=days) for days in WARNING_DAYS if days < below]
    return min((format_instant(start) for start in starts if start >= valid_from), default=None)


def _warned(db: sqlite3.Connection, body: ConsentExpiring) -> None:
    row = db.execute("SELECT valid_from FROM due_consent WHERE consent = ?", (body.consent,)).fetchone()
    if row is not None:
        warn_at = _next_warning(parse_instant(row[0]), body.valid_until, body.days)
        db.execute("UPDATE due_consent SET warn_at = ? WHERE consent = ?", (warn_at, body.consent))
