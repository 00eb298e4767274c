"""Renewing, narrowing, suspending, resuming, and the person's yes to a cut (SPEC S4.10 to S4.12)."""

from __future__ import annotations

from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.consent_effects import OPEN
from ledger.rules.consent_states import ConsentState, Stop
from ledger.rules.consent_terms import gaps, terms_of
from ledger.rules.consents import (
    consent_state,
    known_person,
    last,
    refuse_unless_agreed,
    same_person,
    spoken_by_person,
    taken_back_by_person,
)
from ledger.rules.lineage import arrival
from ledger.rules.people import refuse_erased
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse, refuse_all
from schemas.statements.consent_changes import (
    ConsentChange,
    ConsentCutApproved,
    ConsentNarrowed,
    ConsentRenewed,
    ConsentResumed,
    ConsentSuspended,
)

_SCOPE = ("uses", "channels", "territories", "media")


def accept_renewal(proposal: Proposal, body: ConsentRenewed, history: History, at: datetime) -> None:
    """By who speaks for the person, of what was given and not taken back; it reaches further and not into the past."""
    refuse_unless_agreed(proposal, history, body.person, body.document)
    refuse_erased(history, body.person)
    state = _state(body, history, at)
    if state.state not in OPEN | {"expired"}:
        refuse("consent_not_renewable", f"nothing to renew: {state.sentence()}; ask for a new consent", last(state))
    until = state.valid_until
    if body.valid_until <= at or (until is not None and body.valid_until <= until and state.state != "suspended"):
        refuse("renewal_adds_nothing", "the renewed term ends no later than what is agreed already", last(state))
    if state.state == "expired" and body.valid_from < at - CLOCK_SKEW_MAX:
        refuse("renewal_backdated", "a renewal doesn't cover the time in which nothing was agreed", last(state))
    _refuse_unmet(body, state, history, at)


def accept_narrowing(proposal: Proposal, body: ConsentNarrowed, history: History, at: datetime) -> None:
    """By who speaks for the person; of what is agreed to; leaving something, for taking back all is withdrawing."""
    taken_back_by_person(proposal, history, body.person)
    state = _open(body, history, at)
    refuse_all("it can't be narrowed so", [*_not_agreed(body, state), *_nothing_left(body, state)])


def accept_suspension(proposal: Proposal, body: ConsentSuspended, history: History, at: datetime) -> None:
    """The person for a reason of their own; legal or the IP steward for every other."""
    if body.cause == "by-person":
        taken_back_by_person(proposal, history, body.person)
    elif not proposal.roles & {"ip-steward", "legal"}:
        refuse("suspension_not_yours", "the person suspends by themselves (cause by-person), legal for other causes")
    known_person(history, body.person)
    state = _open(body, history, at)
    known = bodies(history.about(f"consent:{body.consent}", ConsentSuspended), ConsentSuspended)
    if any(other.suspension == body.suspension for _, other in known):
        refuse("suspension_known", f"suspension {body.suspension} was used before", last(state))


def accept_resumption(proposal: Proposal, body: ConsentResumed, history: History, at: datetime) -> None:
    """Of a suspension that stands: the person lifts their own, legal every other. Nobody lifts the person's for them."""
    state = _open(body, history, at)
    stop = next((one for one in state.stops if one.suspension == body.suspension), None)
    if stop is None:
        refuse("suspension_unknown", f"no suspension {body.suspension} stands on this consent", last(state))
    _may_lift(proposal, stop, body, history)


def accept_cut(proposal: Proposal, body: ConsentCutApproved, history: History, at: datetime) -> None:
    """By who speaks for the person, for bytes that are here."""
    spoken_by_person(proposal, history, body.person)
    _open(body, history, at)
    if arrival(history, body.asset) is None:
        refuse("asset_unknown", f"no file with the digest {body.asset} is in the ledger")
    approved = bodies(history.about(f"asset:{body.asset}", ConsentCutApproved), ConsentCutApproved)
    for said, other in approved:
        if other.consent == body.consent:
            refuse("cut_approved_already", "the person approved these bytes already", said.index)


def _refuse_unmet(body: ConsentRenewed, state: ConsentState, history: History, at: datetime) -> None:
    """The rules of today, for the renewed term: what was agreed under older ones is not prolonged past them."""
    if state.grant is None:
        return
    window = (body.valid_from, body.valid_until)
    terms = terms_of(history, state.grant, window=window, on_paper=body.document is not None)
    refuse_all("it can't be renewed so", gaps(history, terms, at) if terms else ())


def _state(body: ConsentChange, history: History, at: datetime) -> ConsentState:
    state = consent_state(history, body.consent, at)
    same_person(body.person, state)
    return state


def _open(body: ConsentChange, history: History, at: datetime) -> ConsentState:
    state = _state(body, history, at)
    if state.state not in OPEN:
        refuse("consent_not_open", f"nothing to change: {state.sentence()}", last(state))
    return state


def _may_lift(proposal: Proposal, stop: Stop, body: ConsentResumed, history: History) -> None:
    if stop.cause == "by-person":
        spoken_by_person(proposal, history, body.person)
    elif "legal" not in proposal.roles:
        refuse("resumption_not_yours", "a suspension that the person did not make is lifted by legal", stop.entry_index)


def _not_agreed(body: ConsentNarrowed, state: ConsentState) -> list[Reason]:
    """Taking back what was never agreed to is a mistake, and the person should hear of it."""
    found = [
        Reason("narrowing_not_agreed", f"{value} is not among the agreed {name}", state.granted_by)
        for name in _SCOPE
        for value in getattr(body, name)
        if not state.covers(name, value)
    ]
    if body.training_use and not state.training_use:
        found.append(Reason("narrowing_not_agreed", "training is not agreed to", state.granted_by))
    return found


def _nothing_left(body: ConsentNarrowed, state: ConsentState) -> list[Reason]:
    detail = "nothing would be left: that is a withdrawal, so withdraw it"
    return [
        Reason("narrowing_leaves_nothing", f"{name}: {detail}", state.granted_by)
        for name in _SCOPE
        if getattr(body, name) and not set(state.left(name)) - set(getattr(body, name))
    ]
