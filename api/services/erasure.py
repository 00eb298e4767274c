"""Erasing a person, and saying so: each step may be the last before a crash, and the next call goes on from there.

    (1) the log says that it begins         refused while a hold stands; from here on no hold can come
    (2) the vault destroys face templates, each said in the log; then key, values and salts; old pages leave the disk
    (3) the log says that it is done

A crash after (1) leaves a person who is kept and whom nobody can hold any more; after (2) one who is gone while the log says
`begun`. Never does the log say `erased` while the key exists. Nothing but the vault holds what is erased: the log has
commitments, views and packs are made from the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.services.likeness import destroy_for_erasure
from api.services.services import Services
from ledger.errors import Conflict, Gone, NotFound, Reason, Refused, Unavailable
from ledger.history import History
from ledger.rules.erasure import ErasureState, erasure_state
from ledger.rules.people import first_known
from ledger.vault import Erased
from schemas.base import parse_instant
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun

NO_REQUEST = "0" * 64  # what nobody asked for: the rule then lists that beside every hold
TRIES_MAX = 8  # a boundary that moves more often than this in one call has somebody else at work on it
_MOVED = frozenset({"boundary_moved", "subject_erased", "erased_before"})


@dataclass(frozen=True)
class ErasureDone:
    """What was destroyed and the entries that say so. `erased_at` is the time of the first destruction."""

    person: str
    erased_at: str
    keys: int
    values: int
    statements: int
    request_index: int
    begun_index: int
    erased_index: int

    def as_json(self) -> dict[str, Any]:
        destroyed = {"keys": self.keys, "values": self.values, "statements": self.statements}
        entries = {"request": self.request_index, "begun": self.begun_index, "erased": self.erased_index}
        return {"person": self.person, "erased_at": self.erased_at, "destroyed": destroyed, "entries": entries}


def erase(services: Services, person: str) -> ErasureDone:
    """Carries out what the person or legal asked for in the log. May be called again at any time, by anybody at once.

    Raises NotFound `person_unknown`, `subject_unknown` (the vault never had them); Refused `erasure_not_requested`,
    `legal_hold` with every hold's entry; Unavailable `vault_…`, after which the same call goes on.
    """
    vault = services.ledger.vault
    if first_known(services.ledger.history(), person) is None:
        raise NotFound("person_unknown", f"nobody is registered or listed as {person}", "Check the pseudonym.")
    vault.holdings(person)  # nothing begins that the vault can't finish
    _begin(services, person)  # (1)
    destroy_for_erasure(services, person)  # face templates have keys of their own
    # (2) also of somebody whom an older copy of the vault, put back, brought back with it
    erased = vault.erase(person, services.clock.now())
    return _done(_record(services, person, erased))  # (3)


def _begin(services: Services, person: str) -> ErasureState:
    for _ in range(TRIES_MAX):
        state = erasure_state(services.ledger.history(), person)
        if state.begun is not None:
            return state
        digest = state.request.payload_sha256 if state.request else NO_REQUEST
        _say_unless_moved(services, SubjectErasureBegun(person=person, request_sha256=digest))
    raise _busy(person)


def _record(services: Services, person: str, erased: Erased) -> ErasureState:
    for _ in range(TRIES_MAX):
        state = erasure_state(services.ledger.history(), person)
        if state.erased is not None:
            return state
        held = services.ledger.vault.holdings(person)
        if state.request is None or held.erased is None:
            raise Unavailable("erasure_undone", f"the vault brought {person} back meanwhile", "Erase again.")
        body = SubjectErased(
            person=person,
            request_sha256=state.request.payload_sha256,
            erased_at=parse_instant(erased.at),
            keys=1,
            values=held.values,
            statements=held.statements,
        )
        _say_unless_moved(services, body)
    raise _busy(person)


def _say_unless_moved(services: Services, body: SubjectErasureBegun | SubjectErased) -> None:
    """Returns when it was said, or when somebody else came first and the state has to be looked at again."""
    try:
        services.ledger.say(body)
    except Refused as error:
        if not isinstance(error, Conflict) and error.code not in _MOVED:
            raise


def _done(state: ErasureState) -> ErasureDone:
    body = state.erased.body if state.erased else None
    if not (isinstance(body, SubjectErased) and state.erased and state.request and state.begun):
        raise Unavailable("erasure_unfinished", f"the log does not say yet that {state.person} was erased")
    said = body.as_json()
    return ErasureDone(
        person=state.person,
        erased_at=said["erased_at"],
        keys=body.keys,
        values=body.values,
        statements=body.statements,
        request_index=state.request.index,
        begun_index=state.begun.index,
        erased_index=state.erased.index,
    )


def gone(history: History, person: str, erased: Erased) -> Gone:
    """The answer about a field whose key was destroyed, with the entry that says so: neither unknown nor unavailable."""
    state = erasure_state(history, person)
    said = state.erased or state.begun
    reason = Reason("subject_erased", f"the erasure of {person} is in the log", said.index if said else None)
    what = f"what was sealed about {person} was erased at {erased.at}"
    return Gone("subject_erased", what, "It can't be brought back.", (reason,))


def _busy(person: str) -> Unavailable:
    return Unavailable(
        "erasure_busy", f"others keep saying things about {person}", "Erase again: it goes on from there."
    )
