"""What expires when: given consents by the instant at which time ends them, until somebody records an end."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.statement import Said
from projections.database import View
from schemas.base import format_instant, parse_instant
from schemas.statements.consent import ConsentEnded, ConsentExpired, ConsentGranted

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
    version = 1
    schema = """
    CREATE TABLE due_consent (
      consent TEXT PRIMARY KEY, person TEXT NOT NULL, valid_until TEXT NOT NULL, idx INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX due_consent_by_end ON due_consent (valid_until, idx)
    """
    handled = frozenset(
        {
            "consent.granted.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
        }
    )
    ignored: frozenset[str] = frozenset(
        {
            "log.opened.v1",
            "actor.enrolled.v1",
            "actor.key-rotated.v1",
            "actor.key-revoked.v1",
            "person.registered.v1",
            "consent.requested.v1",
            "consent.refused.v1",
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
        }
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, ConsentGranted):
            row = (body.consent, body.person, format_instant(body.valid_until), said.index)
            db.execute("INSERT INTO due_consent VALUES (?, ?, ?, ?)", row)
        elif isinstance(body, ConsentEnded | ConsentExpired):
            db.execute("DELETE FROM due_consent WHERE consent = ?", (body.consent,))

    def due(self, at: datetime, limit: int = DUE_ROWS_MAX) -> list[DueConsent]:
        """Expired by `at` and not recorded as ended, longest overdue first."""
        return self._found("valid_until <= ?", format_instant(at), limit=limit)

    def upcoming(self, at: datetime, within: timedelta, limit: int = DUE_ROWS_MAX) -> list[DueConsent]:
        """Still running at `at` and over by `at + within`, soonest first."""
        window = (format_instant(at), format_instant(at + within))
        return self._found("valid_until > ? AND valid_until <= ?", *window, limit=limit)

    def _found(self, where: str, *parameters: Any, limit: int) -> list[DueConsent]:
        sql = (
            f"SELECT consent, person, valid_until, idx FROM due_consent WHERE {where} ORDER BY valid_until, idx LIMIT ?"
        )
        rows = self._rows(sql, (*parameters, limit))
        return [DueConsent(consent, person, parse_instant(until), index) for consent, person, until, index in rows]
