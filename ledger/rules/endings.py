"""What it means that the basis of a use has ended: one notion for the rules, the views and the cascade (SPEC S4.4, S10.1).

Whoever asks "does this still stand?" asks here, so that a new way of ending is one line and not a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ledger.history import History
from ledger.rules.consent_effects import State, asked_of_holders
from ledger.rules.consent_states import ConsentState
from ledger.rules.consents import consent_state
from ledger.rules.licences import licence_state
from ledger.rules.medium import medium
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.rights import right
from ledger.rules.weighing_consents import TRAINING
from ledger.statement import Said
from schemas.statements.clearance import Question
from schemas.statements.consent import ConsentExpired, ConsentInvalidated, ConsentRevoked, ConsentWithdrawn
from schemas.statements.licence import LicenceExpired
from schemas.statements.notice import NoticeOutcome
from schemas.statements.right import RightExpired

ENDING_TYPES: frozenset[str] = frozenset(
    {"consent.withdrawn.v1", "consent.revoked.v1", "consent.expired.v1", "consent.invalidated.v1"}
)
"""The statements behind them: what a view handles that follows ends."""
TAKEDOWN_HOURS = 48  # the shortest notice-and-takedown period of the law table that a platform outside it can also keep
_KINDS: dict[type, State] = {
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "revoked",
    ConsentExpired: "expired",
    ConsentInvalidated: "invalidated",
}


def answer_due(since: datetime, days: int) -> datetime:
    """By when holders have to have answered what holds from `since` on: in the days of a wind-down, else in two (S10.4)."""
    return since + (timedelta(days=days) if days else timedelta(hours=TAKEDOWN_HOURS))


@dataclass(frozen=True)
class Ending:
    """A basis that ended: which, how, by which entry, and at what instant."""

    consent: str
    person: str
    kind: State
    entry_index: int
    ended_at: datetime

    @property
    def outcome(self) -> NoticeOutcome:
        """What its holders have to do, as the table of effects says (SPEC S4.5)."""
        return asked_of_holders(self.kind)[0]

    @property
    def outcome_days(self) -> int:
        """Of a wind-down: how long it may take."""
        return asked_of_holders(self.kind)[1]

    @property
    def due_at(self) -> datetime:
        """By when every holder has to have answered."""
        return answer_due(self.ended_at, self.outcome_days)

    @property
    def detail(self) -> str:
        return f"consent {self.consent} was ended by entry {self.entry_index} ({self.kind})"


def ending_of(said: Said) -> Ending | None:
    """The end that a statement is, or None. Pure: what it says is all it takes."""
    body = said.body
    if isinstance(body, ConsentExpired):
        return Ending(body.consent, body.person, "expired", said.index, body.expired_at)
    if isinstance(body, ConsentWithdrawn | ConsentRevoked | ConsentInvalidated):
        return Ending(body.consent, body.person, _KINDS[type(body)], said.index, said.recorded_at)
    return None


def refuse_unless_ended(history: History, consent: str, at: datetime, cleared: Question | None = None) -> ConsentState:
    """It has ended; or for a clearance it has ended for that use, channel, territory or medium. Raises Refused
    `consent_not_ended`.
    """
    state = consent_state(history, consent, at)
    if not state.ended and not (cleared is not None and state.narrowings and not _covers(history, state, cleared)):
        refuse("consent_not_ended", state.sentence(), state.entries[-1] if state.entries else None)
    return state


def _covers(history: History, state: ConsentState, cleared: Question) -> bool:
    return still_covers(state, cleared, medium(history, cleared.asset).name)


class Cleared(Protocol):
    """What a clearance is for, as far as a consent can take it back."""

    @property
    def use(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def territory(self) -> str: ...


def still_covers(state: ConsentState, cleared: Cleared, medium: str) -> bool:
    """Whether what is left of a consent covers what was cleared; a medium that nobody knows was not taken out of it."""
    asked = (("uses", cleared.use), ("channels", cleared.channel), ("territories", cleared.territory))
    inside = all(state.covers(name, value) for name, value in asked)
    trained = cleared.use not in TRAINING or state.training_use
    return inside and trained and (not medium or state.covers("media", medium))


def accept_licence_expiry(proposal: Proposal, body: LicenceExpired, history: History, at: datetime) -> None:
    """Recorded once, never early, with the licence's own end."""
    state = licence_state(history, body.licence, at)
    if state.grant is None or state.grant.right != body.right:
        refuse("licence_unknown", f"no licence {body.licence} of this right was granted")
    if state.state != "expired" or history.about(f"licence:{body.licence}", LicenceExpired):
        refuse("expiry_not_due", f"nothing to record: {state.sentence()}", state.entries[-1])
    if body.expired_at != state.grant.terms.valid_until:
        refuse("expiry_misdated", "a licence expires at its valid_until, not at another time", state.entries[-1])


def accept_right_expiry(proposal: Proposal, body: RightExpired, history: History, at: datetime) -> None:
    """Recorded once, never early, with the right's own end; a right without an end never runs out."""
    found = right(history, body.right)
    if found is None:
        refuse("right_unknown", f"right {body.right} was never recorded")
    said, held = found
    if held.valid_until is None or at < held.valid_until or history.about(f"right:{body.right}", RightExpired):
        refuse("expiry_not_due", f"nothing to record: right {body.right} is held, or its end is recorded", said.index)
    if body.expired_at != held.valid_until:
        refuse("expiry_misdated", "a right expires at its valid_until, not at another time", said.index)
