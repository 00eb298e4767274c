"""Reference media at the door: what may be registered, withdrawn, and said to have been looked through (SPEC S16)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.history import History, bodies
from ledger.rules.guardrails import entry
from ledger.rules.people import refuse_unless_kept, speaker
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.reference import (
    WAYS,
    ReferenceRegistered,
    ReferenceSwept,
    ReferenceWithdrawn,
    Way,
    tag_of,
)

_SOUND: Final = "chromaprint"  # how the names of all algorithms that print sound begin; every other is of pictures


def reference(history: History, name: str) -> tuple[Said, ReferenceRegistered] | None:
    """The registration, or None."""
    found = bodies(history.about(f"reference:{name}", ReferenceRegistered), ReferenceRegistered)
    return found[0] if found else None


def withdrawn(history: History, name: str) -> Said | None:
    return history.last(f"reference:{name}", ReferenceWithdrawn)


def way_of(algorithm: str) -> Way:
    """By what codes of this algorithm compare files."""
    return "sound" if algorithm.startswith(_SOUND) else "picture"


def any_reference(history: History, way: Way) -> Said | None:
    """The first work that was registered to be compared this way, withdrawn or not; None: files are compared with nothing."""
    return history.first(tag_of(way), ReferenceRegistered)


def compared_by(history: History) -> tuple[Way, ...]:
    """The ways in which files are compared with works at all."""
    return tuple(way for way in WAYS if any_reference(history, way) is not None)


def not_looked_for(history: History, way: Way) -> Said | None:
    """The newest work, where it stands and nobody looked through the files for it this way yet. The job looks for the oldest
    first, so where the newest was looked for all of them were."""
    newest = history.last(tag_of(way), ReferenceRegistered)
    if newest is None or not isinstance(newest.body, ReferenceRegistered):
        return None
    name = newest.body.reference
    swept = bodies(history.about(f"reference:{name}", ReferenceSwept), ReferenceSwept)
    looked = any(way_of(body.algorithm) == way for _, body in swept)
    return None if looked or withdrawn(history, name) else newest


def accept_reference(proposal: Proposal, body: ReferenceRegistered, history: History, at: datetime) -> None:
    """Under a new number; what illustrates the do-not-generate list names an entry of it; a person's picture comes sealed
    under their pseudonym, and talent registers their own.
    """
    if (known := reference(history, body.reference)) is not None:
        refuse("reference_known", f"reference {body.reference} was registered before", known[0].index)
    if body.guardrail is not None and entry(history, body.guardrail) is None:
        refuse("guardrail_unknown", f"guardrail {body.guardrail} was never listed")
    sealed = proposal.statement.sealed.get("/body/codes")
    if (body.person is not None) != (sealed is not None):
        refuse("reference_codes", "a person's picture is registered with sealed codes, and nothing else is")
    if body.person is not None:
        refuse_unless_kept(history, body.person)
        if sealed is None or sealed.subject != body.person:
            refuse("sealed_subject_differs", "the codes are sealed under another pseudonym than the reference's")
    _refuse_others(proposal, body, history)


def accept_withdrawal(proposal: Proposal, body: ReferenceWithdrawn, history: History, at: datetime) -> None:
    found = _known(history, body.reference)
    if (said := withdrawn(history, body.reference)) is not None:
        refuse("reference_withdrawn", "the reference was withdrawn before", said.index)
    _refuse_others(proposal, found[1], history)


def accept_sweep(proposal: Proposal, body: ReferenceSwept, history: History, at: datetime) -> None:
    """Once for a policy and an algorithm, of what was here before it."""
    found = _known(history, body.reference)
    if body.as_of != found[0].index:
        refuse(
            "sweep_misplaced", "a reference is looked for in what came before it, no more and no less", found[0].index
        )
    if way_of(body.algorithm) not in found[1].ways:
        refuse("sweep_of_another_way", "the reference is not compared by such codes", found[0].index)
    for said, swept in bodies(history.about(f"reference:{body.reference}", ReferenceSwept), ReferenceSwept):
        if (swept.policy, swept.algorithm) == (body.policy, body.algorithm):
            refuse("swept_already", "the reference was looked for under this policy", said.index)


def _refuse_others(proposal: Proposal, body: ReferenceRegistered, history: History) -> None:
    """Talent speaks for their own picture and for no work."""
    if proposal.roles & {"ip-steward", "legal"}:
        return
    who = speaker(history, body.person) if body.person else None
    if who is None or who[1].speaks_as != proposal.actor:
        refuse("not_the_person", f"{proposal.actor} registers and withdraws pictures of themselves only")


def _known(history: History, name: str) -> tuple[Said, ReferenceRegistered]:
    found = reference(history, name)
    if found is None:
        refuse("reference_unknown", f"reference {name} was never registered")
    return found
