"""The tables of the holders' view, and what their rows look like outside: notices to issue, to send, and as they stand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ledger.rules.notices import WAITS
from ledger.statement import Said
from projections.ways import tables
from schemas.base import format_instant
from schemas.statements.notice import (
    NOTICE_ITEMS_MAX,
    NoticeAcknowledged,
    NoticeAttempted,
    NoticeDelivered,
    NoticeFailed,
    NoticeIssued,
    NoticeItem,
    NoticeOverdue,
)

VIEW = "holders"
SCHEMA = f"""{tables(VIEW)};
CREATE TABLE holders_holder (
  holder TEXT PRIMARY KEY, endpoint TEXT, idx INTEGER NOT NULL, disabled_by INTEGER) WITHOUT ROWID;
CREATE TABLE holders_party (party TEXT NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (party, holder)) WITHOUT ROWID;
CREATE TABLE holders_had (
  asset TEXT NOT NULL, ref TEXT NOT NULL, kind TEXT NOT NULL, party TEXT NOT NULL, clearance TEXT NOT NULL,
  PRIMARY KEY (asset, ref)) WITHOUT ROWID;
CREATE TABLE holders_placed (
  basis TEXT NOT NULL, placement TEXT NOT NULL, asset TEXT NOT NULL, ended_by INTEGER,
  PRIMARY KEY (basis, placement)) WITHOUT ROWID;
