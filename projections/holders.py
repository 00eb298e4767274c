"""Holders: who has what, whom an end or a warning still has to be told, and what became of every notice.

All of it follows from statements alone. What the log says somebody has (a clearance they asked for, a placement on their
platform) waits under a party until a flag says that the file hangs on something that ended; then it waits for whoever is
registered for that party, or, when nobody is, stays visible as told to nobody until somebody registers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ledger.rules.endings import ENDING_TYPES, Ending, ending_of
from ledger.statement import Said
from projections.database import View
from projections.holdertables import (
    SCHEMA,
    Delivery,
    Notified,
    ToTell,
    Untold,
    groups,
    notified,
    record_notice,
)
from schemas.base import format_instant
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.notice import (
    ConsentExpiring,
    HolderEndpointDisabled,
    HolderRegistered,
    NoticeIssued,
    NoticeOverdue,
    NoticeStatement,
)
from schemas.statements.placement import PlacementEnded, PlacementRecorded

EVERYTHING = "*"
"""The party of those who are told of every end."""
NOTICES_PAGE_MAX = 500  # one answer; who reads on passes the last entry index


class Holders(View):
    """Parties are `actor:…` (who asked for a clearance), `platform:…`, `person:…` and `*`."""

    name = "holders"
    version = 1
    schema = SCHEMA
    handled = frozenset(
        {
            "asset.flagged.v1",
            "clearance.issued.v1",
            "consent.expiring.v1",
            "holder.registered.v1",
            "holder.endpoint-disabled.v1",
            "notice.issued.v1",
            "notice.attempted.v1",
            "notice.delivered.v1",
            "notice.failed.v1",
            "notice.acknowledged.v1",
            "notice.overdue.v1",
            "placement.recorded.v1",
            "placement.ended.v1",
            *ENDING_TYPES,
        }
    )
    ignored: frozenset[str] = frozenset(
        {
            "person.registered.v2",
            "person.speaker-changed.v1",
            "person.engagement-ended.v1",
            "consent.requested.v2",
            "consent.granted.v2",
            "consent.renewed.v1",
            "consent.narrowed.v1",
            "consent.suspended.v1",
            "consent.resumed.v1",
            "consent.cut-approved.v1",
            "rulepack.adopted.v1",
            "log.opened.v1",
            "log.indexed.v1",
            "actor.enrolled.v1",
            "actor.key-rotated.v1",
            "actor.key-revoked.v1",
            "actor.admitted.v1",
            "actor.passkey-added.v1",
            "log.keys-rotated.v1",
            "person.registered.v1",
            "consent.requested.v1",
            "consent.granted.v1",
            "consent.refused.v1",
            "brief.drafted.v1",
            "brief.approved.v1",
            "generation.requested.v1",
            "generation.failed.v1",
            "asset.imported.v1",
            "asset.examined.v1",
            "asset.derived.v1",
            "review.approved.v1",
            "review.rejected.v1",
            "clearance.refused.v1",
            "clearance.revoked.v1",
            "evidence.exported.v1",
            "subject.erasure-requested.v1",
            "subject.erasure-begun.v1",
            "subject.erased.v1",
            "hold.placed.v1",
            "hold.released.v1",
            "field.disclosed.v1",
            "placement.observed.v1",
            "right.recorded.v1",
            "right.transferred.v1",
            "asset.right-used.v1",
            "licence.granted.v1",
            "licence.ended.v1",
        }
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        if (ending := ending_of(said)) is not None:
            _ended(db, ending)
        elif isinstance(said.body, NoticeStatement):
            record_notice(db, said, said.body)
        elif (step := _STEPS.get(type(said.body))) is not None:
            step(db, said, said.body)

    # -- what is to be done --------------------------------------------------------------------------------------

    def to_tell(self, limit: int) -> list[ToTell]:
        """Notices that have to be issued, the oldest matter first, each with at most NOTICE_ITEMS_MAX files."""
        sql = """SELECT t.holder, t.about, t.kind, t.ref, t.asset, t.asks, m.kind, m.consent, m.outcome, m.due_at
                 FROM holders_to_tell AS t JOIN holders_matter AS m USING (about)
                 ORDER BY t.about, t.holder, t.ref LIMIT ?"""
        return groups(self._rows(sql, (limit,)))

    def to_call_overdue(self, at: datetime, limit: int) -> list[NoticeOverdue]:
        """Notices whose deadline passed by `at` without an answer, and of which that is not recorded."""
        sql = """SELECT notice, holder, due_at FROM holders_notice
                 WHERE answered_by IS NULL AND overdue_by IS NULL AND due_at <= ? ORDER BY due_at LIMIT ?"""
        rows = self._rows(sql, (format_instant(at), limit))
        return [NoticeOverdue.model_validate({"notice": n, "holder": h, "due_at": due}) for n, h, due in rows]

    def reachable(self) -> list[tuple[str, str, int]]:
        """(holder, endpoint, registered by entry) of everybody to whom notices are sent."""
        sql = """SELECT holder, endpoint, idx FROM holders_holder
                 WHERE endpoint IS NOT NULL AND disabled_by IS NULL ORDER BY holder"""
        return [(holder, endpoint, index) for holder, endpoint, index in self._rows(sql)]

    def to_send(self, holder: str, at: datetime, limit: int) -> list[Delivery]:
        """This holder's notices whose next attempt is due, oldest first. A clock that was put back holds nothing up."""
        sql = """SELECT notice, attempts FROM holders_notice WHERE holder = ? AND settled = 0
                 AND (next_at <= ? OR tried_at > ?) ORDER BY next_at, idx LIMIT ?"""
        now = format_instant(at)
        return [Delivery(notice, holder, attempts) for notice, attempts in self._rows(sql, (holder, now, now, limit))]

    # -- what became of it ---------------------------------------------------------------------------------------

    def notice(self, notice: str) -> Notified | None:
        found = self._notices("notice = ?", (notice,))
        return found[0] if found else None

    def of_consent(self, consent: str, *, after: int = -1, limit: int = NOTICES_PAGE_MAX) -> list[Notified]:
        """Every notice about a consent, oldest first; `after` is an entry index."""
        return self._notices("consent = ? AND idx > ? ORDER BY idx LIMIT ?", (consent, after, limit))

    def of_holder(self, holder: str, *, after: int = -1, limit: int = NOTICES_PAGE_MAX) -> list[Notified]:
        return self._notices("holder = ? AND idx > ? ORDER BY idx LIMIT ?", (holder, after, limit))

    def open_until(self, limit: int) -> list[Notified]:
        """Notices that wait for an answer, the nearest deadline first."""
        return self._notices("answered_by IS NULL AND due_at IS NOT NULL ORDER BY due_at LIMIT ?", (limit,))

    def holders(self) -> list[dict[str, Any]]:
        """Everybody who is registered, as last registered."""
        sql = "SELECT holder, endpoint, disabled_by, idx FROM holders_holder ORDER BY holder"
        names = ("holder", "endpoint", "disabled_by", "entry_index")
        found = [dict(zip(names, row, strict=True)) for row in self._rows(sql)]
        parties = "SELECT party FROM holders_party WHERE holder = ? ORDER BY party"
        return [one | {"parties": [party for (party,) in self._rows(parties, (one["holder"],))]} for one in found]

    def untold(self, consent: str, limit: int = NOTICES_PAGE_MAX) -> list[Untold]:
        """What somebody has of an ended consent for whom nobody is registered: nobody was told."""
        sql = """SELECT u.party, u.kind, u.ref, u.asset FROM holders_untold AS u JOIN holders_matter AS m USING (about)
                 WHERE m.consent = ? ORDER BY u.party, u.ref LIMIT ?"""
        return [Untold(*row) for row in self._rows(sql, (consent, limit))]

    def matter(self, consent: str) -> dict[str, Any] | None:
        """The end of a consent, as it was recorded."""
        sql = """SELECT about, how, ended_at, outcome, due_at FROM holders_matter
                 WHERE consent = ? AND kind = 'ended'"""
        names = ("entry_index", "how", "ended_at", "outcome", "due_at")
        rows = self._rows(sql, (consent,))
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def _notices(self, where: str, parameters: tuple[object, ...]) -> list[Notified]:
        return [notified(row) for row in self._rows(f"SELECT * FROM holders_notice WHERE {where}", parameters)]


