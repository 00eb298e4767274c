"""What follows when a consent ends: the end is recorded, clearances are revoked, files flagged, holders told. Once each.

Views say what is to be done, the door says whether it still is: a rule refuses a second expiry, revocation, flag or
notice, so any number of workers may run this at once, a crash leaves only work for the next run, and a second run finds
nothing. A file made after the end is flagged by the next run too. Nothing here decides anything: by `valid_until` every
verdict is no. A round takes work page by page and holds one page, however much there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.door import Ledger, Receipt
from ledger.errors import Conflict, LedgerError, Refused, Unavailable
from ledger.history import History
from ledger.rules.lost_rights import lost_use, sentence
from projections.licensed import Touched
from projections.views import Views
from schemas.base import Body, new_id
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked, ClearanceUpheld
from schemas.statements.consent import ConsentExpired
from schemas.statements.dispute import DisputeMissed
from schemas.statements.licence import LicenceExpired
from schemas.statements.notice import ConsentExpiring, NoticeIssued, NoticeOverdue
from schemas.statements.right import RightExpired

ATTEMPTS_MAX = 8  # each conflict means that somebody else got ahead; so many in a row about one file is a loop
PAGE_ROWS_MAX = 500  # statements said in one go
LISTED_MAX = 1_000  # statements that a report names; it counts all of them
NOT_NEEDED = frozenset(
    {
        "expiry_not_due",
        "warning_not_due",
        "warned_already",
        "clearance_revoked_already",
        "asset_flagged_already",
        "notice_issued_already",
        "overdue_not_due",
        "overdue_already",
        "clock_running",
        "clock_closed",
        "acknowledged_already",
        "consent_not_ended",  # renewed meanwhile
        "contract_unchanged",  # a newer revision came meanwhile
        "clearance_still_covered",
        "clearance_not_covered",
        "clearance_upheld_already",
        "right_still_covered",
        "licence_not_over",  # the clock was put back since its end was recorded
        "right_not_over",
        "suspension_lifted",
        "pause_not_told",
        "consent_not_resumed",
        "clearance_weighed_since",
    }
)
Work = Callable[[], Sequence[tuple[str, Body]]]
"""A page of what is to be said, each under a name by which it is told apart; the oldest first."""


@dataclass(frozen=True)
class Recorded:
    """One statement this run said: where it stands, its type, and what it is about."""

    entry_index: int
    type: str
    about: str


@dataclass
class CascadeReport:
    """What one run recorded. `not_needed`: found done by somebody else meanwhile, or not due by the ledger's own clock."""

    recorded: list[Recorded] = field(default_factory=list)
    """The first LISTED_MAX of them."""
    counts: Counter[str] = field(default_factory=Counter)
    not_needed: int = 0
    errors: list[LedgerError] = field(default_factory=list)
    """What the door refused for a reason that nobody foresaw. The rest went on; the run raises the first at its end."""

    def note(self, receipt: Receipt, body: Body, about: str) -> None:
        self.counts[body.TYPE] += 1
        if len(self.recorded) < LISTED_MAX:
            self.recorded.append(Recorded(receipt.index, body.TYPE, about))

    def as_json(self) -> dict[str, Any]:
        return {
            "expired": self.counts[ConsentExpired.TYPE],
            "licences_expired": self.counts[LicenceExpired.TYPE],
            "rights_expired": self.counts[RightExpired.TYPE],
            "warned": self.counts[ConsentExpiring.TYPE],
            "clearances_upheld": self.counts[ClearanceUpheld.TYPE],
            "clearances_revoked": self.counts[ClearanceRevoked.TYPE],
            "assets_flagged": self.counts[AssetFlagged.TYPE],
            "notices_issued": self.counts[NoticeIssued.TYPE],
            "notices_overdue": self.counts[NoticeOverdue.TYPE],
            "clocks_missed": self.counts[DisputeMissed.TYPE],
            "not_needed": self.not_needed,
            "entries": [dict(one.__dict__) for one in self.recorded],
        }


def run_expiry(ledger: Ledger, views: Views, at: datetime) -> CascadeReport:
    """Records what is due at `at` and completes every cascade. Raises Unavailable when a view stopped: then nobody
    knows what is left to do. Run it again after any error.
    """
    run = _Run(ledger, views, CascadeReport())
    run.settle(lambda: run.expiries(at))
    run.settle(lambda: run.licences(at))  # before rights: what rests on a licence ends as the licence says
    run.settle(lambda: run.rights(at))
    run.settle(lambda: run.warnings(at))
    run.settle(run.revocations)  # first: a clearance is what somebody may be acting on
    run.settle(run.weighed_anew)
    run.settle(run.notices)  # whom the end alone concerns need not wait for a long list of flags
    run.settle(run.flags)
    run.settle(run.licence_flags)
    run.settle(run.notices)
    run.settle(lambda: run.overdue(at))
    run.settle(lambda: run.clocks(at))
    if run.report.errors:
        raise run.report.errors[0]
    return run.report


