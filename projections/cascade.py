"""What follows when a consent ends: the expiry is recorded, clearances are revoked, files are flagged. Exactly once each.

Views say what is to be done, the door says whether it still is: a rule refuses a second expiry, revocation or flag, so any
number of workers may run this at once, a crash leaves only work for the next run, and a second run finds nothing. A file
made after the end is flagged by the next run too. Nothing here decides anything: by `valid_until` every verdict is no.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.door import Ledger
from ledger.errors import Conflict, Refused
from projections.rights import EndedConsent
from projections.views import Views
from schemas.base import Body
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentExpired

ATTEMPTS_MAX = 8  # each conflict means that somebody else got ahead; so many in a row about one file is a loop
PAGE_ROWS_MAX = 500  # consents, clearances or files looked at in one go
NOT_NEEDED = frozenset({"expiry_not_due", "clearance_revoked_already", "asset_flagged_already"})


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
    not_needed: int = 0

    def of(self, body: type[Body]) -> list[Recorded]:
        return [one for one in self.recorded if one.type == body.TYPE]

    def as_json(self) -> dict[str, Any]:
        return {
            "expired": len(self.of(ConsentExpired)),
            "clearances_revoked": len(self.of(ClearanceRevoked)),
            "assets_flagged": len(self.of(AssetFlagged)),
            "not_needed": self.not_needed,
            "entries": [dict(one.__dict__) for one in self.recorded],
        }


def run_expiry(ledger: Ledger, views: Views, at: datetime) -> CascadeReport:
    """Records what is due at `at` and completes every cascade. Raises Unavailable when a view stopped: then nobody
    knows what is left to do. Run it again after any error.
    """
    run = _Run(ledger, views, CascadeReport())
    run.expire(at)
    after = -1
    while page := views.rights.ended(after=after, limit=PAGE_ROWS_MAX):
        run.follow_up({end.consent: end for end in page})
        after = page[-1].entry_index
    return run.report


@dataclass(frozen=True)
class _Run:
    ledger: Ledger
    views: Views
    report: CascadeReport

    def expire(self, at: datetime) -> None:
        def due() -> list[tuple[str, Body]]:
            return [
                (one.consent, ConsentExpired(consent=one.consent, person=one.person, expired_at=one.valid_until))
                for one in self.views.due.due(at, PAGE_ROWS_MAX)
            ]

        self._until_none_is_left(due)

    def follow_up(self, ends: dict[str, EndedConsent]) -> None:
        """Revocations first: a clearance is what somebody may be acting on."""
        consents = list(ends)

        def revocations() -> list[tuple[str, Body]]:
            found = self.views.clearance.unrevoked(consents, PAGE_ROWS_MAX)
            unique = {view.clearance: (consent, view.asset) for consent, view in reversed(found)}
            return [(name, _revocation(name, asset, ends[consent])) for name, (consent, asset) in unique.items()]

        def flags() -> list[tuple[str, Body]]:
            found = self.views.lineage.unflagged(consents, PAGE_ROWS_MAX)
            return [(f"{asset}/{consent}", _flag(asset, ends[consent])) for consent, asset in found]

        self._until_none_is_left(revocations)
        self._until_none_is_left(flags)

    def _until_none_is_left(self, work: Callable[[], list[tuple[str, Body]]]) -> None:
        """Page by page, until the view has nothing that this run has not tried."""
        tried: set[str] = set()
        self.views.catch_up()
        while fresh := [(name, body) for name, body in work() if name not in tried]:
            for name, body in fresh:
                tried.add(name)
                self._say(name, body)
            self.views.catch_up()

    def _say(self, about: str, body: Body) -> None:
        for attempt in range(ATTEMPTS_MAX):
            try:
                receipt = self.ledger.say(body)
            except Conflict:
                if attempt == ATTEMPTS_MAX - 1:
                    raise
            except Refused as refused:
                if refused.code not in NOT_NEEDED:
                    raise
                self.report.not_needed += 1
                return
            else:
                self.report.recorded.append(Recorded(receipt.index, type(body).TYPE, about))
                return


def _revocation(clearance: str, asset: str, end: EndedConsent) -> Body:
    return ClearanceRevoked(
        clearance=clearance, asset=asset, cause="consent-ended", consent=end.consent, detail=_detail(end)
    )


def _flag(asset: str, end: EndedConsent) -> Body:
    return AssetFlagged(asset=asset, cause="consent-ended", consent=end.consent, detail=_detail(end))


def _detail(end: EndedConsent) -> str:
    return f"consent {end.consent} was ended by entry {end.entry_index} ({end.kind})"