# -- what one statement changes ----------------------------------------------------------------------------------


def _registered(db: sqlite3.Connection, said: Said, body: HolderRegistered) -> None:
    row = (body.holder, body.endpoint, said.index)
    db.execute("INSERT OR REPLACE INTO holders_holder VALUES (?, ?, ?, NULL)", row)
    parties = [f"actor:{body.holder}", *(f"platform:{name}" for name in body.platforms)]
    parties += [f"person:{name}" for name in body.persons] + [EVERYTHING] * body.everything
    db.execute("DELETE FROM holders_party WHERE holder = ?", (body.holder,))
    for party in parties:
        db.execute("INSERT OR IGNORE INTO holders_party VALUES (?, ?)", (party, body.holder))
        waiting = "SELECT ?, about, kind, ref, asset, 1 FROM holders_untold WHERE party = ?"
        db.execute(f"INSERT OR IGNORE INTO holders_to_tell {waiting}", (body.holder, party))
        db.execute("DELETE FROM holders_untold WHERE party = ?", (party,))


def _disabled(db: sqlite3.Connection, said: Said, body: HolderEndpointDisabled) -> None:
    sql = "UPDATE holders_holder SET disabled_by = ? WHERE holder = ? AND idx = ?"
    db.execute(sql, (said.index, body.holder, body.registered_by))


