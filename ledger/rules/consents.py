"""The rules by which a consent is asked for, given and ended (SPEC S4). What one means is in `consent_states`.

`valid_until` is exclusive, and time decides: past it the consent is `expired` whether or not anybody recorded that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History
from ledger.rules.actors import actor_state
from ledger.rules.consent_effects import ENDED, OPEN, State
from ledger.rules.consent_states import CONSENT_KINDS, PERSON_KINDS, ConsentState, fold, known_at
from ledger.rules.consent_terms import gaps, terms_of
from ledger.rules.people import person, refuse_erased, refuse_unless_kept, speaker
from ledger.rules.proposal import Proposal, refuse, refuse_all
from schemas.statements.consent import (
    ConsentEnded,
    ConsentExpired,
    ConsentGranted,
    ConsentInvalidated,
    ConsentRefused,
    ConsentRequested,
    ConsentScope,
    ConsentWithdrawn,
    SignedDocument,
)

__all__ = ["ENDED", "OPEN", "ConsentState", "State", "consent_at", "consent_state"]
SIGNED_IN = frozenset({"bearer", "token-session", "passkey"})
"""Ways in which the service knew a person themselves (SPEC S3.4), and not a process on their behalf."""
_EXCLUSIVITY = ("none", "category", "full")
_WORD_BY_WORD = ("specific_description", "actions", "setting", "compensation", "business_reason", "governing_law")
"""Terms that a grant repeats as they were asked for: another text would be another agreement."""
_AT_MOST = ("training_use", "post_mortem", "survives_engagement")
"""What a grant may leave out and can't add."""


def consent_state(history: History, consent: str, at: datetime) -> ConsentState:
    """What a decision goes by: all that is in the history counts, so a clock set back revives nothing.

    O(statements about this consent and its person).
    """
    about = history.about(f"consent:{consent}", *CONSENT_KINDS)
    people = {getattr(said.body, "person", "") for said in about[:1]}
    persons = [said for name in people for said in history.about(f"person:{name}", *PERSON_KINDS)]
    return fold(consent, about, persons, at)


def consent_at(history: History, consent: str, at: datetime) -> ConsentState:
    """What was true at an instant, as far as the history knows (its `as_of`): nothing but an invalidation reaches back."""
    about = history.about(f"consent:{consent}", *CONSENT_KINDS)
    people = {getattr(said.body, "person", "") for said in about[:1]}
    persons = [said for name in people for said in history.about(f"person:{name}", *PERSON_KINDS)]
    return fold(consent, known_at(about, at), known_at(persons, at), at)


def accept_request(proposal: Proposal, body: ConsentRequested, history: History, at: datetime) -> None:
    """The person exists and was not erased, the number is new, and the asked-for window has not passed."""
    refuse_unless_kept(history, body.person)
    state = consent_state(history, body.consent, at)
    if state.state != "unknown":
        refuse("consent_known", f"consent {body.consent} was used before", state.entries[0])
    if body.valid_until <= at:
        refuse("window_passed", "the window that is asked for lies in the past")
    terms = terms_of(history, body)
    refuse_all("this can't be asked for so", gaps(history, terms, at) if terms else ())


def accept_grant(proposal: Proposal, body: ConsentGranted, history: History, at: datetime) -> None:
    """Given by who speaks for the person, to what was asked for or to less, while somebody could still say who agreed."""
    refuse_unless_agreed(proposal, history, body.person, body.document)
    refuse_erased(history, body.person)
    state = consent_state(history, body.consent, at)
    if state.state != "requested" or state.request is None:
        refuse("consent_not_requested", f"only a requested consent can be given; {state.sentence()}", last(state))
    beyond = tuple(_beyond(body, state.request, last(state)))
    refuse_all("the grant goes beyond the request", (*beyond, *_unmet(body, state, history, at)))


def accept_end(proposal: Proposal, body: ConsentEnded, history: History, at: datetime) -> None:
    """The person refuses a request or withdraws a consent; legal or the IP steward revokes one; legal says it never was."""
    if isinstance(body, ConsentRefused | ConsentWithdrawn):
        taken_back_by_person(proposal, history, body.person)
    else:
        known_person(history, body.person)
    state = consent_state(history, body.consent, at)
    same_person(body.person, state)
    if state.state not in _may_end(body):
        refuse("consent_not_open", f"nothing to end: {state.sentence()}", last(state))


def _may_end(body: ConsentEnded) -> frozenset[State]:
    if isinstance(body, ConsentRefused):
        return frozenset({"requested"})
    return OPEN | ENDED - {"invalidated"} if isinstance(body, ConsentInvalidated) else OPEN


