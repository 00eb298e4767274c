"""What a consent means at an instant, and the rules by which it is asked for, given and ended (SPEC S4).

`valid_until` is exclusive, and time decides: past it the consent is `expired` whether or not anybody recorded that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.people import person, refuse_erased, refuse_unless_kept
from ledger.rules.proposal import Proposal, refuse, refuse_all
from schemas.base import format_instant
from schemas.statements.consent import (
    ConsentEnded,
    ConsentExpired,
    ConsentGranted,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentScope,
    ConsentWithdrawn,
)

State = Literal["unknown", "requested", "refused", "not_yet", "given", "expired", "withdrawn", "revoked"]
_KINDS = (ConsentRequested, ConsentGranted, ConsentRefused, ConsentWithdrawn, ConsentRevoked, ConsentExpired)
_ENDS: dict[type, State] = {
    ConsentRefused: "refused",
    ConsentWithdrawn: "withdrawn",
    ConsentRevoked: "revoked",
    ConsentExpired: "expired",
}


@dataclass(frozen=True)
class ConsentState:
    """`given` is the only state that lets anything happen. `entries`: the statements this was read from."""

    consent: str
    state: State
    request: ConsentRequested | None = None
    grant: ConsentGranted | None = None
    entries: tuple[int, ...] = ()
    expiry_recorded: bool = False
    granted_by: int | None = None
    """The index of the grant: the entry behind every question of scope."""

    def sentence(self) -> str:
        """What to tell somebody who asks why."""
        until = (
            f" (it ended at {format_instant(self.grant.valid_until)})" if self.state == "expired" and self.grant else ""
        )
        return f"consent {self.consent} is {self.state.replace('_', ' ')}{until}"


def consent_state(history: History, consent: str, at: datetime) -> ConsentState:
    """The state at an instant. O(statements about this consent)."""
    said = history.about(f"consent:{consent}", *_KINDS)
    request = next((body for _, body in bodies(said, ConsentRequested)), None)
    granted_by, grant = next(((entry.index, body) for entry, body in bodies(said, ConsentGranted)), (None, None))
    ends = [_ENDS[type(entry.body)] for entry in said if type(entry.body) in _ENDS]
    return ConsentState(
        consent,
        _state(request, grant, ends, at),
        request,
        grant,
        tuple(entry.index for entry in said),
        "expired" in ends,
        granted_by,
    )


def _state(request: ConsentRequested | None, grant: ConsentGranted | None, ends: list[State], at: datetime) -> State:
    if ends:
        return next((end for end in ends if end != "expired"), "expired")
    if grant is None:
        return "requested" if request else "unknown"
    if at >= grant.valid_until:
        return "expired"
    return "given" if at >= grant.valid_from else "not_yet"


def accept_request(proposal: Proposal, body: ConsentRequested, history: History, at: datetime) -> None:
    """The person exists and was not erased, the number is new, and the asked-for window has not passed."""
    refuse_unless_kept(history, body.person)
    state = consent_state(history, body.consent, at)
    if state.state != "unknown":
        refuse("consent_known", f"consent {body.consent} was used before", state.entries[0])
    if body.valid_until <= at:
        refuse("window_passed", "the window that is asked for lies in the past")


def accept_grant(proposal: Proposal, body: ConsentGranted, history: History, at: datetime) -> None:
    """Given by the person's own key, to what was asked for or to less, while somebody could still say who agreed."""
    _spoken_by_person(proposal, history, body.person)
    refuse_erased(history, body.person)
    state = consent_state(history, body.consent, at)
    if state.state != "requested" or state.request is None:
        refuse("consent_not_requested", f"only a requested consent can be given; {state.sentence()}", _last(state))
    refuse_all("the grant goes beyond the request", _beyond(body, state.request, _last(state)))


def accept_end(proposal: Proposal, body: ConsentEnded, history: History, at: datetime) -> None:
    """The person refuses a request or withdraws a consent; legal or the IP steward revokes one."""
    if isinstance(body, ConsentRefused | ConsentWithdrawn):
        _spoken_by_person(proposal, history, body.person)
    else:
        _known_person(history, body.person)
    state = consent_state(history, body.consent, at)
    _same_person(body.person, state)
    wanted = {"requested"} if isinstance(body, ConsentRefused) else {"given", "not_yet"}
    if state.state not in wanted:
        refuse("consent_not_open", f"nothing to end: {state.sentence()}", _last(state))


def accept_expiry(proposal: Proposal, body: ConsentExpired, history: History, at: datetime) -> None:
    """Recorded once, never early, with the grant's own end."""
    state = consent_state(history, body.consent, at)
    _same_person(body.person, state)
    if state.state != "expired" or state.grant is None or state.expiry_recorded:
        refuse("expiry_not_due", f"nothing to record: {state.sentence()}", _last(state))
    if body.expired_at != state.grant.valid_until:
        refuse("expiry_misdated", "a consent expires at its valid_until, not at another time", _last(state))


def _last(state: ConsentState) -> int | None:
    return state.entries[-1] if state.entries else None


def _known_person(history: History, name: str) -> None:
    if person(history, name) is None:
        refuse("person_unknown", f"nobody is registered as {name}")


def _same_person(name: str, state: ConsentState) -> None:
    known = state.grant or state.request
    if known is not None and known.person != name:
        refuse("person_mismatch", f"consent {state.consent} is not about {name}", _last(state))


def _spoken_by_person(proposal: Proposal, history: History, name: str) -> None:
    found = person(history, name)
    if found is None:
        refuse("person_unknown", f"nobody is registered as {name}")
    said, registration = found
    if registration.speaks_as != proposal.actor:
        refuse("not_the_person", f"{proposal.actor} does not speak for {name}", said.index)
    if not proposal.own_key:
        refuse("own_key_required", "a person's consent is signed by the person's own key, by nobody on their behalf")


def _beyond(grant: ConsentScope, request: ConsentScope, index: int | None) -> list[Reason]:
    found = []
    if grant.person != request.person:
        found.append(Reason("person_mismatch", f"the request was about {request.person}", index))
    for name in ("uses", "channels", "territories", "media"):
        asked = getattr(request, name)
        extra = [value for value in getattr(grant, name) if value not in asked and "WORLD" not in asked]
        if extra:
            found.append(Reason(f"{name}_beyond_request", f"not asked for: {', '.join(extra)}", index))
    if grant.valid_from < request.valid_from or grant.valid_until > request.valid_until:
        found.append(Reason("window_beyond_request", "the window reaches outside the requested one", index))
    if grant.specific_description != request.specific_description:
        found.append(Reason("description_differs", "what is agreed to is not what was asked for, word by word", index))
    return found
