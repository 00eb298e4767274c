"""The outbox: what others have to be told, made from the log alone, so that a notice can be neither lost nor invented.

A payload is a CloudEvents 1.0 object (github.com/cloudevents/spec). It names things by id and digest and never people:
no pseudonym, no reason in somebody's words. Its id is the same after every rebuild, so a receiver can drop repeats.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
)
from schemas.base import format_instant
from schemas.statements.actor import LogOpened
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentEnded, ConsentExpired
from schemas.statements.consent_changes import ConsentChange
from schemas.statements.reverification import ClearanceReverified

RECIPIENTS = ("platform",)  # the role that shows clips to the public and has to stop
NOTICES_PAGE_MAX = 500  # one answer; who reads on passes the last entry index


@dataclass(frozen=True)
class Notice:
    """One thing to tell one role. `status` is pending: deliveries are recorded elsewhere, never in here."""

    entry_index: int
    recipient: str
    status: str
    payload: dict[str, Any]


class Notices(View):
    """One row for each (entry, recipient), however often the entry is applied."""

    name = "notices"
    version = 3
    schema = """
    CREATE TABLE notices_source (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL);
    CREATE TABLE notices_notice (
      idx INTEGER NOT NULL, recipient TEXT NOT NULL, status TEXT NOT NULL, payload TEXT NOT NULL,
      PRIMARY KEY (idx, recipient)) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "consent.invalidated.v1",
            "consent.narrowed.v1",
            "consent.suspended.v1",
            "consent.resumed.v1",
            "log.opened.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "asset.flagged.v1",
            "asset.flagged.v2",
            "clearance.revoked.v1",
            "clearance.revoked.v2",
            "clearance.reverified.v1",
        }
    )
    ignored = (
        OF_ACTORS
        | OF_PEOPLE
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_GENERATIONS
        | OF_HOLDERS
        | OF_MATTERS
        | (OF_FINDINGS - handled)
        | frozenset(
            {
                "log.indexed.v1",
                "log.keys-rotated.v1",
                "consent.requested.v1",
                "consent.granted.v1",
                "consent.requested.v2",
                "consent.granted.v2",
                "consent.refused.v1",
                "consent.renewed.v1",
                "consent.cut-approved.v1",
                "rulepack.adopted.v1",
                "trust.list-imported.v1",
                "asset.imported.v1",
                "asset.examined.v1",
                "asset.derived.v1",
                "review.approved.v1",
                "review.rejected.v1",
                "clearance.issued.v1",
                "clearance.refused.v1",
                "placement.recorded.v1",
                "placement.observed.v1",
                "placement.ended.v1",
                "consent.expiring.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        if isinstance(said.body, LogOpened):
            db.execute("INSERT INTO notices_source VALUES (1, ?)", (said.body.origin,))
            return
        (origin,) = db.execute("SELECT origin FROM notices_source").fetchone()
        for recipient in RECIPIENTS:
            payload = json.dumps(_event(said, origin, recipient), sort_keys=True)
            row = (said.index, recipient, "pending", payload)
            db.execute("INSERT INTO notices_notice VALUES (?, ?, ?, ?) ON CONFLICT (idx, recipient) DO NOTHING", row)

    def pending(self, recipient: str | None = None, *, after: int = -1, limit: int = NOTICES_PAGE_MAX) -> list[Notice]:
        """What waits to be told, oldest first; `after` is an entry index."""
        sql = """SELECT idx, recipient, status, payload FROM notices_notice
                 WHERE status = 'pending' AND idx > ? AND (? IS NULL OR recipient = ?) ORDER BY idx, recipient LIMIT ?"""
        rows = self._rows(sql, (after, recipient, recipient, limit))
        return [Notice(index, role, status, json.loads(payload)) for index, role, status, payload in rows]


def _event(said: Said, origin: str, recipient: str) -> dict[str, Any]:
    subject, about = _about(said)
    return {
        "specversion": "1.0",
        "id": f"{said.index}/{recipient}",
        "source": origin,
        "type": f"countersign.{said.type}",
        "subject": subject,
        "time": format_instant(said.recorded_at),
        "datacontenttype": "application/json",
        "data": {"entry_index": said.index, "statement_id": said.statement.id, **about},
    }


def _about(said: Said) -> tuple[str, dict[str, Any]]:
    body = said.body
    if isinstance(body, ClearanceRevoked):
        names = {"clearance": body.clearance, "asset": body.asset, "cause": body.cause, "consent": body.consent}
        return f"clearance:{body.clearance}", names
    if isinstance(body, ClearanceReverified):
        states = {"c2pa_state": body.c2pa_state, "c2pa_ingredients_state": body.c2pa_ingredients_state}
        told = {"clearance": body.clearance, "asset": body.asset, "verdict": body.verdict, "codes": list(body.codes)}
        return f"clearance:{body.clearance}", told | states
    if isinstance(body, AssetFlagged):
        return f"asset:{body.asset}", {"asset": body.asset, "cause": body.cause, "consent": body.consent}
    if isinstance(body, ConsentEnded | ConsentExpired | ConsentChange):
        return f"consent:{body.consent}", {"consent": body.consent}
    raise TypeError(f"no notice is made of {said.type}")