def _cleared(db: sqlite3.Connection, said: Said, body: ClearanceIssued) -> None:
    if body.asked_by is not None:
        _has(db, f"actor:{body.asked_by}", ("clearance", body.clearance, body.question.asset), body.consents)


def _placed(db: sqlite3.Connection, said: Said, body: PlacementRecorded) -> None:
    _has(db, f"platform:{body.platform}", ("placement", body.placement, body.asset), body.consents)


def _unplaced(db: sqlite3.Connection, said: Said, body: PlacementEnded) -> None:
    db.execute("DELETE FROM holders_had WHERE asset = ? AND ref = ?", (body.asset, body.placement))


def _has(db: sqlite3.Connection, party: str, thing: tuple[str, str, str], consents: tuple[str, ...]) -> None:
    kind, ref, asset = thing
    db.execute("INSERT INTO holders_had VALUES (?, ?, ?, ?)", (asset, ref, kind, party))
    pairs = [(consent, party) for consent in consents]
    db.executemany("INSERT OR IGNORE INTO holders_under VALUES (?, ?)", pairs)


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    if body.cause != "consent-ended":
        return
    about = db.execute(
        "SELECT about FROM holders_matter WHERE consent = ? AND kind = 'ended'", (body.consent,)
    ).fetchone()
    for ref, kind, party in db.execute(
        "SELECT ref, kind, party FROM holders_had WHERE asset = ?", (body.asset,)
    ).fetchall():
        _queue(db, party, (*about, kind, ref, body.asset))


def _queue(db: sqlite3.Connection, party: str, thing: tuple[int, str, str, str]) -> None:
    """For everybody who is registered for the party; where nobody is, it waits for somebody."""
    told = "SELECT holder, ?, ?, ?, ?, 1 FROM holders_party WHERE party = ?"
    if not db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (*thing, party)).rowcount:
        db.execute("INSERT OR IGNORE INTO holders_untold VALUES (?, ?, ?, ?, ?)", (party, *thing))


def _ended(db: sqlite3.Connection, ending: Ending) -> None:
    instants = (format_instant(ending.ended_at), format_instant(ending.due_at))
    row = (ending.entry_index, "ended", ending.consent, instants[0], ending.outcome, instants[1], ending.kind)
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    _inform(db, ending.entry_index, EVERYTHING, asks=True)
    _inform(db, ending.entry_index, f"person:{ending.person}", asks=False)


def _warned(db: sqlite3.Connection, said: Said, body: ConsentExpiring) -> None:
    row = (said.index, "expiring", body.consent, format_instant(body.valid_until), None, None, f"{body.days}-days")
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    parties = db.execute("SELECT party FROM holders_under WHERE consent = ?", (body.consent,)).fetchall()
    for party in (EVERYTHING, f"person:{body.person}", *(party for (party,) in parties)):
        _inform(db, said.index, party, asks=False)


def _inform(db: sqlite3.Connection, about: int, party: str, *, asks: bool) -> None:
    told = "SELECT holder, ?, '', '', '', ? FROM holders_party WHERE party = ?"
    db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (about, asks, party))


def _issued(db: sqlite3.Connection, said: Said, body: NoticeIssued) -> None:
    record_notice(db, said, body)
    for ref in [item.clearance or item.placement for item in body.items] or [""]:
        sql = "DELETE FROM holders_to_tell WHERE holder = ? AND about = ? AND ref = ?"
        db.execute(sql, (body.holder, body.about, ref))


_STEPS: dict[type, Callable[[sqlite3.Connection, Said, Any], None]] = {
    HolderRegistered: _registered,
    HolderEndpointDisabled: _disabled,
    ClearanceIssued: _cleared,
    PlacementRecorded: _placed,
    PlacementEnded: _unplaced,
    AssetFlagged: _flagged,
    ConsentExpiring: _warned,
    NoticeIssued: _issued,
}
