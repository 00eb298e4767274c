"""Consents, briefs and notices, as they stand at an instant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.assets import At
from api.routes.statements import INDEX_MAX
from api.services.consents import consent_answer
from api.services.dossier import caught_up
from api.services.services import Services
from ledger.errors import Forbidden, NotFound
from ledger.history import bodies
from ledger.rules.briefs import approval
from ledger.rules.people import speaker
from schemas.api.records import (
    ApprovalShape,
    BriefAnswer,
    BriefVersion,
    ConsentAnswer,
    NoticesAnswer,
    NoticeShape,
    PersonConsents,
)
from schemas.base import Id, Instant, Slug, format_instant
from schemas.statements.brief import BriefDrafted

KnownAt = Annotated[
    Instant | None, Query(description="What was recorded until this instant counts; the same as `at` when left out.")
]
router = APIRouter(prefix="/v1", tags=["records"], route_class=GuardedRoute)


@router.get(
    "/consents/{consent}",
    operation_id="get_consent",
    summary="A consent at an instant",
    responses=documented(400, 401, 403, 404, 503),
)
def get_consent(
    services: ServicesOf,
    caller: CallerOf,
    consent: Annotated[Id, Path(description="Its number.")],
    at: At = None,
    known_at: KnownAt = None,
) -> ConsentAnswer:
    """What was asked, what was given, what is left of it, and its state at `at`, by what was recorded until `known_at`.

    A talent reads the consents of those they speak for.
    """
    caught_up(services)
    view = services.views.rights.consent(consent, at or services.clock.now(), known_at)
    own_person(services, caller, view.person)
    return consent_answer(view)


@router.get(
    "/persons/{person}/consents",
    operation_id="list_consents_of_person",
    summary="The consents asked of a person",
    responses=documented(400, 401, 403, 404, 503),
)
def list_consents_of_person(
    services: ServicesOf,
    caller: CallerOf,
    person: Annotated[Slug, Path(description="The pseudonym.")],
    at: At = None,
    known_at: KnownAt = None,
) -> PersonConsents:
    """In the order of asking, each as it stood at `at`."""
    own_person(services, caller, person)
    if speaker(services.ledger.history(), person) is None:
        raise NotFound("person_unknown", "nobody is registered under this pseudonym", "Check the pseudonym.")
    caught_up(services)
    instant = at or services.clock.now()
    found = services.views.rights.consents_of(person, instant, known_at)
    return PersonConsents(person=person, at=format_instant(instant), consents=tuple(map(consent_answer, found)))


@router.get(
    "/briefs/{brief}",
    operation_id="get_brief",
    summary="Every version of a brief",
    responses=documented(400, 401, 403, 404, 503),
)
def get_brief(services: ServicesOf, brief: Annotated[Id, Path(description="Its number.")]) -> BriefAnswer:
    """Each version in its own words, with the digest that an approval names and who approved it."""
    versions = tuple(_versions(services, brief))
    if not versions:
        raise NotFound("brief_unknown", "no brief of this number was drafted", "Check the number.")
    return BriefAnswer(brief=brief, versions=versions)


@router.get(
    "/notices",
    operation_id="list_notices",
    summary="What waits to be told",
    responses=documented(400, 401, 403, 503),
)
def list_notices(
    services: ServicesOf,
    after: Annotated[int, Query(ge=-1, le=INDEX_MAX, description="Notices with an entry index above this.")] = -1,
    limit: Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Notices in one answer.")] = 100,
) -> NoticesAnswer:
    """CloudEvents 1.0 objects about consents that ended, clearances revoked and files flagged, oldest first."""
    caught_up(services)
    found = services.views.notices.pending(after=after, limit=limit + 1)
    page = tuple(NoticeShape.model_validate(vars(notice)) for notice in found[:limit])
    return NoticesAnswer(notices=page, next_after=page[-1].entry_index if len(found) > limit else None)


def _versions(services: Services, brief: str) -> Iterable[BriefVersion]:
    history = services.ledger.history()
    for said, body in bodies(history.about(f"brief:{brief}", BriefDrafted), BriefDrafted):
        approved = approval(history, brief, body.version)
        yield BriefVersion(
            version=body.version,
            entry_index=said.index,
            at=format_instant(said.recorded_at),
            author=said.actor,
            draft_sha256=said.payload_sha256,
            body=body.as_json(),
            approved=ApprovalShape(
                entry_index=approved.index, at=format_instant(approved.recorded_at), actor=approved.actor
            )
            if approved
            else None,
        )


def own_person(services: Services, caller: Caller, person: str) -> None:
    """Somebody who is here as talent only sees their own. The answer is the same whether or not the person exists."""
    if caller.roles != {"talent"}:
        return
    found = speaker(services.ledger.history(), person)
    if found is None or found[1].speaks_as != caller.actor:
        raise Forbidden("not_your_person", f"{caller.actor} does not speak for this person", "Ask for your own.")
