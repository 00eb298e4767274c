"""Warnings that time is about to end a consent: at 30, 7 and 1 days, once each, in their own time (SPEC S10.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.history import History, bodies
from ledger.rules.consents import consent_state
from ledger.rules.proposal import Proposal, refuse
from schemas.statements.notice import WARNING_DAYS, ConsentExpiring


def warning_days(valid_from: datetime, valid_until: datetime, at: datetime) -> int | None:
    """Which warning is due at an instant, or None: the nearest, so that a house that slept warns of what is left and not of
    what has passed; and none that is longer than the consent itself.
    """
    starts = [(days, valid_until - timedelta(days=days)) for days in WARNING_DAYS]
    return min((days for days, start in starts if valid_from <= start <= at < valid_until), default=None)


def accept_warning(proposal: Proposal, body: ConsentExpiring, history: History, at: datetime) -> None:
    """Of a consent that is given, with its own end, in the days that the warning is for; once."""
    state = consent_state(history, body.consent, at)
    index = state.entries[-1] if state.entries else None
    if not state.in_force or state.grant is None or state.grant.person != body.person:
        refuse("warning_not_due", f"nothing to warn of: {state.sentence()}", index)
    term = max(state.terms, key=lambda one: one.valid_until)
    if body.valid_until != term.valid_until:
        refuse("warning_misdated", "a warning names the consent's own end", index)
    if warning_days(term.valid_from, body.valid_until, at) != body.days:
        refuse("warning_not_due", f"it is not the time to warn {body.days} days ahead", index)
    warned = bodies(history.about(f"consent:{body.consent}", ConsentExpiring), ConsentExpiring)
    if said := next(
        (said for said, one in warned if (one.days, one.valid_until) == (body.days, body.valid_until)), None
    ):
        refuse("warned_already", "this warning was given", said.index)
