"""What one statement changes for what rests on licences."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger.statement import Said
from projections import ways
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived, AssetFlagged
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked, ClearanceUpheld
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.licence import LicenceEnded, LicenceExpired, LicenceGranted
from schemas.statements.right import RightExpired, RightRecorded, RightUsed

VIEW = "licensed"

_CLOSED = """NOT EXISTS (SELECT 1 FROM licensed_way AS o LEFT JOIN licensed_licence AS ol ON ol.licence = o.licence
  WHERE o.asset = w.asset AND o.right = w.right AND ol.over IS NULL)"""
_TO_FLAG = f"""INSERT OR IGNORE INTO licensed_to_flag SELECT l.over, w.asset, w.right, l.kind, l.basis, l.why
  FROM licensed_way AS w JOIN licensed_licence AS l ON l.licence = w.licence
  WHERE l.over IS NOT NULL AND {_CLOSED}
  AND NOT EXISTS (SELECT 1 FROM licensed_flagged AS f WHERE f.asset = w.asset AND f.basis = l.basis)"""
_RIGHT_TO_FLAG = """INSERT OR IGNORE INTO licensed_to_flag SELECT r.over, w.asset, w.right, 'right', w.right, r.why
  FROM licensed_way AS w JOIN licensed_right AS r ON r.right = w.right
  LEFT JOIN licensed_licence AS l ON l.licence = w.licence
  WHERE r.over IS NOT NULL AND l.over IS NULL
  AND NOT EXISTS (SELECT 1 FROM licensed_flagged AS f WHERE f.asset = w.asset AND f.basis = w.right)"""
"""Files that somebody could use until the right itself ran out; what the end of a licence closed before is flagged for that."""
_TO_WEIGH = """INSERT OR IGNORE INTO licensed_to_weigh SELECT ?, c.clearance, c.asset, ?, ?, ?
  FROM licensed_way AS w JOIN licensed_clearance AS c ON c.asset = w.asset WHERE c.revoked = 0 AND """


def change(db: sqlite3.Connection, said: Said) -> None:
    """One statement, whichever it is."""
    if (step := _STEPS.get(type(said.body))) is not None:
        step(db, said, said.body)


def _derived(db: sqlite3.Connection, said: Said, body: AssetDerived) -> None:
    ways.derived(db, VIEW, body)
    for to_flag in (_TO_FLAG, _RIGHT_TO_FLAG):
        db.execute(f"{to_flag} AND w.asset = ?", (body.asset,))


def _used(db: sqlite3.Connection, said: Said, body: RightUsed) -> None:
    """What waited to be flagged because a licence of this right ended need not be: a way is open again."""
    ways.used(db, VIEW, body)
    family = f"{ways.family(VIEW)} SELECT asset FROM walk"
    opened = f"DELETE FROM licensed_to_flag WHERE kind != 'right' AND right = ?2 AND asset IN ({family})"
    db.execute(opened, (body.asset, body.right))
    db.execute(f"{_RIGHT_TO_FLAG} AND w.right = ?2 AND w.asset IN ({family})", (body.asset, body.right))
    ran_out = "SELECT over, why FROM licensed_right WHERE right = ? AND over IS NOT NULL"
    for about, why in db.execute(ran_out, (body.right,)).fetchall():
        db.execute(f"{_TO_WEIGH} w.right = ?", (about, "right", body.right, why, body.right))


def _recorded(db: sqlite3.Connection, said: Said, body: RightRecorded) -> None:
    until = format_instant(body.valid_until) if body.valid_until else None
    db.execute("INSERT INTO licensed_right VALUES (?, ?, NULL, NULL)", (body.right, until))


def _ran_out(db: sqlite3.Connection, said: Said, body: RightExpired) -> None:
    why = f"right {body.right} ran out, as entry {said.index} records"
    db.execute("UPDATE licensed_right SET over = ?, why = ? WHERE right = ?", (said.index, why, body.right))
    db.execute(f"{_TO_WEIGH} w.right = ?", (said.index, "right", body.right, why, body.right))
    db.execute(f"{_RIGHT_TO_FLAG} AND w.right = ?", (body.right,))


def _granted(db: sqlite3.Connection, said: Said, body: LicenceGranted) -> None:
    contract = body.source.tag if body.source else None
    row = (body.licence, body.right, contract)
    db.execute("INSERT INTO licensed_licence VALUES (?, ?, ?, NULL, NULL, NULL, NULL)", row)


def _ended(db: sqlite3.Connection, said: Said, body: LicenceEnded | LicenceExpired) -> None:
    how = "expired" if isinstance(body, LicenceExpired) else body.cause
    why = f"licence {body.licence} was ended by entry {said.index} ({how})"
    _over(db, body.licence, (said.index, "licence", body.licence, why))


def _term(db: sqlite3.Connection, said: Said, body: ContractTermRecorded) -> None:
    """Changed terms have clearances weighed anew; only a terminated contract closes the way itself."""
    basis = ways.revision_of(body.source)
    older = f"{body.source.system}/{body.source.ref}/"  # only the newest revision counts, so nothing waits for another
    for table in ("licensed_to_weigh", "licensed_to_flag"):
        sql = f"DELETE FROM {table} WHERE kind = 'contract' AND substr(basis, 1, ?) = ?"
        db.execute(sql, (len(older), older))
    found = "SELECT licence FROM licensed_licence WHERE contract = ?"
    for (licence,) in db.execute(found, (body.source.tag,)).fetchall():
        why = f"contract {body.source.ref} was terminated by entry {said.index}"
        if body.terminated:
            _over(db, licence, (said.index, "contract", basis, why))
        else:
            _reopened(db, licence)
            db.execute(f"{_TO_WEIGH} w.licence = ?", (said.index, "contract", basis, why, licence))


def _over(db: sqlite3.Connection, licence: str, by: tuple[int, str, str, str]) -> None:
    sql = "UPDATE licensed_licence SET over = ?, kind = ?, basis = ?, why = ? WHERE licence = ?"
    db.execute(sql, (*by, licence))
    db.execute(f"{_TO_WEIGH} w.licence = ?", (*by, licence))
    db.execute(f"{_TO_FLAG} AND w.licence = ?", (licence,))


def _reopened(db: sqlite3.Connection, licence: str) -> None:
    """A later revision that runs again opens what an earlier one had closed; what a licence's own end closed stays closed."""
    again = """UPDATE licensed_licence SET over = NULL, kind = NULL, basis = NULL, why = NULL
               WHERE licence = ? AND kind = 'contract' RETURNING right"""
    for (right,) in db.execute(again, (licence,)).fetchall():
        of_it = "SELECT asset FROM licensed_way WHERE licence = ?"
        sql = f"DELETE FROM licensed_to_flag WHERE kind != 'right' AND right = ? AND asset IN ({of_it})"
        db.execute(sql, (right, licence))