CREATE TABLE holders_under (basis TEXT NOT NULL, party TEXT NOT NULL, PRIMARY KEY (basis, party)) WITHOUT ROWID;
CREATE TABLE holders_early (consent TEXT NOT NULL, asset TEXT NOT NULL, PRIMARY KEY (consent, asset)) WITHOUT ROWID;
CREATE TABLE holders_licence (
  licence TEXT PRIMARY KEY, right TEXT NOT NULL, valid_until TEXT NOT NULL, outcome TEXT NOT NULL, days INTEGER NOT NULL,
  contract TEXT, over INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX holders_licence_by_end ON holders_licence (valid_until) WHERE over = 0;
CREATE INDEX holders_licence_by_contract ON holders_licence (contract) WHERE contract IS NOT NULL;
CREATE TABLE holders_term (revision TEXT PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE holders_suspended (
  consent TEXT NOT NULL, suspension TEXT NOT NULL, about INTEGER NOT NULL,
  PRIMARY KEY (consent, suspension)) WITHOUT ROWID;
CREATE TABLE holders_matter (
  about INTEGER NOT NULL, kind TEXT NOT NULL, basis_kind TEXT NOT NULL, basis TEXT NOT NULL, since TEXT NOT NULL,
  outcome TEXT, due_at TEXT, how TEXT NOT NULL, PRIMARY KEY (about, basis)) WITHOUT ROWID;
CREATE TABLE holders_consent (
  consent TEXT PRIMARY KEY, person TEXT NOT NULL, survives INTEGER NOT NULL, over INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX holders_consent_by_person ON holders_consent (person);
CREATE INDEX holders_matter_by_basis ON holders_matter (basis, kind);
CREATE TABLE holders_to_tell (
  holder TEXT NOT NULL, about INTEGER NOT NULL, basis TEXT NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL,
  asset TEXT NOT NULL, asks INTEGER NOT NULL, PRIMARY KEY (about, basis, holder, ref)) WITHOUT ROWID;
CREATE TABLE holders_untold (
  party TEXT NOT NULL, about INTEGER NOT NULL, basis TEXT NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL,
  asset TEXT NOT NULL, PRIMARY KEY (party, about, basis, ref)) WITHOUT ROWID;
CREATE INDEX holders_untold_by_matter ON holders_untold (about, basis);
CREATE TABLE holders_notice (
  notice TEXT PRIMARY KEY, holder TEXT NOT NULL, kind TEXT NOT NULL, basis_kind TEXT NOT NULL, basis TEXT NOT NULL,
  about INTEGER NOT NULL, outcome TEXT, due_at TEXT, items TEXT NOT NULL, idx INTEGER NOT NULL, issued_at TEXT NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, tried_at TEXT,
  delivered_by INTEGER, delivered_at TEXT, failed_by INTEGER, failed_why TEXT, received_by INTEGER, received_at TEXT,
  answered_by INTEGER, answered_at TEXT, done TEXT, done_at TEXT, overdue_by INTEGER,
  moot_by INTEGER) WITHOUT ROWID;
CREATE INDEX holders_notice_by_basis ON holders_notice (basis, idx);
CREATE INDEX holders_notice_by_holder ON holders_notice (holder, idx);
CREATE INDEX holders_notice_to_send ON holders_notice (holder, next_at) WHERE settled = 0;
CREATE INDEX holders_notice_to_call ON holders_notice (due_at)
  WHERE answered_by IS NULL AND overdue_by IS NULL AND moot_by IS NULL;
CREATE INDEX holders_notice_unanswered ON holders_notice (due_at) WHERE answered_by IS NULL AND moot_by IS NULL
"""


@dataclass(frozen=True)
class ToTell:
    """One notice that has to be issued: to whom, about which entry, with which of their files."""

    holder: str
    about: int
    kind: str
    basis_kind: str
    basis: str
    outcome: str | None
    due_at: str | None
    items: tuple[NoticeItem, ...]

    @property
    def name(self) -> str:
        return f"{self.holder}/{self.about}/{self.basis}/{self.items[0].tag if self.items else ''}"

    def notice(self, number: str) -> NoticeIssued:
        shape = {"notice": number, "holder": self.holder, "kind": self.kind, self.basis_kind: self.basis}
        asks = {"about": self.about, "outcome": self.outcome, "due_at": self.due_at}
        return NoticeIssued.model_validate({**shape, **asks, "items": self.items})


@dataclass(frozen=True)
class Delivery:
    """A notice whose next attempt is due, after `attempts` that were made."""

    notice: str
    holder: str
    attempts: int


@dataclass(frozen=True)
class Untold:
    """A file that somebody has of whom nobody is registered to be told."""

    party: str
    kind: str
    ref: str
    asset: str


@dataclass(frozen=True)
class Notified:
    """A notice and all that became of it; the `…_by` are entries, the `…_at` instants as the log has them."""

    notice: str
    holder: str
    kind: str
    basis_kind: str
    basis: str
    """The number of the consent, the licence, the right or the clearance."""
    about: int
    outcome: str | None
    due_at: str | None
    items: tuple[dict[str, str], ...]
    entry_index: int
    issued_at: str
    settled: bool
    attempts: int
    next_at: str
    tried_at: str | None
    delivered_by: int | None
    delivered_at: str | None
    failed_by: int | None
    failed_why: str | None
    received_by: int | None
    received_at: str | None
    answered_by: int | None
    answered_at: str | None
    done: str | None
    done_at: str | None
    overdue_by: int | None
    moot_by: int | None
    """The entry that lifted the suspension, or the no, in time: nothing is asked any more."""

    @property
    def standing(self) -> str:
        """One word: `answered`, `overdue`, `received`, `delivered`, `undeliverable`, `attempted` or `issued`."""
        steps = (
            ("answered", self.answered_by),
            ("overdue", self.overdue_by),
            ("received", self.received_by),
            ("delivered", self.delivered_by),
            ("undeliverable", self.failed_by),
            ("attempted", self.attempts or None),
        )
        return next((word for word, entry in steps if entry is not None), "issued")

    @property
    def open(self) -> bool:
        """Something is asked, and it was not done."""
        asked = self.due_at is not None and self.moot_by is None
        return asked and (self.answered_by is None or self.done == "declined")


def notified(row: Sequence[Any]) -> Notified:
    values = list(row)
    values[8], values[11] = tuple(json.loads(row[8])), bool(row[11])
    return Notified(*values)


def groups(rows: Sequence[tuple[Any, ...]]) -> list[ToTell]:
    """Rows in the order of matter and holder, as notices of at most NOTICE_ITEMS_MAX files."""
    found = []
    for (holder, about, _), of_one in groupby(rows, key=lambda row: (row[0], row[1], row[8])):
        same = list(of_one)
        *_, asks, kind, basis_kind, basis, outcome, due_at = same[0]
        matter = (holder, about, kind, basis_kind, basis)
        items = [NoticeItem.model_validate({row[2]: row[3], "asset": row[4]}) for row in same if row[3]]
        if len(items) < len(same):
            asked = (outcome, due_at) if asks else (None, None)
            found.append(ToTell(*matter, asked[0], asked[1], ()))
        for start in range(0, len(items), NOTICE_ITEMS_MAX):
            part = tuple(items[start : start + NOTICE_ITEMS_MAX])
            found.append(ToTell(*matter, outcome, due_at, part))
    return found


def record_notice(db: sqlite3.Connection, said: Said, body: Any) -> None:
    """What one statement changes in a notice's row."""
    if isinstance(body, NoticeIssued):
        _insert(db, said, body)
        return
    now = format_instant(said.recorded_at)
    changes: dict[str, object] = {}
    if isinstance(body, NoticeAttempted):
        next_at = format_instant(said.recorded_at + WAITS[body.number - 1])
        changes = {"attempts": body.number, "tried_at": now, "next_at": next_at}
    elif isinstance(body, NoticeDelivered):
        changes = {"settled": 1, "delivered_by": said.index, "delivered_at": now}
    elif isinstance(body, NoticeFailed):
        changes = {"settled": 1, "failed_by": said.index, "failed_why": body.reason}
    elif isinstance(body, NoticeOverdue):
        changes = {"overdue_by": said.index}
    elif isinstance(body, NoticeAcknowledged):
        changes = _acknowledged(said, body, now)
    assigned = ", ".join(f"{name} = ?" for name in changes)
    db.execute(f"UPDATE holders_notice SET {assigned} WHERE notice = ?", (*changes.values(), body.notice))


def _acknowledged(said: Said, body: NoticeAcknowledged, now: str) -> dict[str, object]:
    if body.done == "received":
        return {"settled": 1, "received_by": said.index, "received_at": now}
    done_at = format_instant(body.done_at) if body.done_at else None
    return {"settled": 1, "answered_by": said.index, "answered_at": now, "done": body.done, "done_at": done_at}


def _insert(db: sqlite3.Connection, said: Said, body: NoticeIssued) -> None:
    now, due_at = format_instant(said.recorded_at), format_instant(body.due_at) if body.due_at else None
    items = json.dumps([item.model_dump(mode="json", exclude_none=True) for item in body.items])
    columns = "notice, holder, kind, basis_kind, basis, about, outcome, due_at, items, idx, issued_at, next_at"
    kind, _, basis = body.basis.partition(":")
    row = (body.notice, body.holder, body.kind, kind, basis, body.about, body.outcome, due_at)
    sql = f"INSERT INTO holders_notice ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    db.execute(sql, (*row, items, said.index, now, now))
