"""Whom something concerns: when a matter arises, and when a file hangs on one, who has to be told (SPEC S10.2, S10.11)."""

from __future__ import annotations

import sqlite3

from ledger.rules.matters import Matter
from schemas.base import format_instant

EVERYTHING = "*"
"""The party of those who are told of every end."""


def arisen(db: sqlite3.Connection, matter: Matter) -> None:
    """Of an end of a consent or a right whoever has a file is told when that is flagged; of most else at once."""
    due_at = format_instant(matter.due_at) if matter.due_at is not None else None
    about, instants = (matter.entry_index, matter.basis), (format_instant(matter.since), due_at)
    row = (about[0], matter.kind, matter.basis_kind, matter.basis, instants[0], matter.outcome, instants[1], matter.how)
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    if matter.kind == "resumed":
        _resumed(db, matter)
    elif matter.kind == "contract-changed":
        if matter.how == "terminated":
            inform(db, about, EVERYTHING, asks=True)
    else:
        inform(db, about, EVERYTHING, asks=True)
        if matter.kind == "ended":
            _ended(db, about, matter)
        if matter.basis_kind == "consent":
            _of_consent(db, about, matter)


def _ended(db: sqlite3.Connection, about: tuple[int, str], matter: Matter) -> None:
    """Of a licence's end whoever shows something under it is told at once; and of every end who has what was flagged early."""
    if matter.basis_kind == "licence":
        placed = "SELECT placement, asset FROM holders_placed WHERE basis = ? AND ended_by IS NULL"
        for placement, asset in db.execute(placed, (matter.basis,)).fetchall():
            _queue_one(db, about, asset, placement)
    early = db.execute("DELETE FROM holders_early WHERE consent = ? RETURNING asset", (matter.basis,)).fetchall()
    for (asset,) in early:
        queue_asset(db, about, asset, placed=matter.basis_kind != "licence")


def _of_consent(db: sqlite3.Connection, about: tuple[int, str], matter: Matter) -> None:
    """Nothing goes on now, so nobody is told any more that it may."""
    if matter.kind != "narrowed":
        of_it = "SELECT about FROM holders_matter WHERE basis = ?1 AND kind = 'resumed'"
        db.execute(f"DELETE FROM holders_to_tell WHERE basis = ?1 AND about IN ({of_it})", (matter.basis,))
    if matter.kind == "ended":
        db.execute("UPDATE holders_consent SET over = 1 WHERE consent = ?", (matter.basis,))
    else:
        for (party,) in db.execute("SELECT party FROM holders_under WHERE basis = ?", (matter.basis,)).fetchall():
            inform(db, about, party, asks=True)
    if matter.kind == "suspended":
        row = (matter.basis, matter.suspension, matter.entry_index)
        db.execute("INSERT OR IGNORE INTO holders_suspended VALUES (?, ?, ?)", row)
    inform(db, about, f"person:{matter.person}", asks=False)


def _resumed(db: sqlite3.Connection, matter: Matter) -> None:
    """Whoever was told to pause hears, once nothing stops it any more, that it may go on. Who was not told need not be."""
    lifted = "DELETE FROM holders_suspended WHERE consent = ? AND suspension = ? RETURNING about"
    for (about,) in db.execute(lifted, (matter.basis, matter.suspension)).fetchall():
        db.execute("DELETE FROM holders_to_tell WHERE basis = ? AND about = ?", (matter.basis, about))
        moot = "UPDATE holders_notice SET moot_by = ? WHERE basis = ? AND about = ? AND due_at > ?"
        db.execute(moot, (matter.entry_index, matter.basis, about, format_instant(matter.since)))
    if db.execute("SELECT 1 FROM holders_suspended WHERE consent = ?", (matter.basis,)).fetchone():
        return
    last = """SELECT holder, kind, MAX(idx) FROM holders_notice
              WHERE basis = ? AND kind IN ('suspended', 'resumed') GROUP BY holder"""  # the kind is the newest row's
    told = f"SELECT holder, ?, ?, '', '', '', 0 FROM ({last}) WHERE kind = 'suspended'"
    db.execute(f"INSERT INTO holders_to_tell {told}", (matter.entry_index, matter.basis, matter.basis))


def inform(db: sqlite3.Connection, about: tuple[int, str], party: str, *, asks: bool) -> None:
    """Everybody who is registered for the party, of the matter itself, unless they were told of it."""
    told = """SELECT holder, ?1, ?2, '', '', '', ?3 FROM holders_party AS p WHERE party = ?4 AND NOT EXISTS (
              SELECT 1 FROM holders_notice AS n
              WHERE n.basis = ?2 AND n.about = ?1 AND n.holder = p.holder AND n.items = '[]')"""
    db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (*about, asks, party))


def queue_asset(db: sqlite3.Connection, about: tuple[int, str], asset: str, *, placed: bool = True) -> None:
    """Of a licence whoever shows something under it was told at its end; what is left is whoever has it cleared."""
    had = "SELECT ref, kind, party FROM holders_had WHERE asset = ? AND (? OR kind = 'clearance')"
    for ref, kind, party in db.execute(had, (asset, placed)).fetchall():
        queue(db, party, (*about, kind, ref, asset))


def queue(db: sqlite3.Connection, party: str, thing: tuple[int, str, str, str, str]) -> None:
    """For everybody who is registered for the party; where nobody is, it waits for somebody."""
    if db.execute("SELECT 1 FROM holders_party WHERE party = ?", (party,)).fetchone():
        told = "SELECT holder, ?, ?, ?, ?, ?, 1 FROM holders_party WHERE party = ?"
        db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (*thing, party))
    else:
        db.execute("INSERT OR IGNORE INTO holders_untold VALUES (?, ?, ?, ?, ?, ?)", (party, *thing))


def _queue_one(db: sqlite3.Connection, about: tuple[int, str], asset: str, ref: str) -> None:
    had = "SELECT kind, party FROM holders_had WHERE asset = ? AND ref = ?"
    for kind, party in db.execute(had, (asset, ref)).fetchall():
        queue(db, party, (*about, kind, ref, asset))