def _issued(db: sqlite3.Connection, said: Said, body: ClearanceIssued) -> None:
    db.execute("INSERT INTO licensed_clearance VALUES (?, ?, 0)", (body.question.asset, body.clearance))


def _revoked(db: sqlite3.Connection, said: Said, body: ClearanceRevoked) -> None:
    sql = "UPDATE licensed_clearance SET revoked = 1 WHERE asset = ? AND clearance = ?"
    db.execute(sql, (body.asset, body.clearance))
    db.execute("DELETE FROM licensed_to_weigh WHERE clearance = ?", (body.clearance,))


def _upheld(db: sqlite3.Connection, said: Said, body: ClearanceUpheld) -> None:
    db.execute("DELETE FROM licensed_to_weigh WHERE about = ? AND clearance = ?", (body.about, body.clearance))


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    basis = body.licence or body.right or (ways.revision_of(body.contract) if body.contract else None)
    if basis is not None:
        db.execute("INSERT OR IGNORE INTO licensed_flagged VALUES (?, ?)", (body.asset, basis))
        db.execute("DELETE FROM licensed_to_flag WHERE asset = ? AND basis = ?", (body.asset, basis))


_STEPS: dict[type, Callable[[sqlite3.Connection, Said, Any], None]] = {
    AssetDerived: _derived,
    RightRecorded: _recorded,
    RightExpired: _ran_out,
    RightUsed: _used,
    LicenceGranted: _granted,
    LicenceEnded: _ended,
    LicenceExpired: _ended,
    ContractTermRecorded: _term,
    ClearanceIssued: _issued,
    ClearanceRevoked: _revoked,
    ClearanceUpheld: _upheld,
    AssetFlagged: _flagged,
}
