"""What one statement changes in the holders' view: parties get things, things hang on ends, holders are told and answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger.rules.matters import Matter, engagement_matter, matter_of
from ledger.statement import Said
from projections.holdertables import record_notice
from schemas.base import format_instant
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.consent import ConsentGranted
from schemas.statements.consent_changes import ConsentRenewed, ConsentResumed
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

EVERYTHING = "*"
"""The party of those who are told of every end."""


def change(db: sqlite3.Connection, said: Said) -> None:
    """One statement, whichever it is."""
    if (matter := matter_of(said, _at_end(db, said))) is not None:
        _arisen(db, matter)
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
    row = (body.licence, body.right, format_instant(body.terms.valid_until), body.at_end.outcome, body.at_end.days)
    db.execute("INSERT INTO holders_licence VALUES (?, ?, ?, ?, ?, 0)", row)


def _cleared(db: sqlite3.Connection, said: Said, body: ClearanceIssued) -> None:
    if body.asked_by is not None:
        _has(db, f"actor:{body.asked_by}", ("clearance", body.clearance, body.question.asset), body.consents)


def _placed(db: sqlite3.Connection, said: Said, body: PlacementRecorded) -> None:
    rests_on = (*body.consents, *body.licences)
    _has(db, f"platform:{body.platform}", ("placement", body.placement, body.asset), rests_on)
    pairs = [(basis, body.placement, body.asset) for basis in rests_on]
    db.executemany("INSERT OR IGNORE INTO holders_placed VALUES (?, ?, ?, NULL)", pairs)


def _unplaced(db: sqlite3.Connection, said: Said, body: PlacementEnded) -> None:
    db.execute("DELETE FROM holders_had WHERE asset = ? AND ref = ?", (body.asset, body.placement))
    pairs = [(said.index, basis, body.placement) for basis in (*body.consents, *body.licences)]
    db.executemany("UPDATE holders_placed SET ended_by = ? WHERE basis = ? AND placement = ?", pairs)


def _has(db: sqlite3.Connection, party: str, thing: tuple[str, str, str], rests_on: tuple[str, ...]) -> None:
    kind, ref, asset = thing
    db.execute("INSERT INTO holders_had VALUES (?, ?, ?, ?)", (asset, ref, kind, party))
    pairs = [(basis, party) for basis in rests_on]
    db.executemany("INSERT OR IGNORE INTO holders_under VALUES (?, ?)", pairs)


def _flagged(db: sqlite3.Connection, said: Said, body: AssetFlagged) -> None:
    """Everybody who has the file is told. A flag may stand before the record of the end; then that queues them."""
    basis = {"consent-ended": body.consent, "licence-ended": body.licence}.get(body.cause)
    if basis is None:
        return
    newest = "SELECT MAX(about) FROM holders_matter WHERE basis = ? AND kind = 'ended'"
    (about,) = db.execute(newest, (basis,)).fetchone()
    if about is None:
        db.execute("INSERT OR IGNORE INTO holders_early VALUES (?, ?)", (basis, body.asset))
        return
    _queue_asset(db, (about, basis), body.asset, placed=body.licence is None)


def _queue_asset(db: sqlite3.Connection, about: tuple[int, str], asset: str, *, placed: bool = True) -> None:
    """Of a licence whoever shows something under it was told at its end; what is left is whoever has it cleared."""
    had = "SELECT ref, kind, party FROM holders_had WHERE asset = ? AND (? OR kind = 'clearance')"
    for ref, kind, party in db.execute(had, (asset, placed)).fetchall():
        _queue(db, party, (*about, kind, ref, asset))


def _queue(db: sqlite3.Connection, party: str, thing: tuple[int, str, str, str, str]) -> None:
    """For everybody who is registered for the party; where nobody is, it waits for somebody."""
    if db.execute("SELECT 1 FROM holders_party WHERE party = ?", (party,)).fetchone():
        told = "SELECT holder, ?, ?, ?, ?, ?, 1 FROM holders_party WHERE party = ?"
        db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (*thing, party))
    else:
        db.execute("INSERT OR IGNORE INTO holders_untold VALUES (?, ?, ?, ?, ?, ?)", (party, *thing))


def _arisen(db: sqlite3.Connection, matter: Matter) -> None:
    """Of a consent's end whoever has a file is told when that is flagged; of everything else at once."""
    about, instants = (matter.entry_index, matter.basis), (format_instant(matter.since), format_instant(matter.due_at))
    row = (about[0], matter.kind, matter.basis_kind, matter.basis, instants[0], matter.outcome, instants[1], matter.how)
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    _inform(db, about, EVERYTHING, asks=True)
    if matter.basis_kind == "licence":
        placed = "SELECT placement, asset FROM holders_placed WHERE basis = ? AND ended_by IS NULL"
        for placement, asset in db.execute(placed, (matter.basis,)).fetchall():
            _queue_one(db, about, asset, placement)
    if matter.kind == "ended":
        early = db.execute("DELETE FROM holders_early WHERE consent = ? RETURNING asset", (matter.basis,)).fetchall()
        for (asset,) in early:
            _queue_asset(db, about, asset, placed=matter.basis_kind == "consent")
    if matter.basis_kind == "licence":
        return
    if matter.kind == "ended":
        db.execute("UPDATE holders_consent SET over = 1 WHERE consent = ?", (matter.basis,))
    if matter.kind != "ended":
        for (party,) in db.execute("SELECT party FROM holders_under WHERE basis = ?", (matter.basis,)).fetchall():
            _inform(db, about, party, asks=True)
    _inform(db, about, f"person:{matter.person}", asks=False)


