"""What one statement changes in the holders' view: parties get things, things hang on ends, holders are told and answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger.rules.endings import Ending, ending_of
from ledger.statement import Said
from projections.holdertables import record_notice
from schemas.base import format_instant
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.notice import (
    ConsentExpiring,
    HolderEndpointDisabled,
    HolderRegistered,
    NoticeIssued,
    NoticeStatement,
)
from schemas.statements.placement import PlacementEnded, PlacementRecorded

EVERYTHING = "*"
"""The party of those who are told of every end."""


def change(db: sqlite3.Connection, said: Said) -> None:
    """One statement, whichever it is."""
    if (ending := ending_of(said)) is not None:
        _ended(db, ending)
    elif isinstance(said.body, NoticeStatement):
        record_notice(db, said, said.body)
    elif (step := _STEPS.get(type(said.body))) is not None:
        step(db, said, said.body)


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
    pairs = [(consent, body.placement) for consent in body.consents]
    db.executemany("INSERT OR IGNORE INTO holders_placed VALUES (?, ?, NULL)", pairs)


def _unplaced(db: sqlite3.Connection, said: Said, body: PlacementEnded) -> None:
    db.execute("DELETE FROM holders_had WHERE asset = ? AND ref = ?", (body.asset, body.placement))
    pairs = [(said.index, consent, body.placement) for consent in body.consents]
    db.executemany("UPDATE holders_placed SET ended_by = ? WHERE consent = ? AND placement = ?", pairs)


def _has(db: sqlite3.Connection, party: str, thing: tuple[str, str, str], consents: tuple[str, ...]) -> None:
    kind, ref, asset = thing
    db.execute("INSERT INTO holders_had VALUES (?, ?, ?, ?)", (asset, ref, kind, party))
    pairs = [(consent, party) for consent in consents]
    db.executemany("INSERT OR IGNORE INTO holders_under VALUES (?, ?)", pairs)


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    if body.cause != "consent-ended":
        return
    newest = "SELECT MAX(about) FROM holders_matter WHERE consent = ? AND kind = 'ended'"
    about = db.execute(newest, (body.consent,)).fetchone()
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
