"""Erasing a person: asked for, begun, done, each once and in this order (SPEC S6.6).

    subject.erasure-requested   by the person's own key, or by legal's; for somebody who is only listed, by legal's
    subject.erasure-begun       by the service, unless a hold stands; from here on no hold can be placed on the person
    (the vault destroys the key, the sealed values and the salts)
    subject.erased              by the service, of what was begun

Holds and the beginning meet in the log, so one of them comes first: a hold that was accepted is never broken by an
erasure that ran beside it, and an erasure that destroyed something is never refused its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.holds import holds_against
from ledger.rules.likeness import templates_left
from ledger.rules.people import first_known, refuse_unless_known, speaker
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.catalogue import BODIES
from schemas.statements.erasure import FieldDisclosed, SubjectErased, SubjectErasureBegun, SubjectErasureRequested

Stage = Literal["kept", "requested", "begun", "erased"]
_KINDS = (SubjectErasureRequested, SubjectErasureBegun, SubjectErased)


@dataclass(frozen=True)
class ErasureState:
    """How far the erasure of one person has come, by the entries that say so."""

    person: str
    request: Said | None = None
    begun: Said | None = None
    erased: Said | None = None

    @property
    def stage(self) -> Stage:
        if self.erased is not None:
            return "erased"
        if self.begun is not None:
            return "begun"
        return "kept" if self.request is None else "requested"


def erasure_state(history: History, name: str) -> ErasureState:
    """O(statements about this person's erasure)."""
    found = history.about(f"person:{name}", *_KINDS)
    first = {kind: next(iter(bodies(found, kind)), (None, None))[0] for kind in _KINDS}
    return ErasureState(name, *(first[kind] for kind in _KINDS))


def accept_request(proposal: Proposal, body: SubjectErasureRequested, history: History, at: datetime) -> None:
    """By the person's own actor or by legal, in either case with their own key: what follows can't be undone."""
    known, found = first_known(history, body.person), speaker(history, body.person)
    said = found[0] if found else known
    if said is None:
        refuse("person_unknown", f"nobody is registered or listed as {body.person}")
    if "legal" not in proposal.roles and (found is None or proposal.actor != found[1].speaks_as):
        refuse("not_the_person", f"{proposal.actor} does not speak for {body.person}, nor for legal", said.index)
    if not proposal.own_key:
        refuse("own_key_required", "erasure is asked for with one's own key, by nobody on one's behalf")
    refuse_unless_known(history, body.person)
    if asked := erasure_state(history, body.person).request:
        refuse("erasure_requested_before", f"the erasure of {body.person} was asked for already", asked.index)


def accept_beginning(proposal: Proposal, body: SubjectErasureBegun, history: History, at: datetime) -> None:
    """Of what was asked for, once, and only while no hold stands on the person or on a file that shows them."""
    refuse_unless_known(history, body.person)
    refuse_all("this erasure can't begin", _against(history, body.person, body.request_sha256))


def accept_erased(proposal: Proposal, body: SubjectErased, history: History, at: datetime) -> None:
    """Of what was begun, once face templates, which have keys of their own, are destroyed too. Past that point nothing may
    refuse it: the data is gone, and the log has to say so.
    """
    state = erasure_state(history, body.person)
    if state.erased is not None:
        refuse("erased_before", f"{body.person} was erased already", state.erased.index)
    if state.begun is None:
        reasons = _against(history, body.person, body.request_sha256)
        refuse_all("nothing was to be erased", reasons)
        refuse("erasure_not_begun", f"the erasure of {body.person} was asked for and did not begin")
    if left := templates_left(history, body.person):
        refuse("templates_kept", f"templates of {body.person}'s face are not destroyed yet", left[0].said.index)
    if not isinstance(state.begun.body, SubjectErasureBegun) or state.begun.body.request_sha256 != body.request_sha256:
        refuse("erasure_request_differs", "what was begun carries out another request", state.begun.index)


def accept_disclosure(proposal: Proposal, body: FieldDisclosed, history: History, at: datetime) -> None:
    """Of a field that a statement in this log seals under this person, while they are not being erased."""
    refuse_unless_known(history, body.person)
    sealing = tuple(kind for kind in BODIES if kind.sealed_fields())
    for said in history.about(f"person:{body.person}", *sealing):
        ref = said.statement.sealed.get(body.pointer)
        if said.statement.id == body.statement and ref is not None and ref.subject == body.person:
            return
    refuse("sealed_unknown", f"no statement {body.statement} seals {body.pointer} under {body.person}")


def _against(history: History, name: str, request_sha256: str) -> list[Reason]:
    """Every reason why nothing may be destroyed now."""
    request = erasure_state(history, name).request
    found = list(holds_against(history, name))
    if request is None:
        found.append(Reason("erasure_not_requested", f"nobody who may has asked for the erasure of {name}"))
    elif request.payload_sha256 != request_sha256:
        found.append(Reason("erasure_request_differs", "no request has this digest", request.index))
    return found
