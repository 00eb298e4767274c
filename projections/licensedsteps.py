"""What one statement changes for what rests on licences."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from ledger.statement import Said
from schemas.statements.asset import AssetDerived, AssetFlagged
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked, ClearanceUpheld
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.licence import LicenceEnded, LicenceExpired, LicenceGranted, Source
from schemas.statements.right import RightUsed

_CLOSED = """NOT EXISTS (SELECT 1 FROM licensed_way AS o LEFT JOIN licensed_licence AS ol ON ol.licence = o.licence
  WHERE o.asset = w.asset AND o.right = w.right AND ol.over IS NULL)"""
_TO_FLAG = f"""INSERT OR IGNORE INTO licensed_to_flag SELECT l.over, w.asset, w.right, l.kind, l.basis, l.why
  FROM licensed_way AS w JOIN licensed_licence AS l ON l.licence = w.licence
  WHERE l.over IS NOT NULL AND {_CLOSED}
  AND NOT EXISTS (SELECT 1 FROM licensed_flagged AS f WHERE f.asset = w.asset AND f.basis = l.basis)"""
_TO_WEIGH = """INSERT OR IGNORE INTO licensed_to_weigh SELECT ?, c.clearance, c.asset, ?, ?, ?
  FROM licensed_way AS w JOIN licensed_clearance AS c ON c.asset = w.asset WHERE w.licence = ?"""
_FAMILY = """WITH RECURSIVE walk (asset) AS (VALUES (?) UNION
  SELECT e.child FROM walk CROSS JOIN licensed_edge AS e ON e.parent = walk.asset)"""


def change(db: sqlite3.Connection, said: Said) -> None:
    """One statement, whichever it is."""
    if (step := _STEPS.get(type(said.body))) is not None:
        step(db, said, said.body)


def _basis(source: Source) -> str:
    return f"{source.system}/{source.ref}/{source.revision}"


def contract_of(basis: str) -> Source:
    """The contract's revision that a row names; no part of it can hold a slash."""
    system, ref, revision = basis.split("/")
    return Source(system=system, ref=ref, revision=revision)


def _derived(db: sqlite3.Connection, said: Said, body: AssetDerived) -> None:
    parents = tuple(dict.fromkeys(body.parents))
    db.executemany("INSERT INTO licensed_edge VALUES (?, ?)", [(parent, body.asset) for parent in parents])
    sql = """INSERT OR IGNORE INTO licensed_way SELECT ?, right, licence FROM licensed_way
             WHERE asset IN (SELECT value FROM json_each(?))"""
    db.execute(sql, (body.asset, json.dumps(parents)))
    db.execute(f"{_TO_FLAG} AND w.asset = ?", (body.asset,))


def _used(db: sqlite3.Connection, said: Said, body: RightUsed) -> None:
    """A way more, for the file and all that was made from it: what waited to be flagged for this right need not be."""
    way = (body.asset, body.right, body.licence or "")
    db.execute(f"INSERT OR IGNORE INTO licensed_way {_FAMILY} SELECT asset, ?, ? FROM walk", way)
    opened = f"DELETE FROM licensed_to_flag WHERE right = ?2 AND asset IN ({_FAMILY.replace('?', '?1')} SELECT asset FROM walk)"
    db.execute(opened, way[:2])


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
    basis = _basis(body.source)
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
            db.execute(_TO_WEIGH, (said.index, "contract", basis, why, licence))


def _over(db: sqlite3.Connection, licence: str, by: tuple[int, str, str, str]) -> None:
    sql = "UPDATE licensed_licence SET over = ?, kind = ?, basis = ?, why = ? WHERE licence = ?"
    db.execute(sql, (*by, licence))
    db.execute(_TO_WEIGH, (*by, licence))
    db.execute(f"{_TO_FLAG} AND w.licence = ?", (licence,))


def _reopened(db: sqlite3.Connection, licence: str) -> None:
    """A later revision that runs again opens what an earlier one had closed; what a licence's own end closed stays closed."""
    again = """UPDATE licensed_licence SET over = NULL, kind = NULL, basis = NULL, why = NULL
               WHERE licence = ? AND kind = 'contract' RETURNING right"""
    for (right,) in db.execute(again, (licence,)).fetchall():
        of_it = "SELECT asset FROM licensed_way WHERE licence = ?"
        db.execute(f"DELETE FROM licensed_to_flag WHERE right = ? AND asset IN ({of_it})", (right, licence))


def _issued(db: sqlite3.Connection, said: Said, body: ClearanceIssued) -> None:
    db.execute("INSERT INTO licensed_clearance VALUES (?, ?)", (body.question.asset, body.clearance))


def _revoked(db: sqlite3.Connection, said: Said, body: ClearanceRevoked) -> None:
    db.execute("DELETE FROM licensed_clearance WHERE asset = ? AND clearance = ?", (body.asset, body.clearance))
    db.execute("DELETE FROM licensed_to_weigh WHERE clearance = ?", (body.clearance,))


def _upheld(db: sqlite3.Connection, said: Said, body: ClearanceUpheld) -> None:
    db.execute("DELETE FROM licensed_to_weigh WHERE about = ? AND clearance = ?", (body.about, body.clearance))


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    basis = body.licence or (_basis(body.contract) if body.contract else None)
    if basis is not None:
        db.execute("INSERT OR IGNORE INTO licensed_flagged VALUES (?, ?)", (body.asset, basis))
        db.execute("DELETE FROM licensed_to_flag WHERE asset = ? AND basis = ?", (body.asset, basis))


_STEPS: dict[type, Callable[[sqlite3.Connection, Said, Any], None]] = {
    AssetDerived: _derived,
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