def _queue_one(db: sqlite3.Connection, about: tuple[int, str], asset: str, ref: str) -> None:
    had = "SELECT kind, party FROM holders_had WHERE asset = ? AND ref = ?"
    for kind, party in db.execute(had, (asset, ref)).fetchall():
        _queue(db, party, (*about, kind, ref, asset))


def _warned(db: sqlite3.Connection, said: Said, body: ConsentExpiring) -> None:
    until, how = format_instant(body.valid_until), f"{body.days}-days"
    row = (said.index, "expiring", "consent", body.consent, until, None, None, how)
    db.execute("INSERT INTO holders_matter VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    parties = db.execute("SELECT party FROM holders_under WHERE basis = ?", (body.consent,)).fetchall()
    for party in (EVERYTHING, f"person:{body.person}", *(party for (party,) in parties)):
        _inform(db, (said.index, body.consent), party, asks=False)


def _inform(db: sqlite3.Connection, about: tuple[int, str], party: str, *, asks: bool) -> None:
    told = "SELECT holder, ?, ?, '', '', '', ? FROM holders_party WHERE party = ?"
    db.execute(f"INSERT OR IGNORE INTO holders_to_tell {told}", (*about, asks, party))


def _issued(db: sqlite3.Connection, said: Said, body: NoticeIssued) -> None:
    record_notice(db, said, body)
    for ref in [item.clearance or item.placement for item in body.items] or [""]:
        sql = "DELETE FROM holders_to_tell WHERE holder = ? AND about = ? AND basis = ? AND ref = ?"
        db.execute(sql, (body.holder, body.about, body.consent or body.licence, ref))


def _agreed(db: sqlite3.Connection, said: Said, body: ConsentGranted) -> None:
    row = (body.consent, body.person, body.survives_engagement, False)
    db.execute("INSERT OR IGNORE INTO holders_consent VALUES (?, ?, ?, ?)", row)


def _left(db: sqlite3.Connection, said: Said, body: PersonEngagementEnded) -> None:
    """Every consent of the person that does not survive the engagement is suspended by this one entry (SPEC S4.13)."""
    found = "SELECT consent FROM holders_consent WHERE person = ? AND survives = 0 AND over = 0 ORDER BY consent"
    for (consent,) in db.execute(found, (body.person,)).fetchall():
        _arisen(db, engagement_matter(said, body, consent))


def _renewed(db: sqlite3.Connection, said: Said, body: ConsentRenewed) -> None:
    db.execute("UPDATE holders_consent SET over = 0 WHERE consent = ?", (body.consent,))


def _resumed(db: sqlite3.Connection, said: Said, body: ConsentResumed) -> None:
    """Who was not told of a suspension by now need not be: the rest hear of it from the outbox."""
    of_it = "SELECT about FROM holders_matter WHERE basis = ? AND kind = 'suspended'"
    db.execute(f"DELETE FROM holders_to_tell WHERE basis = ? AND about IN ({of_it})", (body.consent, body.consent))


_STEPS: dict[type, Callable[[sqlite3.Connection, Said, Any], None]] = {
    HolderRegistered: _registered,
    HolderEndpointDisabled: _disabled,
    ClearanceIssued: _cleared,
    ConsentGranted: _agreed,
    ConsentRenewed: _renewed,
    ConsentResumed: _resumed,
    PersonEngagementEnded: _left,
    LicenceGranted: _granted,
    PlacementRecorded: _placed,
    PlacementEnded: _unplaced,
    AssetFlagged: _flagged,
    ConsentExpiring: _warned,
    NoticeIssued: _issued,
}
