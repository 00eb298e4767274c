"""Disputes and their clocks: which are open, and which clocks ran out unmet and are not recorded yet."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.statement import Said
from projections.database import View
from projections.topics import EVERY
from schemas.base import format_instant, parse_instant
from schemas.statements.dispute import (
    DisputeAnswered,
    DisputeClosed,
    DisputeDecided,
    DisputeMissed,
    DisputeNotified,
    DisputeOpened,
)

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class DisputeRow:
    """A dispute as a line. `next_due_at`: when the first clock that nobody met runs out."""

    dispute: str
    entry_index: int
    kind: str
    matter: str
    state: str
    next_due_at: datetime | None


class Disputes(View):
    """Clocks leave when they are met or recorded as missed; time alone takes none out."""

    name = "disputes"
    version = 1
    schema = """
    CREATE TABLE disputes_dispute (
      dispute TEXT PRIMARY KEY, idx INTEGER NOT NULL, kind TEXT NOT NULL, matter TEXT NOT NULL,
      state TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX disputes_dispute_by_entry ON disputes_dispute (idx);
    CREATE TABLE disputes_clock (
      dispute TEXT NOT NULL, notice TEXT NOT NULL, pack TEXT NOT NULL, entry TEXT NOT NULL, due_at TEXT NOT NULL,
      PRIMARY KEY (notice, dispute, pack, entry)) WITHOUT ROWID;
    CREATE INDEX disputes_clock_by_due ON disputes_clock (due_at)
    """
    handled = frozenset(
        {
            "dispute.opened.v1",
            "dispute.notified.v1",
            "dispute.answered.v1",
            "dispute.missed.v1",
            "dispute.decided.v1",
            "dispute.closed.v1",
        }
    )
    ignored = EVERY - handled

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, DisputeOpened):
            row = (body.dispute, said.index, body.kind, body.matter)
            db.execute("INSERT OR REPLACE INTO disputes_dispute VALUES (?, ?, ?, ?, 'open')", row)
        elif isinstance(body, DisputeNotified):
            for clock in body.clocks:
                row_ = (body.dispute, body.notice, clock.pack, clock.entry, format_instant(clock.due_at))
                db.execute("INSERT OR REPLACE INTO disputes_clock VALUES (?, ?, ?, ?, ?)", row_)
        elif isinstance(body, DisputeAnswered):
            met = (body.notice, body.dispute, format_instant(body.done_at))
            db.execute("DELETE FROM disputes_clock WHERE notice = ? AND dispute = ? AND due_at >= ?", met)
        elif isinstance(body, DisputeMissed):
            which = (body.notice, body.dispute, body.pack, body.entry)
            db.execute("DELETE FROM disputes_clock WHERE notice = ? AND dispute = ? AND pack = ? AND entry = ?", which)
        elif isinstance(body, DisputeDecided | DisputeClosed):
            state = body.outcome if isinstance(body, DisputeDecided) else "closed"
            db.execute("UPDATE disputes_dispute SET state = ? WHERE dispute = ?", (state, body.dispute))

    def run_out(self, at: datetime, limit: int) -> list[DisputeMissed]:
        """What is to be recorded: clocks over at an instant and not met, the longest over first."""
        sql = """SELECT dispute, notice, pack, entry, due_at FROM disputes_clock
                 WHERE due_at <= ? ORDER BY due_at, notice, entry LIMIT ?"""
        names = ("dispute", "notice", "pack", "entry", "due_at")
        rows = self._rows(sql, (format_instant(at), limit))
        return [DisputeMissed.model_validate(dict(zip(names, row, strict=True))) for row in rows]

    def running(self, limit: int) -> list[DisputeMissed]:
        """Every clock that nobody met and of which no lapse is recorded, as its lapse would be said; the next one first."""
        return self.run_out(_NEVER, limit)

    def newest(self, before: int | None = None, limit: int = 100) -> list[DisputeRow]:
        """Newest first, of those opened before an entry."""
        sql = """SELECT dispute, idx, kind, matter, state,
                   (SELECT MIN(due_at) FROM disputes_clock WHERE disputes_clock.dispute = disputes_dispute.dispute)
                 FROM disputes_dispute WHERE idx < ? ORDER BY idx DESC LIMIT ?"""
        rows = self._rows(sql, (2**53 if before is None else before, limit))
        return [
            DisputeRow(name, index, kind, matter, state, parse_instant(due) if due else None)
            for name, index, kind, matter, state, due in rows
        ]
