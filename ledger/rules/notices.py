"""Notices: sent within bounds, answered by the holder alone, overdue once (SPEC S10). How they are issued: `issuing`.

These rules are what makes "exactly once" true for any number of workers and whatever their clocks do: each of them looks
what is to be done, and the door takes only the first who says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.history import History, bodies
from ledger.rules.actors import actor_state
from ledger.rules.matters import recorded_matter
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.consent_changes import ConsentResumed
from schemas.statements.notice import (
    DELIVERY_ATTEMPTS_MAX,
    HolderEndpointDisabled,
    HolderRegistered,
    NoticeAcknowledged,
    NoticeAttempted,
    NoticeDelivered,
    NoticeFailed,
    NoticeIssued,
    NoticeOverdue,
)
from schemas.statements.reverification import ClearanceReverified

WAITS: tuple[timedelta, ...] = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(minutes=5),
)
"""How long after attempt n the next may follow; after the last, how long until it is given up. Under two days in all, so
that a notice that nobody takes is known to have failed before its 48 hours are over."""
_NOTICE_KINDS = (NoticeIssued, NoticeAttempted, NoticeDelivered, NoticeFailed, NoticeAcknowledged, NoticeOverdue)


@dataclass(frozen=True)
class NoticeState:
    """A notice and all that became of it, folded from its own few statements."""

    issued: NoticeIssued
    issued_said: Said
    attempts: tuple[Said, ...]
    delivered: Said | None
    failed: Said | None
    received: Said | None
    answered: Said | None
    overdue: Said | None


def notice_state(history: History, notice: str) -> NoticeState | None:
    """O(statements about this notice), of which there are at most a dozen."""
    said = history.about(f"notice:{notice}", *_NOTICE_KINDS)
    issued = next(iter(bodies(said, NoticeIssued)), None)
    if issued is None:
        return None
    answers = bodies(said, NoticeAcknowledged)
    return NoticeState(
        issued[1],
        issued[0],
        tuple(entry for entry, _ in bodies(said, NoticeAttempted)),
        next((entry for entry, _ in bodies(said, NoticeDelivered)), None),
        next((entry for entry, _ in bodies(said, NoticeFailed)), None),
        next((entry for entry, body in answers if body.done == "received"), None),
        next((entry for entry, body in answers if body.done != "received"), None),
        next((entry for entry, _ in bodies(said, NoticeOverdue)), None),
    )


def registration(history: History, holder: str) -> tuple[Said, HolderRegistered] | None:
    """The newest registration of a holder, or None."""
    found = bodies(history.about(f"holder:{holder}", HolderRegistered), HolderRegistered)
    return found[-1] if found else None


def accept_holder(proposal: Proposal, body: HolderRegistered, history: History, at: datetime) -> None:
    """Somebody enrolled, because only an actor can answer."""
    if actor_state(history, body.holder).enrolled_by is None:
        refuse("actor_unknown", f"{body.holder} is not enrolled; a holder answers with a key or a token")


def accept_disabling(proposal: Proposal, body: HolderEndpointDisabled, history: History, at: datetime) -> None:
    """Of the endpoint that is registered now, once."""
    found = registration(history, body.holder)
    if found is None or found[0].index != body.registered_by or found[1].endpoint is None:
        refuse("endpoint_unknown", f"{body.holder} has no endpoint by entry {body.registered_by}")
    said = history.last(f"holder:{body.holder}", HolderEndpointDisabled)
    if said is not None and said.index > body.registered_by:
        refuse("endpoint_disabled_already", "the endpoint is disabled already", said.index)


# -- sending -----------------------------------------------------------------------------------------------------


def accept_attempt(proposal: Proposal, body: NoticeAttempted, history: History, at: datetime) -> None:
    """The next number, not before its time, while nobody took it, gave it up or answered."""
    state = _known(history, body.notice, body.holder)
    _unsettled(state)
    if body.number != len(state.attempts) + 1:
        refuse("attempt_known", f"{len(state.attempts)} attempts were made", state.issued_said.index)
    if state.attempts:
        last = state.attempts[-1].recorded_at  # a clock that was put back must not hold up what is to be told
        if last <= at < last + WAITS[body.number - 2]:
            refuse("attempt_early", f"the next attempt follows at {format_instant(last + WAITS[body.number - 2])}")


def accept_delivery(proposal: Proposal, body: NoticeDelivered, history: History, at: datetime) -> None:
    """Once, of an attempt that was made."""
    state = _known(history, body.notice, body.holder)
    if state.delivered is not None:
        refuse("notice_settled", "the notice is delivered already", state.delivered.index)
    if body.attempt > len(state.attempts):
        refuse("attempt_unknown", f"{len(state.attempts)} attempts were made", state.issued_said.index)


def accept_failure(proposal: Proposal, body: NoticeFailed, history: History, at: datetime) -> None:
    """Once, after the last attempt, or when the endpoint said that it is gone."""
    state = _known(history, body.notice, body.holder)
    _unsettled(state)
    if body.attempts != len(state.attempts):
        refuse("attempt_unknown", f"{len(state.attempts)} attempts were made", state.issued_said.index)
    if body.attempts < DELIVERY_ATTEMPTS_MAX and body.reason != "gone":
        refuse("failure_early", f"it is given up after {DELIVERY_ATTEMPTS_MAX} attempts, not before")


def accept_acknowledgement(proposal: Proposal, body: NoticeAcknowledged, history: History, at: datetime) -> None:
    """By the holder themselves; received once, answered once; not about the future."""
    state = _known(history, body.notice, body.holder)
    if proposal.actor != body.holder:
        refuse("not_the_holder", f"{proposal.actor} can't answer for {body.holder}", state.issued_said.index)
    if state.answered is not None:
        refuse("acknowledged_already", "the notice was answered before", state.answered.index)
    if body.done == "received" and state.received is not None:
        refuse("acknowledged_already", "its receipt was confirmed before", state.received.index)
    if body.done_at is not None and body.done_at > at + CLOCK_SKEW_MAX:
        refuse("done_in_future", "what was done lies in the past; confirm receipt until it is done")


def accept_overdue(proposal: Proposal, body: NoticeOverdue, history: History, at: datetime) -> None:
    """Once, never early, of a notice that nobody answered and that still asks for something."""
    state = _known(history, body.notice, body.holder)
    if state.overdue is not None:
        refuse("overdue_already", "that it is overdue is recorded", state.overdue.index)
    if state.answered is not None:
        refuse("acknowledged_already", "the notice was answered", state.answered.index)
    if state.issued.due_at is None or body.due_at != state.issued.due_at or at < body.due_at:
        refuse("overdue_not_due", "the deadline has not passed", state.issued_said.index)
    if (lifted := _lifted(history, state.issued)) is not None and lifted.recorded_at < body.due_at:
        refuse("overdue_not_due", "what it asked for was lifted before the deadline", lifted.index)


def _lifted(history: History, issued: NoticeIssued) -> Said | None:
    """What lifted the suspension, or the no, that a notice told of, if that is what it told of."""
    if issued.clearance is not None:
        weighed = bodies(history.about(issued.basis, ClearanceReverified), ClearanceReverified)
        return next((said for said, one in weighed if said.index > issued.about and one.verdict == "allow"), None)
    if issued.kind != "suspended" or issued.consent is None:
        return None
    matter = recorded_matter(history, "consent", issued.consent, issued.about)
    found = bodies(history.about(issued.basis, ConsentResumed), ConsentResumed)
    return next((said for said, one in found if matter is not None and one.suspension == matter.suspension), None)


def _known(history: History, notice: str, holder: str) -> NoticeState:
    state = notice_state(history, notice)
    if state is None or state.issued.holder != holder:
        refuse("notice_unknown", f"no notice {notice} was issued to {holder}")
    return state


def _unsettled(state: NoticeState) -> None:
    for said in (state.delivered, state.failed, state.answered):
        if said is not None:
            refuse("notice_settled", "the notice was taken, given up or answered", said.index)
