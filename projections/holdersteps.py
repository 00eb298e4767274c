"""What one statement changes in the holders' view: parties get things, what things hang on ends, holders are told and answer.

Whom something that arose concerns stands in `holdertelling`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger.rules.matters import contract_matter, engagement_matter, matter_of, reverified_matter
from ledger.statement import Said
from projections import ways
from projections.holdertables import VIEW, record_notice
from projections.holdertelling import EVERYTHING, arisen, inform, queue, queue_asset
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived, AssetFlagged
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked
from schemas.statements.consent import ConsentGranted
from schemas.statements.consent_changes import ConsentRenewed
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.licence import AtEnd, LicenceEnded, LicenceExpired, LicenceGranted
from schemas.statements.notice import (
    ConsentExpiring,
    HolderEndpointDisabled,
    HolderRegistered,
    NoticeIssued,
    NoticeStatement,
)
from schemas.statements.person import PersonEngagementEnded
from schemas.statements.placement import PlacementEnded, PlacementRecorded
from schemas.statements.reverification import ClearanceReverified
from schemas.statements.right import RightUsed


def change(db: sqlite3.Connection, said: Said) -> None:
    """One statement, whichever it is."""
    if (matter := matter_of(said, _at_end(db, said))) is not None:
        arisen(db, matter)
    elif isinstance(said.body, NoticeStatement):
        record_notice(db, said, said.body)
    elif (step := _STEPS.get(type(said.body))) is not None:
        step(db, said, said.body)


def _at_end(db: sqlite3.Connection, said: Said) -> AtEnd | None:
    """What the licence that the statement ends leaves to whoever shows something under it."""
    if not isinstance(said.body, LicenceEnded | LicenceExpired):
        return None
    sql = "UPDATE holders_licence SET over = 1 WHERE licence = ? RETURNING outcome, days"
    row = db.execute(sql, (said.body.licence,)).fetchall()[0]
    return AtEnd(outcome=row[0], days=row[1])


def _registered(db: sqlite3.Connection, said: Said, body: HolderRegistered) -> None:
    row = (body.holder, body.endpoint, said.index)
    db.execute("INSERT OR REPLACE INTO holders_holder VALUES (?, ?, ?, NULL)", row)
    parties = [f"actor:{body.holder}", *(f"platform:{name}" for name in body.platforms)]
    parties += [f"person:{name}" for name in body.persons] + [EVERYTHING] * body.everything
    db.execute("DELETE FROM holders_party WHERE holder = ?", (body.holder,))
    for party in parties:
        db.execute("INSERT OR IGNORE INTO holders_party VALUES (?, ?)", (party, body.holder))
        waiting = "SELECT ?, about, basis, kind, ref, asset, 1 FROM holders_untold WHERE party = ?"
        db.execute(f"INSERT OR IGNORE INTO holders_to_tell {waiting}", (body.holder, party))
        db.execute("DELETE FROM holders_untold WHERE party = ?", (party,))


def _disabled(db: sqlite3.Connection, said: Said, body: HolderEndpointDisabled) -> None:
    sql = "UPDATE holders_holder SET disabled_by = ? WHERE holder = ? AND idx = ?"
    db.execute(sql, (said.index, body.holder, body.registered_by))


def _granted(db: sqlite3.Connection, said: Said, body: LicenceGranted) -> None:
    contract = body.source.tag if body.source else None
    row = (
        body.licence,
        body.right,
        format_instant(body.terms.valid_until),
        body.at_end.outcome,
        body.at_end.days,
        contract,
    )
    db.execute("INSERT INTO holders_licence VALUES (?, ?, ?, ?, ?, ?, 0)", row)


def _cleared(db: sqlite3.Connection, said: Said, body: ClearanceIssued) -> None:
    if body.asked_by is not None:
        thing = ("clearance", body.clearance, body.question.asset, body.clearance)
        _has(db, f"actor:{body.asked_by}", thing, body.consents)


def _placed(db: sqlite3.Connection, said: Said, body: PlacementRecorded) -> None:
    rests_on = (*body.consents, *body.licences)
    thing = ("placement", body.placement, body.asset, body.clearance)
    _has(db, f"platform:{body.platform}", thing, rests_on)
    pairs = [(basis, body.placement, body.asset) for basis in rests_on]
    db.executemany("INSERT OR IGNORE INTO holders_placed VALUES (?, ?, ?, NULL)", pairs)


def _unplaced(db: sqlite3.Connection, said: Said, body: PlacementEnded) -> None:
    db.execute("DELETE FROM holders_had WHERE asset = ? AND ref = ?", (body.asset, body.placement))
    pairs = [(said.index, basis, body.placement) for basis in (*body.consents, *body.licences)]
    db.executemany("UPDATE holders_placed SET ended_by = ? WHERE basis = ? AND placement = ?", pairs)


def _has(db: sqlite3.Connection, party: str, thing: tuple[str, str, str, str], rests_on: tuple[str, ...]) -> None:
    """`thing`: its kind, its number, its file, and the clearance that it is or rests on."""
    kind, ref, asset, clearance = thing
    db.execute("INSERT INTO holders_had VALUES (?, ?, ?, ?, ?)", (asset, ref, kind, party, clearance))
    pairs = [(basis, party) for basis in rests_on]
    db.executemany("INSERT OR IGNORE INTO holders_under VALUES (?, ?)", pairs)


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    """Everybody who has the file is told. A flag may stand before the record of the end; then that queues them."""
    bases = {"consent-ended": body.consent, "licence-ended": body.licence, "right-ended": body.right}
    basis = bases.get(body.cause)
    if basis is None:
        return
    newest = "SELECT MAX(about) FROM holders_matter WHERE basis = ? AND kind = 'ended'"
    (about,) = db.execute(newest, (basis,)).fetchone()
    if about is None:
        db.execute("INSERT OR IGNORE INTO holders_early VALUES (?, ?)", (basis, body.asset))
        return
    queue_asset(db, (about, basis), body.asset, placed=body.licence is None)


def _warned(db: sqlite3.Connection, said: Said, body: ConsentExpiring) -> None:
    until, how = format_instant(body.valid_until), f"{body.days}-days"
    row = (said.index, "expiring", "consent", body.consent, until, None, None, how)
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    parties = db.execute("SELECT party FROM holders_under WHERE basis = ?", (body.consent,)).fetchall()
    for party in (EVERYTHING, f"person:{body.person}", *(party for (party,) in parties)):
        inform(db, (said.index, body.consent), party, asks=False)


def _issued(db: sqlite3.Connection, said: Said, body: NoticeIssued) -> None:
    record_notice(db, said, body)
    for ref in [item.clearance or item.placement for item in body.items] or [""]:
        sql = "DELETE FROM holders_to_tell WHERE holder = ? AND about = ? AND basis = ? AND ref = ?"
        db.execute(sql, (body.holder, body.about, body.basis.partition(":")[2], ref))


def _agreed(db: sqlite3.Connection, said: Said, body: ConsentGranted) -> None:
    row = (body.consent, body.person, body.survives_engagement, False)
    db.execute("INSERT OR IGNORE INTO holders_consent VALUES (?, ?, ?, ?)", row)


def _left(db: sqlite3.Connection, said: Said, body: PersonEngagementEnded) -> None:
    """Every consent of the person that does not survive the engagement is suspended by this one entry (SPEC S4.13)."""
    found = "SELECT consent FROM holders_consent WHERE person = ? AND survives = 0 AND over = 0 ORDER BY consent"
    for (consent,) in db.execute(found, (body.person,)).fetchall():
        arisen(db, engagement_matter(said, body, consent))


def _renewed(db: sqlite3.Connection, said: Said, body: ConsentRenewed) -> None:
    db.execute("UPDATE holders_consent SET over = 0 WHERE consent = ?", (body.consent,))


def _changed(db: sqlite3.Connection, said: Said, body: ContractTermRecorded) -> None:
    """Nobody is told that terms changed: only what they leave uncovered (`_uncovered`), and of an end whoever asked for all."""
    db.execute("INSERT INTO holders_term VALUES (?, ?)", (ways.revision_of(body.source), said.index))
    found = "SELECT licence, outcome, days FROM holders_licence WHERE contract = ? ORDER BY licence"
    for licence, outcome, days in db.execute(found, (body.source.tag,)).fetchall():
        arisen(db, contract_matter(said, body, licence, AtEnd(outcome=outcome, days=days)))


def _uncovered(db: sqlite3.Connection, said: Said, body: ClearanceRevoked) -> None:
    """A changed contract cost a clearance: whoever has it, or shows something under it, is told for each licence."""
    if body.contract is None:
        return
    term = "SELECT idx FROM holders_term WHERE revision = ?"
    (index,) = db.execute(term, (ways.revision_of(body.contract),)).fetchone()
    licences = """SELECT DISTINCT l.licence FROM holders_way AS w JOIN holders_licence AS l ON l.licence = w.licence
                  JOIN holders_matter AS m ON m.about = ? AND m.basis = l.licence WHERE w.asset = ? AND l.contract = ?"""
    had = "SELECT ref, kind, party FROM holders_had WHERE asset = ? AND clearance = ?"
    things = db.execute(had, (body.asset, body.clearance)).fetchall()
    for (licence,) in db.execute(licences, (index, body.asset, body.contract.tag)).fetchall():
        inform(db, (index, licence), EVERYTHING, asks=True)
        for ref, kind, party in things:
            queue(db, party, (index, licence, kind, ref, body.asset))


def _reverified(db: sqlite3.Connection, said: Said, body: ClearanceReverified) -> None:
    """Whoever has the clearance, or shows the file under it. Of several the last is told; a yes lifts what a no asked for."""
    matter = reverified_matter(said, body)
    db.execute("DELETE FROM holders_to_tell WHERE basis = ?", (body.clearance,))
    db.execute("DELETE FROM holders_untold WHERE basis = ?", (body.clearance,))
    if matter.outcome is None:
        moot = "UPDATE holders_notice SET moot_by = ? WHERE basis = ? AND due_at > ?"
        db.execute(moot, (said.index, body.clearance, format_instant(matter.since)))
    arisen(db, matter)
    about = (said.index, body.clearance)
    had = "SELECT ref, kind, party FROM holders_had WHERE asset = ? AND clearance = ?"
    for ref, kind, party in db.execute(had, (body.asset, body.clearance)).fetchall():
        if matter.outcome is None:
            inform(db, about, party, asks=False)
        else:
            queue(db, party, (*about, kind, ref, body.asset))


_STEPS: dict[type, Callable[[sqlite3.Connection, Said, Any], None]] = {
    HolderRegistered: _registered,
    HolderEndpointDisabled: _disabled,
    AssetDerived: lambda db, said, body: ways.derived(db, VIEW, body),
    RightUsed: lambda db, said, body: ways.used(db, VIEW, body),
    ClearanceIssued: _cleared,
    ClearanceRevoked: _uncovered,
    ClearanceReverified: _reverified,
    ContractTermRecorded: _changed,
    ConsentGranted: _agreed,
    ConsentRenewed: _renewed,
    PersonEngagementEnded: _left,
    LicenceGranted: _granted,
    PlacementRecorded: _placed,
    PlacementEnded: _unplaced,
    AssetFlagged: _flagged,
    ConsentExpiring: _warned,
    NoticeIssued: _issued,
}
