"""Known files: by an example that is sent, and by words."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.access import may_name_faces
from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.incoming import received_file
from api.problems import documented
from api.routes.assets import FILE_BODY
from api.routes.statements import INDEX_MAX
from api.services.circumstances import Circumstances
from api.services.searching import search_file as search_known
from api.services.wordsearch import LIMIT, LIMIT_MAX, search_words
from schemas.api.searching import SearchAnswer, WordSearchAnswer
from schemas.base import Instant, Line, Slug, Territory

router = APIRouter(prefix="/v1", tags=["assets"], route_class=GuardedRoute)
Rights = Annotated[
    Literal["clean", "all"],
    Query(description="`clean` offers what may be used and counts the rest; `all` offers everything with its verdict."),
]
Use = Annotated[Slug | None, Query(description="What for; left out: for whatever the file was cleared for.")]
Channel = Annotated[Slug | None, Query(description="Through what.")]
Where = Annotated[Territory | None, Query(description="A country code, or WORLD.")]
At = Annotated[Instant | None, Query(description="May it be used at this instant, RFC 3339 in UTC; now when left out.")]


@router.post(
    "/search",
    operation_id="search_file",
    summary="Which known files is this one near?",
    response_model=SearchAnswer,
    responses=documented(400, 401, 403, 413, 503),
    openapi_extra={"requestBody": FILE_BODY},
)
async def search_file(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    name: Annotated[Line, Query(description="What to call the file in the answer.")] = "upload",
    rights: Rights = "clean",
    use: Use = None,
    channel: Channel = None,
    territory: Where = None,
    at: At = None,
) -> JSONResponse:
    """By its bytes first, then by its picture and its sound. It is not kept. What is left out is named under `hidden`."""
    slots, asked = request.app.state.slots, Circumstances(use, territory, channel)
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        search = partial(search_known, naming=may_name_faces(caller.roles))
        found = await run_in_threadpool(slots.examining_upload(search), services, path, rights, asked, at)
    return JSONResponse(found.as_json() | {"file": name})


@router.get(
    "/search",
    operation_id="search_words",
    summary="Which known files have these words?",
    responses=documented(400, 401, 403, 503),
)
def search_text(
    services: ServicesOf,
    text: Annotated[
        Line, Query(description='All of these words; `"several in quotes"` stand together, `lig*` begins a word.')
    ],
    rights: Rights = "clean",
    use: Use = None,
    channel: Channel = None,
    territory: Where = None,
    at: At = None,
    before: Annotated[
        int | None, Query(ge=1, le=INDEX_MAX, description="Files brought by an entry below this.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Files in one answer.")] = LIMIT,
) -> WordSearchAnswer:
    """In titles, briefs, prompts, providers, models, pseudonyms, numbers and digests. What is sealed or erased is not found."""
    asked = Circumstances(use, territory, channel)
    return search_words(services, text, rights=rights, asked=asked, at=at, before=before, limit=limit)
