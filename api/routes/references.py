"""Reference media, matches of files with them, and how often matching is wrong."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.incoming import received_file
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.assets import FILE_BODY
from api.routes.statements import INDEX_MAX
from api.services import match_answers
from api.services.comparing import compare_all
from api.services.references import Registration, register_reference
from api.services.services import Services
from ledger.door import Receipt
from schemas.api.matching import (
    MatchesAnswer,
    MatchingAnswer,
    ReferenceAnswer,
    ReferencesAnswer,
    RegisteredReference,
    ReplayAnswer,
)
from schemas.base import Body, Digest, Id, Line, Slug
from schemas.statements.reference import ReferenceKind

router = APIRouter(prefix="/v1", tags=["references"], route_class=GuardedRoute)
After = Annotated[int, Query(ge=-1, le=INDEX_MAX, description="Rows with an entry index above this.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Rows in one answer.")]


@router.post(
    "/references",
    operation_id="register_reference",
    summary="Register a work, or a picture of a person, to compare files with",
    status_code=201,
    response_model=RegisteredReference,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
    openapi_extra={"requestBody": FILE_BODY},
)
async def register(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    basis: Annotated[Line, Query(description="Why it may be kept and compared with.")],
    kind: Annotated[ReferenceKind, Query(description="What it is.")] = "known-work",
    title: Annotated[Line | None, Query(description="What people call it.")] = None,
    owner: Annotated[Line | None, Query(description="Who holds the rights in it.")] = None,
    guardrail: Annotated[Id | None, Query(description="The entry of the do-not-generate list it illustrates.")] = None,
    person: Annotated[Slug | None, Query(description="Whose picture it is, by pseudonym.")] = None,
) -> JSONResponse:
    """The body is the file: a still, a clip or a sound. What is here is looked through at once, by stored codes, by picture and
    by sound. A picture of a person leaves nothing but codes in the vault.
    """
    said = Registration(kind=kind, basis=basis, title=title, owner=owner, guardrail=guardrail, person=person)
    slots = request.app.state.slots
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        answer = await run_in_threadpool(slots.examining_upload(_register), services, path, said, caller)
    return JSONResponse(answer.model_dump(mode="json"), 201)


def _register(services: Services, path: Any, said: Registration, caller: Caller) -> RegisteredReference:
    def say(body: Body, sealed: dict[str, Any] | None, subject: str | None) -> Receipt:
        return services.ledger.say(body, actor=caller.actor, method=caller.method, sealed=sealed, subject=subject)

    name, receipt = register_reference(services, path, said, say)
    compare_all(services)
    found = match_answers.matches_answer(services, reference=name)
    ways = match_answers.reference_answer(services, name, limit=1).reference.ways
    return RegisteredReference(reference=name, ways=ways, entry_index=receipt.index, matches=found.matches)


@router.get(
    "/references",
    operation_id="list_references",
    summary="What files are compared with",
    responses=documented(400, 401, 403, 503),
)
def list_references(services: ServicesOf, after: After = -1, limit: Limit = PAGE_ROWS_MAX) -> ReferencesAnswer:
    """Works and enrolled pictures in the order in which they were registered, those withdrawn too."""
    return match_answers.references_answer(services, after=after, limit=limit)


@router.get(
    "/references/{reference}",
    operation_id="get_reference",
    summary="Who used this?",
    responses=documented(400, 401, 403, 404, 503),
)
def get_reference(
    services: ServicesOf,
    reference: Annotated[Id, Path(description="Its number.")],
    after: After = -1,
    limit: Limit = PAGE_ROWS_MAX,
) -> ReferenceAnswer:
    """The reference, the files that are near it, and what was made from these."""
    return match_answers.reference_answer(services, reference, after=after, limit=limit)


@router.get(
    "/matches",
    operation_id="list_matches",
    summary="Files near reference media",
    responses=documented(400, 401, 403, 503),
)
def list_matches(
    services: ServicesOf,
    asset: Annotated[Digest | None, Query(description="Only of this file.")] = None,
    waiting: Annotated[bool, Query(description="Only those that nobody reviewed.")] = False,
    after: After = -1,
    limit: Limit = PAGE_ROWS_MAX,
) -> MatchesAnswer:
    """What stands. A person's word on one is said as `match.reviewed.v1`."""
    return match_answers.matches_answer(services, asset=asset, waiting=waiting, after=after, limit=limit)


@router.get(
    "/matches/{match}/replay",
    operation_id="replay_match",
    summary="Decide a recorded match again",
    responses=documented(400, 401, 403, 404, 503),
)
def replay_match(services: ServicesOf, match: Annotated[Id, Path(description="Its number.")]) -> ReplayAnswer:
    """From the stored codes of both sides, under the policy that it names by digest."""
    return match_answers.replay(services, match)


@router.get(
    "/matching",
    operation_id="get_matching",
    summary="How matching stands, and how often it is wrong",
    responses=documented(400, 401, 403, 503),
)
def get_matching(services: ServicesOf) -> MatchingAnswer:
    """The policy, how far comparing came, false-match rates at the present size of the index, and people's reviews."""
    return match_answers.matching_answer(services)
