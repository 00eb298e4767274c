"""Registering a person under a pseudonym, and what follows once they are forgotten."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.actors import actor_state
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.person import PersonRegistered


def person(history: History, name: str) -> tuple[Said, PersonRegistered] | None:
    """The registration of a pseudonym, or None."""
    found = bodies(history.about(f"person:{name}", PersonRegistered), PersonRegistered)
    return found[0] if found else None


def refuse_erased(history: History, name: str) -> None:
    """Raises Refused `subject_erased` once the erasure of this pseudonym has begun: nothing is sealed under it again."""
    if found := history.about(f"person:{name}", SubjectErasureBegun, SubjectErased):
        refuse(
            "subject_erased", f"{name} was erased, or is being erased; nothing begins under that name", found[0].index
        )


def refuse_unless_kept(history: History, name: str) -> None:
    """Raises Refused `person_unknown`, `subject_erased`."""
    if person(history, name) is None:
        refuse("person_unknown", f"nobody is registered as {name}")
    refuse_erased(history, name)


def accept_registration(proposal: Proposal, body: PersonRegistered, history: History, at: datetime) -> None:
    """A pseudonym is used once, also after its erasure; somebody enrolled as talent speaks for it; a name is sealed with it."""
    refuse_erased(history, body.person)
    if known := person(history, body.person):
        refuse("person_known", f"{body.person} is registered already", known[0].index)
    if "talent" not in actor_state(history, body.speaks_as).roles:
        refuse("speaker_not_talent", f"{body.speaks_as} is not enrolled as talent and can't speak for a person")
    if "/body/name" not in proposal.statement.sealed:
        refuse("name_missing", "a person is registered with a sealed name, or nobody could ever say who agreed")
    if any(ref.subject != body.person for ref in proposal.statement.sealed.values()):
        detail = "what is sealed about a person is sealed under their pseudonym, or their erasure would miss it"
        refuse("sealed_subject_differs", detail)