def accept_expiry(proposal: Proposal, body: ConsentExpired, history: History, at: datetime) -> None:
    """Recorded once, never early, with the end of the last term that was agreed to."""
    state = consent_state(history, body.consent, at)
    same_person(body.person, state)
    if state.state != "expired" or state.grant is None or state.expiry_recorded:
        refuse("expiry_not_due", f"nothing to record: {state.sentence()}", last(state))
    if body.expired_at != state.valid_until:
        refuse("expiry_misdated", "a consent expires at the end of its term, not at another time", last(state))


def last(state: ConsentState) -> int | None:
    return state.entries[-1] if state.entries else None


def known_person(history: History, name: str) -> None:
    if person(history, name) is None:
        refuse("person_unknown", f"nobody is registered as {name}")


def same_person(name: str, state: ConsentState) -> None:
    known = state.grant or state.request
    if known is not None and known.person != name:
        refuse("person_mismatch", f"consent {state.consent} is not about {name}", last(state))


def spoken_by_person(proposal: Proposal, history: History, name: str) -> None:
    """Raises Refused `person_unknown`, `not_the_person`, `own_key_required`."""
    found = speaker(history, name)
    if found is None:
        refuse("person_unknown", f"nobody is registered as {name}")
    said, registration = found
    if registration.speaks_as != proposal.actor:
        refuse("not_the_person", f"{proposal.actor} does not speak for {name}", said.index)
    if not proposal.own_key:
        refuse("own_key_required", "a person's consent is signed by the person's own key, by nobody on their behalf")


def taken_back_by_person(proposal: Proposal, history: History, name: str) -> None:
    """Taking back is as easy as giving (GDPR 7(3)): whoever speaks for the person may also do it signed in, without a key.

    What only takes away can't be used to widen anything. A process of ours signs in nobody, and so can't say it.
    """
    auth = proposal.statement.auth
    signed_in = auth is not None and auth.method in SIGNED_IN
    spoken_by_person(replace(proposal, own_key=True) if signed_in else proposal, history, name)


def refuse_unless_agreed(proposal: Proposal, history: History, name: str, document: SignedDocument | None) -> None:
    """With the person's own key; or recorded from a signed paper by the IP steward or legal, with another as witness."""
    if document is None:
        spoken_by_person(proposal, history, name)
        return
    known_person(history, name)
    if not proposal.roles & {"ip-steward", "legal"}:
        refuse("document_not_yours", "a signed document is recorded by the IP steward or by legal")
    if not proposal.own_key:
        refuse("own_key_required", "whoever records a signed document answers for it with their own key")
    if document.witnessed_by == proposal.actor or not actor_state(history, document.witnessed_by).roles:
        refuse("witness_missing", "somebody else who is enrolled here saw the person sign")


def _unmet(body: ConsentGranted, state: ConsentState, history: History, at: datetime) -> list[Reason]:
    """What the rules ask for now, of the grant; what differs from the request is said already and judged there."""
    if state.request is None or body.specific_description != state.request.specific_description:
        return []
    terms = terms_of(history, body, requested_at=state.requested_at)
    return gaps(history, terms, at) if terms else []


def _beyond(grant: ConsentGranted, request: ConsentScope, index: int | None) -> Iterator[Reason]:
    if grant.person != request.person:
        yield Reason("person_mismatch", f"the request was about {request.person}", index)
    for name in ("uses", "channels", "territories", "media"):
        asked = getattr(request, name)
        extra = [value for value in getattr(grant, name) if value not in asked and "WORLD" not in asked]
        if extra:
            yield Reason(f"{name}_beyond_request", f"not asked for: {', '.join(extra)}", index)
    if grant.valid_from < request.valid_from or grant.valid_until > request.valid_until:
        yield Reason("window_beyond_request", "the window reaches outside the requested one", index)
    yield from _other_terms(grant, request, index)


def _other_terms(grant: ConsentGranted, request: ConsentScope, index: int | None) -> Iterator[Reason]:
    for name in _WORD_BY_WORD:
        if getattr(grant, name) != getattr(request, name):
            code = "description_differs" if name == "specific_description" else f"{name}_differs"
            yield Reason(code, "what is agreed to is not what was asked for, word by word", index)
    for name in _AT_MOST:
        if getattr(grant, name) and not getattr(request, name):
            yield Reason(f"{name}_beyond_request", "this was not asked for", index)
    if _EXCLUSIVITY.index(grant.exclusivity) > _EXCLUSIVITY.index(request.exclusivity):
        yield Reason("exclusivity_beyond_request", "more exclusivity than was asked for", index)
    elif grant.exclusive_category not in (None, request.exclusive_category):
        yield Reason("exclusivity_beyond_request", "exclusivity in another category than was asked for", index)
    if request.notice is not None and grant.notice != request.notice:
        yield Reason("notice_differs", "the notice is not the one that goes with the request", index)