@dataclass(frozen=True)
class _Run:
    ledger: Ledger
    views: Views
    report: CascadeReport

    def expiries(self, at: datetime) -> list[tuple[str, Body]]:
        return [
            (one.consent, ConsentExpired(consent=one.consent, person=one.person, expired_at=one.valid_until))
            for one in self.views.due.due(at, PAGE_ROWS_MAX)
        ]

    def licences(self, at: datetime) -> list[tuple[str, Body]]:
        return [(body.licence, body) for body in self.views.holders.licences_due(at, PAGE_ROWS_MAX)]

    def rights(self, at: datetime) -> list[tuple[str, Body]]:
        return [(body.right, body) for body in self.views.licensed.rights_due(at, PAGE_ROWS_MAX)]

    def warnings(self, at: datetime) -> list[tuple[str, Body]]:
        return [(f"{body.consent}/{body.days}", body) for body in self.views.due.to_warn(at, PAGE_ROWS_MAX)]

    def revocations(self) -> list[tuple[str, Body]]:
        return [
            (
                clearance,
                ClearanceRevoked(
                    clearance=clearance, asset=asset, cause="consent-ended", consent=consent, detail=detail
                ),
            )
            for clearance, asset, consent, detail in self.views.clearance.to_revoke(PAGE_ROWS_MAX)
        ]

    def flags(self) -> list[tuple[str, Body]]:
        return [
            (f"{asset}/{consent}", AssetFlagged(asset=asset, cause="consent-ended", consent=consent, detail=detail))
            for asset, consent, detail in self.views.lineage.to_flag(PAGE_ROWS_MAX)
        ]

    def weighed_anew(self) -> list[tuple[str, Body]]:
        """Clearances whose licence, contract or right no longer covers them: whether something else does (SPEC S10.8)."""
        history, now = self.ledger.history(), self.ledger.clock.now()
        return [
            (f"{one.name}/{one.about}", _anew(history, one, now)) for one in self.views.licensed.to_weigh(PAGE_ROWS_MAX)
        ]

    def licence_flags(self) -> list[tuple[str, Body]]:
        return [(f"{one.asset}/{one.basis}", one.flagged()) for one in self.views.licensed.to_flag(PAGE_ROWS_MAX)]

    def notices(self) -> list[tuple[str, Body]]:
        now = self.ledger.clock.now()
        found = self.views.holders.to_tell(PAGE_ROWS_MAX)
        return [(one.name, one.notice(new_id(now))) for one in found]

    def overdue(self, at: datetime) -> list[tuple[str, Body]]:
        return [(body.notice, body) for body in self.views.holders.to_call_overdue(at, PAGE_ROWS_MAX)]

    def clocks(self, at: datetime) -> list[tuple[str, Body]]:
        over = self.views.disputes.run_out(at, PAGE_ROWS_MAX)
        return [(f"{body.notice} {body.pack} {body.entry}", body) for body in over]

    def settle(self, work: Work) -> None:
        """Page by page, until the view has nothing that this run did not find settled. What is said leaves the view."""
        skipped: set[str] = set()
        conflicts: Counter[str] = Counter()
        self.views.catch_up()
        while fresh := [(name, body) for name, body in work() if name not in skipped]:
            outcomes = self.ledger.say_many([body for _, body in fresh])
            for (name, body), outcome in zip(fresh, outcomes, strict=True):
                if isinstance(outcome, Receipt):
                    self.report.note(outcome, body, name)
                else:
                    self._judge(name, outcome, skipped, conflicts)
            self.views.catch_up()

    def _judge(self, name: str, error: LedgerError, skipped: set[str], conflicts: Counter[str]) -> None:
        if isinstance(error, Conflict):
            conflicts[name] += 1
            if conflicts[name] >= ATTEMPTS_MAX:
                raise error
        elif error.code in NOT_NEEDED:
            self.report.not_needed += 1
            skipped.add(name)
        elif isinstance(error, Unavailable):
            raise error
        else:
            self.report.errors.append(error)
            skipped.add(name)


def _anew(history: History, one: Touched, at: datetime) -> Body:
    """Weighed against the log as it stands; the door weighs it once more, so that a word said meanwhile counts."""
    said = history.last(f"clearance:{one.name}", ClearanceIssued)
    question = said.body.question if said is not None and isinstance(said.body, ClearanceIssued) else None
    try:
        against = lost_use(history, one.as_basis(), question, at) if question is not None else ()
    except (
        Refused
    ):  # a newer revision of the contract came meanwhile: the door refuses this, and the next page has that
        against = ()
    if (
        one.kind == "right" and not against
    ):  # over by its record and not by a clock that was put back: the door says which
        return one.revoked(one.detail)
    return one.revoked(sentence(one.as_basis(), one.about, against)) if against else one.upheld()
