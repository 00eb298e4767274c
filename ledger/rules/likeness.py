"""Who may be recognised by their face, and until when: permissions, enrolments, their ends (SPEC S14).

A permission past `retain_until`, taken back, of an entry that was lifted or of somebody whose erasure has begun recognises
nobody from that instant, whether its templates are destroyed yet or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.consents import refuse_unless_agreed, taken_back_by_person
from ledger.rules.guardrails import entry, standing_entries
from ledger.rules.holds import standing_holds
from ledger.rules.people import refuse_unless_kept, refuse_unless_known
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.likeness import (
    LIST_TAG,
    LikenessDestroyed,
    LikenessEnrolled,
    LikenessPermitted,
    LikenessWithdrawn,
)

RETENTION_MAX: Final = timedelta(days=1_095)
"""Three years without a new word from the person (740 ILCS 14/15(a))."""
End = Literal["retention", "withdrawn", "guardrail-lifted", "erased"]


@dataclass(frozen=True)
class Enrolment:
    """An enrolment with the permission that it rests on. Each `Said` is the entry that says so."""

    said: Said
    body: LikenessEnrolled
    permission: LikenessPermitted
    destroyed: Said | None


def permission(history: History, name: str) -> tuple[Said, LikenessPermitted] | None:
    found = bodies(history.about(f"permission:{name}", LikenessPermitted), LikenessPermitted)
    return found[0] if found else None


def enrolment(history: History, name: str) -> Enrolment | None:
    found = bodies(history.about(f"enrolment:{name}", LikenessEnrolled), LikenessEnrolled)
    if not found:
        return None
    said, body = found[0]
    rests_on = permission(history, body.permission)
    if rests_on is None:  # its rule demanded one
        return None
    return Enrolment(said, body, rests_on[1], history.last(f"enrolment:{name}", LikenessDestroyed))


def enrolments(history: History) -> list[Enrolment]:
    """Every one that was ever made, oldest first."""
    found = bodies(history.about(LIST_TAG, LikenessEnrolled), LikenessEnrolled)
    return [one for _, body in found if (one := enrolment(history, body.enrolment)) is not None]


def ends(history: History, one: Enrolment, at: datetime) -> Iterator[End]:
    """Why nobody is recognised by it any more; nothing while it stands."""
    person = f"person:{one.body.person}"
    if history.about(person, SubjectErasureBegun, SubjectErased):
        yield "erased"
    if history.last(f"permission:{one.body.permission}", LikenessWithdrawn):
        yield "withdrawn"
    if one.permission.guardrail is not None and not _listed(history, one.permission.guardrail):
        yield "guardrail-lifted"
    if one.permission.retain_until <= at:
        yield "retention"


def standing(history: History, at: datetime) -> list[Enrolment]:
    """Who may be recognised at an instant, oldest first."""
    return [one for one in enrolments(history) if one.destroyed is None and not any(ends(history, one, at))]


def list_changed(history: History) -> int:
    """The newest entry that changed who may be recognised; -1 for none. Time and erasures change it without one."""
    said = history.last(LIST_TAG, LikenessPermitted, LikenessEnrolled, LikenessWithdrawn, LikenessDestroyed)
    return said.index if said else -1


def _listed(history: History, guardrail: str) -> bool:
    return any(body.guardrail == guardrail for _, body in standing_entries(history))


def templates_left(history: History, person: str) -> list[Enrolment]:
    """Enrolments of a person of which no entry says that their templates are destroyed."""
    found = bodies(history.about(f"person:{person}", LikenessEnrolled), LikenessEnrolled)
    made = (enrolment(history, body.enrolment) for _, body in found)
    return [one for one in made if one is not None and one.destroyed is None]


# -- at the door -------------------------------------------------------------------------------------------------------


def accept_permission(proposal: Proposal, body: LikenessPermitted, history: History, at: datetime) -> None:
    """By the person, with their own key or on a signed release; or by legal, for somebody on the do-not-generate list."""
    if (known := permission(history, body.permission)) is not None:
        refuse("permission_known", f"permission {body.permission} was given before", known[0].index)
    if not at < body.retain_until <= at + RETENTION_MAX:
        refuse("retention_out_of_range", f"templates are kept from now for at most {RETENTION_MAX.days} days")
    if body.basis == "consent":
        refuse_unless_kept(history, body.person)
        refuse_unless_agreed(proposal, history, body.person, body.document)
        return
    refuse_unless_known(history, body.person)
    listed = entry(history, body.guardrail or "")
    if listed is None or listed[1].person != body.person or not _listed(history, body.guardrail or ""):
        refuse("guardrail_unknown", f"no standing entry {body.guardrail} is about {body.person}")
    if "legal" not in proposal.roles or not proposal.own_key:
        refuse("not_counsel", "without the person's word, a permission is given by legal with their own key")


def accept_enrolment(proposal: Proposal, body: LikenessEnrolled, history: History, at: datetime) -> None:
    """Under a permission that stands, of the same person; templates sealed under a key of the enrolment's own."""
    found = permission(history, body.permission)
    if found is None or found[1].person != body.person:
        refuse("permission_unknown", f"nobody permitted {body.permission} for {body.person}")
    if (said := history.last(f"enrolment:{body.enrolment}", LikenessEnrolled)) is not None:
        refuse("enrolment_known", f"enrolment {body.enrolment} was made before", said.index)
    sealed = proposal.statement.sealed.get("/body/templates")
    if sealed is None or sealed.subject != body.enrolment:
        refuse("templates_not_sealed", "templates are sealed under the enrolment's own number, and destroyed by it")
    if over := list(ends(history, Enrolment(found[0], body, found[1], None), at)):
        refuse("permission_over", f"the permission is of no effect any more ({over[0]})", found[0].index)


def accept_withdrawal(proposal: Proposal, body: LikenessWithdrawn, history: History, at: datetime) -> None:
    """By whoever speaks for the person, as easily as it was given; or by legal."""
    found = permission(history, body.permission)
    if found is None or found[1].person != body.person:
        refuse("permission_unknown", f"nobody permitted {body.permission} for {body.person}")
    if "legal" not in proposal.roles:
        taken_back_by_person(proposal, history, body.person)
    if (said := history.last(f"permission:{body.permission}", LikenessWithdrawn)) is not None:
        refuse("withdrawn_already", "the permission was taken back before", said.index)


def accept_templates_destroyed(body: LikenessDestroyed, history: History, at: datetime) -> None:
    """Of what ended, for the reason for which it ended, once."""
    one = enrolment(history, body.enrolment or "")
    if one is None or one.body.person != body.person:
        refuse("enrolment_unknown", f"{body.person} was never enrolled as {body.enrolment}")
    if one.destroyed is not None:
        refuse("destroyed_already", "its templates were destroyed before", one.destroyed.index)
    if body.cause not in set[str](ends(history, one, at)):
        refuse("destruction_not_due", f"the enrolment has not ended by {body.cause}", one.said.index)
    refuse_all("a hold stands", held(history, f"person:{body.person}") if body.cause != "erased" else ())


def held(history: History, tag: str) -> Iterator[Reason]:
    """Holds that keep what is measured: destroying it would destroy evidence."""
    for said, body in standing_holds(history, tag):
        yield Reason("legal_hold", f"hold {body.hold} in matter {body.matter} stands on {tag}", said.index)
