"""What holders are told about: ends, narrowings, suspensions and resumptions of consents; ends of licences and changes of the
contracts behind them; ends of rights (SPEC S10.4, S10.11).

Each has an instant from which it holds, and what it asks of whoever has something that hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.history import History, bodies
from ledger.rules.consent_effects import asked_of_holders
from ledger.rules.endings import ENDING_TYPES, answer_due, ending_of
from ledger.statement import Said
from schemas.base import Body
from schemas.statements.consent import (
    ConsentExpired,
    ConsentGranted,
    ConsentInvalidated,
    ConsentRevoked,
    ConsentWithdrawn,
)
from schemas.statements.consent_changes import ConsentNarrowed, ConsentResumed, ConsentSuspended
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.licence import AtEnd, LicenceEnded, LicenceExpired, LicenceGranted, Source
from schemas.statements.notice import NoticeKind, NoticeOutcome
from schemas.statements.person import PersonEngagementEnded
from schemas.statements.reverification import ClearanceReverified
from schemas.statements.right import RightExpired

MATTER_TYPES: frozenset[str] = ENDING_TYPES | {
    "consent.suspended.v1",
    "consent.narrowed.v1",
    "consent.resumed.v1",
    "licence.ended.v1",
    "licence.expired.v1",
    "contract.term-recorded.v1",
    "right.expired.v1",
    "clearance.reverified.v1",
}

_KINDS: dict[str, tuple[type[Body], ...]] = {
    "consent": (
        ConsentWithdrawn,
        ConsentRevoked,
        ConsentExpired,
        ConsentInvalidated,
        ConsentSuspended,
        ConsentNarrowed,
        ConsentResumed,
    ),
    "licence": (LicenceEnded, LicenceExpired),
    "right": (RightExpired,),
}


@dataclass(frozen=True)
class Matter:
    """One entry that holders have to be told of. `basis` is the number of what it is about."""

    kind: NoticeKind
    basis_kind: Literal["consent", "licence", "right", "clearance"]
    basis: str
    person: str | None
    entry_index: int
    since: datetime
    how: str
    outcome: NoticeOutcome | None
    """None: nothing is asked."""
    days: int = 0
    suspension: str | None = None
    """The number of the suspension that began, or was lifted."""
    contract: Source | None = None
    """The contract whose terms changed, in the revision that changed them."""

    @property
    def due_at(self) -> datetime | None:
        """By when every holder has to have answered."""
        return answer_due(self.since, self.days) if self.outcome is not None else None


def matter_of(said: Said, at_end: AtEnd | None = None) -> Matter | None:
    """What a statement by itself is to holders, or None. `at_end`: what the licence that it ends leaves them."""
    body, now = said.body, said.recorded_at
    if isinstance(body, LicenceEnded | LicenceExpired) and at_end is not None:
        since, how = (body.expired_at, "expired") if isinstance(body, LicenceExpired) else (now, body.cause)
        return Matter("ended", "licence", body.licence, None, said.index, since, how, at_end.outcome, at_end.days)
    if isinstance(body, RightExpired):  # whoever no longer holds a right can leave nobody time to wind down
        return Matter("ended", "right", body.right, None, said.index, body.expired_at, "expired", "takedown")
    return _of_consent(said)


def _of_consent(said: Said) -> Matter | None:
    body, now = said.body, said.recorded_at
    if (ending := ending_of(said)) is not None:
        what = (ending.consent, ending.person, said.index, ending.ended_at, ending.kind, ending.outcome)
        return Matter("ended", "consent", *what, ending.outcome_days)
    if isinstance(body, ConsentSuspended):
        return _suspended(body.consent, body.person, said.index, now, body.cause, body.suspension)
    if isinstance(body, ConsentResumed):
        whose = (body.consent, body.person, said.index, now)
        return Matter("resumed", "consent", *whose, "resumed", None, suspension=body.suspension)
    if isinstance(body, ConsentNarrowed):
        return Matter("narrowed", "consent", body.consent, body.person, said.index, now, "narrowed", "takedown")
    return None


def recorded_matter(history: History, basis_kind: str, basis: str, index: int) -> Matter | None:
    """What entry `index` says about a basis, if it says anything that holders are told."""
    tag = f"{basis_kind}:{basis}"
    if basis_kind == "clearance":
        weighed = bodies(history.about(tag, ClearanceReverified), ClearanceReverified)
        return next((reverified_matter(said, body) for said, body in weighed if said.index == index), None)
    granted = bodies(history.about(tag, LicenceGranted), LicenceGranted) if basis_kind == "licence" else []
    at_end = granted[0][1].at_end if granted else None
    found = [matter_of(said, at_end) for said in history.about(tag, *_KINDS[basis_kind]) if said.index == index]
    if found:
        return found[0]
    if basis_kind == "consent":
        return _of_engagement(history, basis, index)
    return _of_contract(history, *granted[0], index) if granted else None


def engagement_matter(said: Said, body: PersonEngagementEnded, consent: str) -> Matter:
    """The suspension of one consent by the end of its person's engagement, from that end on and not before it was said."""
    since = max(body.ended_at, said.recorded_at)
    return _suspended(consent, body.person, said.index, since, "engagement-ended", body.ending)


def _suspended(consent: str, person: str, index: int, since: datetime, cause: str, number: str) -> Matter:
    outcome, days = asked_of_holders("suspended")
    return Matter("suspended", "consent", consent, person, index, since, cause, outcome, days, number)


def reverified_matter(said: Said, body: ClearanceReverified) -> Matter:
    """A clearance that was weighed again: to pause what is shown where the answer is no now, else nothing is asked."""
    outcome: NoticeOutcome | None = "pause" if body.verdict == "deny" else None
    return Matter("reverified", "clearance", body.clearance, None, said.index, said.recorded_at, body.verdict, outcome)


def contract_matter(said: Said, body: ContractTermRecorded, licence: str, at_end: AtEnd) -> Matter:
    """New terms behind one licence: what they leave uncovered ends as the licence itself would."""
    what = (licence, None, said.index, said.recorded_at, "terminated" if body.terminated else "changed")
    return Matter("contract-changed", "licence", *what, at_end.outcome, at_end.days, contract=body.source)


def _of_engagement(history: History, consent: str, index: int) -> Matter | None:
    granted = bodies(history.about(f"consent:{consent}", ConsentGranted), ConsentGranted)
    if not granted or granted[0][1].survives_engagement or granted[0][0].index > index:
        return None
    ends = bodies(history.about(f"person:{granted[0][1].person}", PersonEngagementEnded), PersonEngagementEnded)
    return next((engagement_matter(said, body, consent) for said, body in ends if said.index == index), None)


def _of_contract(history: History, granted: Said, grant: LicenceGranted, index: int) -> Matter | None:
    if grant.source is None or index < granted.index:
        return None
    terms = bodies(history.about(grant.source.tag, ContractTermRecorded), ContractTermRecorded)
    found = (contract_matter(said, body, grant.licence, grant.at_end) for said, body in terms if said.index == index)
    return next(found, None)
