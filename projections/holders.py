"""Holders: who has what, whom an end or a warning still has to be told, and what became of every notice.

All of it follows from statements alone. What the log says somebody has (a clearance they asked for, a placement on their
platform) waits under a party until a flag says that the file hangs on something that ended; then it waits for whoever is
registered for that party, or, when nobody is, stays visible as told to nobody until somebody registers.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from ledger.statement import Said
from projections.database import View
from projections.holdersteps import change
from projections.holdertables import (
    SCHEMA,
    VIEW,
    Delivery,
    Notified,
    ToTell,
    Untold,
    groups,
    notified,
)
from projections.topics import OF_ACTORS, OF_FINDINGS, OF_GENERATIONS, OF_LIKENESS, OF_MATTERS, OF_THE_LOG
from schemas.base import format_instant, parse_instant
from schemas.statements.licence import LicenceExpired
from schemas.statements.notice import (
    NoticeOverdue,
)

NOTICES_PAGE_MAX = 500  # one answer; who reads on passes the last entry index


class Holders(View):
    """Parties are `actor:…` (who asked for a clearance), `platform:…`, `person:…` and `*`."""

    name = VIEW
    version = 10
    schema = SCHEMA
    handled = frozenset(
        {
            "asset.flagged.v1",
            "asset.flagged.v2",
            "clearance.issued.v1",
            "consent.expiring.v1",
            "holder.registered.v1",
            "holder.endpoint-disabled.v1",
            "notice.issued.v1",
            "notice.issued.v2",
            "notice.issued.v3",
            "clearance.reverified.v1",
            "notice.attempted.v1",
            "notice.delivered.v1",
            "notice.failed.v1",
            "notice.acknowledged.v1",
            "notice.overdue.v1",
            "placement.recorded.v1",
            "placement.ended.v1",
            "licence.granted.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "consent.invalidated.v1",
            "consent.suspended.v1",
            "consent.renewed.v1",
            "consent.resumed.v1",
            "consent.narrowed.v1",
            "consent.granted.v1",
            "consent.granted.v2",
            "person.engagement-ended.v1",
            "licence.ended.v1",
            "licence.expired.v1",
            "contract.term-recorded.v1",
            "clearance.revoked.v1",
            "clearance.revoked.v2",
            "asset.derived.v1",
            "asset.right-used.v1",
            "right.expired.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_GENERATIONS
        | OF_LIKENESS
        | OF_MATTERS
        | (OF_FINDINGS - handled)
        | frozenset(
            {
                "person.registered.v1",
                "person.registered.v2",
                "person.speaker-changed.v1",
                "consent.requested.v1",
                "consent.requested.v2",
                "consent.refused.v1",
                "consent.cut-approved.v1",
                "asset.imported.v1",
                "asset.examined.v1",
                "review.approved.v1",
                "review.rejected.v1",
                "clearance.refused.v1",
                "clearance.upheld.v1",
                "right.recorded.v1",
                "right.transferred.v1",
                "guardrail.entry-added.v1",
                "guardrail.entry-lifted.v1",
                "guardrail.screened.v1",
                "guardrail.matched.v1",
                "guardrail.matched.v2",
                "guardrail.swept.v1",
                "rightsreview.opened.v1",
                "rightsreview.decided.v1",
                "generation.moderated.v1",
                "contract.reevaluated.v1",
                "registry.answered.v1",
                "placement.observed.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        change(db, said)

    # -- what is to be done --------------------------------------------------------------------------------------

    def to_tell(self, limit: int) -> list[ToTell]:
        """Notices that have to be issued, the oldest matter first, each with at most NOTICE_ITEMS_MAX files.

        The join begins at what is to be told: from the matters, it would walk over every end there ever was.
        """
        sql = """SELECT t.holder, t.about, t.kind, t.ref, t.asset, t.asks, m.kind, m.basis_kind, basis, m.outcome, m.due_at
                 FROM holders_to_tell AS t CROSS JOIN holders_matter AS m USING (about, basis)
                 ORDER BY t.about, t.basis, t.holder, t.ref LIMIT ?"""
        return groups(self._rows(sql, (limit,)))

    def to_call_overdue(self, at: datetime, limit: int) -> list[NoticeOverdue]:
        """Notices whose deadline passed by `at` without an answer, and of which that is not recorded."""
        sql = """SELECT notice, holder, due_at FROM holders_notice
                 WHERE answered_by IS NULL AND overdue_by IS NULL AND moot_by IS NULL AND due_at <= ?
                 ORDER BY due_at LIMIT ?"""
        rows = self._rows(sql, (format_instant(at), limit))
        return [NoticeOverdue.model_validate({"notice": n, "holder": h, "due_at": due}) for n, h, due in rows]

    def licences_ending(self, at: datetime, within: timedelta, limit: int) -> list[tuple[str, datetime]]:
        """Licences that stand at `at` and that time ends by `at + within`, soonest first."""
        sql = """SELECT licence, valid_until FROM holders_licence
                 WHERE over = 0 AND valid_until > ? AND valid_until <= ? ORDER BY valid_until, licence LIMIT ?"""
        rows = self._rows(sql, (format_instant(at), format_instant(at + within), limit))
        return [(licence, parse_instant(until)) for licence, until in rows]

    def licences_due(self, at: datetime, limit: int) -> list[LicenceExpired]:
        """Licences that time ended by `at` and whose end nobody recorded."""
        sql = """SELECT licence, right, valid_until FROM holders_licence
                 WHERE over = 0 AND valid_until <= ? ORDER BY valid_until LIMIT ?"""
        names = ("licence", "right", "expired_at")
        rows = self._rows(sql, (format_instant(at), limit))
        return [LicenceExpired.model_validate(dict(zip(names, row, strict=True))) for row in rows]

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

    def of_basis(self, basis: str, *, after: int = -1, limit: int = NOTICES_PAGE_MAX) -> list[Notified]:
        """Every notice about a consent or a licence, oldest first; `after` is an entry index."""
        return self._notices("basis = ? AND idx > ? ORDER BY idx LIMIT ?", (basis, after, limit))

    def of_holder(self, holder: str, *, after: int = -1, limit: int = NOTICES_PAGE_MAX) -> list[Notified]:
        return self._notices("holder = ? AND idx > ? ORDER BY idx LIMIT ?", (holder, after, limit))

    def open_until(self, limit: int) -> list[Notified]:
        """Notices that wait for an answer, the nearest deadline first."""
        return self._notices(
            "answered_by IS NULL AND moot_by IS NULL AND due_at IS NOT NULL ORDER BY due_at LIMIT ?", (limit,)
        )

    def holders(self) -> list[dict[str, Any]]:
        """Everybody who is registered, as last registered."""
        sql = "SELECT holder, endpoint, disabled_by, idx FROM holders_holder ORDER BY holder"
        names = ("holder", "endpoint", "disabled_by", "entry_index")
        found = [dict(zip(names, row, strict=True)) for row in self._rows(sql)]
        parties = "SELECT party FROM holders_party WHERE holder = ? ORDER BY party"
        return [one | {"parties": [party for (party,) in self._rows(parties, (one["holder"],))]} for one in found]

    def untold(self, consent: str, limit: int = NOTICES_PAGE_MAX) -> list[Untold]:
        """What somebody has of an ended consent for whom nobody is registered: nobody was told."""
        sql = """SELECT u.party, u.kind, u.ref, u.asset FROM holders_untold AS u JOIN holders_matter AS m USING (about, basis)
                 WHERE m.basis = ? ORDER BY u.party, u.ref LIMIT ?"""
        return [Untold(*row) for row in self._rows(sql, (consent, limit))]

    def held_under(self, licence: str, limit: int = NOTICES_PAGE_MAX) -> list[tuple[str, str, int]]:
        """(party, what, how many): clearances that they asked for and placements that they show, of a licence's files."""
        sql = """SELECT h.party, h.kind, COUNT(*) FROM holders_way AS w JOIN holders_had AS h ON h.asset = w.asset
                 WHERE w.licence = ? GROUP BY h.party, h.kind ORDER BY h.party, h.kind LIMIT ?"""
        return [(party, kind, count) for party, kind, count in self._rows(sql, (licence, limit))]

    def changes_of(self, licence: str) -> list[dict[str, Any]]:
        """Each time its contract changed, oldest first, and how many notices that came to."""
        sql = """SELECT how, about, since, outcome, due_at, (SELECT COUNT(*) FROM holders_notice AS n
                 WHERE n.basis = m.basis AND n.about = m.about)
                 FROM holders_matter AS m WHERE basis = ? AND kind = 'contract-changed' ORDER BY about"""
        names = ("how", "entry_index", "since", "outcome", "due_at", "notices")
        return [dict(zip(names, row, strict=True)) for row in self._rows(sql, (licence,))]

    def waiting(self, basis: str) -> int:
        """Things about a consent, a licence or a right of which somebody registered still has to be told."""
        sql = """SELECT COUNT(*) FROM holders_matter AS m JOIN holders_to_tell AS t USING (about, basis) WHERE m.basis = ?"""
        return int(self._rows(sql, (basis,))[0][0])

    def matter(self, about: int) -> dict[str, Any] | None:
        """What an entry ended or warned of."""
        return self._matter("about = ?", about)

    def end_of(self, consent: str) -> dict[str, Any] | None:
        """The newest end of a consent, as it was recorded."""
        return self._matter("kind = 'ended' AND basis = ? ORDER BY about DESC LIMIT 1", consent)

    def counts(self, consent: str) -> dict[str, int]:
        """How many placements there are of a consent's files, and how its notices stand."""
        placed = "SELECT COUNT(*), COUNT(ended_by) FROM holders_placed WHERE basis = ?"
        notices = """SELECT COUNT(*), COUNT(delivered_by), COUNT(answered_by), COALESCE(SUM(due_at IS NOT NULL
                     AND moot_by IS NULL AND (answered_by IS NULL OR done = 'declined')), 0) FROM holders_notice
                     WHERE basis = ? AND kind != 'expiring'"""
        untold = """SELECT COUNT(*) FROM holders_untold AS u JOIN holders_matter AS m USING (about, basis) WHERE m.basis = ?"""
        names = ("placements", "placements_ended", "notices", "notices_delivered", "notices_answered", "notices_open")
        found = [value for sql in (placed, notices, untold) for value in self._rows(sql, (consent,))[0]]
        return dict(zip((*names, "told_to_nobody"), found, strict=True))

    def last_steps(self, consent: str) -> dict[str, str | None]:
        """When the last notice of an end was issued, delivered and answered."""
        sql = """SELECT MAX(issued_at), MAX(delivered_at), MAX(answered_at) FROM holders_notice
                 WHERE basis = ? AND kind != 'expiring'"""
        return dict(zip(("notice_issued", "notice_delivered", "answered"), self._rows(sql, (consent,))[0], strict=True))

    def _matter(self, where: str, value: object) -> dict[str, Any] | None:
        names = ("about", "kind", "basis_kind", "basis", "how", "since", "outcome", "due_at")
        rows = self._rows(f"SELECT {', '.join(names)} FROM holders_matter WHERE {where}", (value,))
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def _notices(self, where: str, parameters: tuple[object, ...]) -> list[Notified]:
        return [notified(row) for row in self._rows(f"SELECT * FROM holders_notice WHERE {where}", parameters)]
