"""Registering a person under a pseudonym, who speaks for them, and what follows once they are forgotten (SPEC S4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.actors import actor_state
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.guardrail import GuardrailAdded
from schemas.statements.person import PersonEngagementEnded, PersonRegistered, PersonSpeakerChanged
from schemas.statements.provider import ProviderRecordImported


def person(history: History, name: str) -> tuple[Said, PersonRegistered] | None:
    """The registration of a pseudonym, or None."""
    found = bodies(history.about(f"person:{name}", PersonRegistered), PersonRegistered)
    return found[0] if found else None


def speaker(history: History, name: str) -> tuple[Said, PersonRegistered | PersonSpeakerChanged] | None:
    """Who speaks for the person now, by what right, and the entry that says so; None for nobody."""
    found = history.about(f"person:{name}", PersonRegistered, PersonSpeakerChanged)
    if not found or not isinstance(found[-1].body, PersonRegistered | PersonSpeakerChanged):
        return None
    return found[-1], found[-1].body


def refuse_erased(history: History, name: str) -> None:
    """Raises Refused `subject_erased` once the erasure of this pseudonym has begun: nothing is sealed under it again."""
    if found := history.about(f"person:{name}", SubjectErasureBegun, SubjectErased):
        refuse(
            "subject_erased", f"{name} was erased, or is being erased; nothing begins under that name", found[0].index
        )


def first_known(history: History, name: str) -> Said | None:
    """The entry by which somebody is here under a pseudonym: their registration, else the first do-not-generate entry
    that seals their names or the first provider's record that is sealed under it, else None (SPEC S6.6).
    """
    if (registered := person(history, name)) is not None:
        return registered[0]
    return history.first(f"person:{name}", GuardrailAdded, ProviderRecordImported)


def refuse_unless_known(history: History, name: str) -> None:
    """Raises Refused `person_unknown`, `subject_erased`: whose names are sealed can be held and be forgotten."""
    if first_known(history, name) is None:
        refuse("person_unknown", f"nobody is registered or listed as {name}")
    refuse_erased(history, name)


def refuse_unless_kept(history: History, name: str) -> None:
    """Raises Refused `person_unknown`, `subject_erased`."""
    if person(history, name) is None:
        refuse("person_unknown", f"nobody is registered as {name}")
    refuse_erased(history, name)


def accept_registration(proposal: Proposal, body: PersonRegistered, history: History, at: datetime) -> None:
    """A pseudonym is used once, also after its erasure; talent speaks for it; a name is sealed with it; a minor has a
    guardian and somebody who died an estate, with the document that says so.
    """
    refuse_erased(history, body.person)
    if known := person(history, body.person):
        refuse("person_known", f"{body.person} is registered already", known[0].index)
    refuse_all("this person can't be registered so", [*_speaks(body, history), *authority_gaps(body, at)])
    if "/body/name" not in proposal.statement.sealed:
        refuse("name_missing", "a person is registered with a sealed name, or nobody could ever say who agreed")
    if any(ref.subject != body.person for ref in proposal.statement.sealed.values()):
        detail = "what is sealed about a person is sealed under their pseudonym, or their erasure would miss it"
        refuse("sealed_subject_differs", detail)


def accept_speaker(proposal: Proposal, body: PersonSpeakerChanged, history: History, at: datetime) -> None:
    """Of somebody kept; under the same conditions as at registration; never by whoever speaks then."""
    refuse_unless_kept(history, body.person)
    if proposal.actor == body.speaks_as:
        refuse("own_authority", "nobody gives themselves the word of a person")
    now = speaker(history, body.person)
    if now is not None and (now[1].speaks_as, now[1].authority, now[1].life) == (
        body.speaks_as,
        body.authority,
        body.life,
    ):
        refuse("speaker_unchanged", f"{body.speaks_as} speaks for {body.person} already", now[0].index)
    if now is not None and now[1].life == "deceased" and body.life != "deceased":
        refuse("life_reversed", f"{body.person} was recorded as deceased", now[0].index)
    refuse_all("this person can't be spoken for so", [*_speaks(body, history), *authority_gaps(body, at)])


def accept_engagement_end(proposal: Proposal, body: PersonEngagementEnded, history: History, at: datetime) -> None:
    """Of somebody registered; of the engagement that they were registered with; once under each number."""
    found = person(history, body.person)
    if found is None:
        refuse("person_unknown", f"nobody is registered as {body.person}")
    said, registration = found
    known = registration.engagement.reference if registration.engagement else None
    if known is not None and body.engagement is not None and known != body.engagement:
        refuse("engagement_unknown", f"{body.person} was registered under another engagement", said.index)
    for ended, other in bodies(history.about(f"person:{body.person}", PersonEngagementEnded), PersonEngagementEnded):
        if body.ending == other.ending:
            refuse("ending_known", f"the end {body.ending} is recorded already", ended.index)


def authority_gaps(body: PersonRegistered | PersonSpeakerChanged, at: datetime) -> Iterator[Reason]:
    """Every reason why this authority is none."""
    if body.life == "minor" and body.authority != "guardian":
        yield Reason("guardian_missing", "a guardian speaks for a minor, nobody else")
    if body.life == "deceased" and body.authority != "estate":
        yield Reason("estate_missing", "an estate speaks for somebody who died, nobody else")
    if body.life != "deceased" and body.authority == "estate":
        yield Reason("estate_of_the_living", "an estate speaks for somebody who died, not for the living")
    if body.authority != "self" and body.authority_sha256 is None:
        yield Reason("authority_unproven", f"name the document that proves the {body.authority}'s authority")
    yield from _majority_gaps(body, at)


def _majority_gaps(body: PersonRegistered | PersonSpeakerChanged, at: datetime) -> Iterator[Reason]:
    if body.life != "minor":
        if body.majority_at is not None:
            yield Reason("majority_of_an_adult", "only a minor comes of age")
    elif body.majority_at is None:
        yield Reason("majority_missing", "say in which month the minor comes of age")
    elif body.majority_at.strftime("%d %H:%M:%S.%f") != "01 00:00:00.000000":
        detail = "give the first of the month, at midnight UTC: a birthday is personal data and stays out of the log"
        yield Reason("majority_not_rounded", detail)
    elif body.majority_at <= at:
        yield Reason("majority_passed", "by that date the person is of age and speaks for themselves")


def _speaks(body: PersonRegistered | PersonSpeakerChanged, history: History) -> Iterator[Reason]:
    if "talent" not in actor_state(history, body.speaks_as).roles:
        detail = f"{body.speaks_as} is not enrolled as talent and can't speak for a person"
        yield Reason("speaker_not_talent", detail)
