"""What holders are told about: ends, suspensions and narrowings of consents, and ends of licences (SPEC S10.4).

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
from schemas.statements.consent_changes import ConsentNarrowed, ConsentSuspended
from schemas.statements.licence import AtEnd, LicenceEnded, LicenceExpired, LicenceGranted
from schemas.statements.notice import NoticeKind, NoticeOutcome
from schemas.statements.person import PersonEngagementEnded

MATTER_TYPES: frozenset[str] = ENDING_TYPES | {
    "consent.suspended.v1",
    "consent.narrowed.v1",
    "licence.ended.v1",
    "licence.expired.v1",
}

_KINDS: dict[str, tuple[type[Body], ...]] = {
    "consent": (
        ConsentWithdrawn,
        ConsentRevoked,
        ConsentExpired,
        ConsentInvalidated,
        ConsentSuspended,
        ConsentNarrowed,
    ),
    "licence": (LicenceEnded, LicenceExpired),
}


@dataclass(frozen=True)
class Matter:
    """One entry that holders have to be told of. `basis` is the consent's or the licence's number."""

    kind: NoticeKind
    basis_kind: Literal["consent", "licence"]
    basis: str
    person: str | None
    entry_index: int
    since: datetime
    how: str
    outcome: NoticeOutcome
    days: int = 0

    @property
    def due_at(self) -> datetime:
        """By when every holder has to have answered."""
        return answer_due(self.since, self.days)


def matter_of(said: Said, at_end: AtEnd | None = None) -> Matter | None:
    """What a statement is to holders, or None. `at_end`: what the licence that it ends leaves them."""
    body, now = said.body, said.recorded_at
    if (ending := ending_of(said)) is not None:
        what = (ending.consent, ending.person, said.index, ending.ended_at, ending.kind, ending.outcome)
        return Matter("ended", "consent", *what, ending.outcome_days)
    if isinstance(body, ConsentSuspended):
        return Matter(
            "suspended",
            "consent",
            body.consent,
            body.person,
            said.index,
            now,
            body.cause,
            *asked_of_holders("suspended"),
        )
    if isinstance(body, ConsentNarrowed):
        return Matter("narrowed", "consent", body.consent, body.person, said.index, now, "narrowed", "takedown")
    if isinstance(body, LicenceEnded | LicenceExpired) and at_end is not None:
        since, how = (body.expired_at, "expired") if isinstance(body, LicenceExpired) else (now, body.cause)
        asked = (at_end.outcome, at_end.days)
        return Matter("ended", "licence", body.licence, None, said.index, since, how, *asked)
    return None


def recorded_matter(history: History, basis_kind: str, basis: str, index: int) -> Matter | None:
    """What entry `index` says about a basis, if it says anything that holders are told."""
    tag = f"{basis_kind}:{basis}"
    granted = bodies(history.about(tag, LicenceGranted), LicenceGranted) if basis_kind == "licence" else []
    at_end = granted[0][1].at_end if granted else None
    found = [matter_of(said, at_end) for said in history.about(tag, *_KINDS[basis_kind]) if said.index == index]
    if found:
        return found[0]
    return _of_engagement(history, basis, index) if basis_kind == "consent" else None


def engagement_matter(said: Said, body: PersonEngagementEnded, consent: str) -> Matter:
    """The suspension of one consent by the end of its person's engagement, from that end on and not before it was said."""
    since = max(body.ended_at, said.recorded_at)
    asked = asked_of_holders("suspended")
    return Matter("suspended", "consent", consent, body.person, said.index, since, "engagement-ended", *asked)


def _of_engagement(history: History, consent: str, index: int) -> Matter | None:
    granted = bodies(history.about(f"consent:{consent}", ConsentGranted), ConsentGranted)
    if not granted or granted[0][1].survives_engagement or granted[0][0].index > index:
        return None
    ends = bodies(history.about(f"person:{granted[0][1].person}", PersonEngagementEnded), PersonEngagementEnded)
    return next((engagement_matter(said, body, consent) for said, body in ends if said.index == index), None)
