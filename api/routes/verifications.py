"""May this file be used, for this, here, now?"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.access import may_name_faces
from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.incoming import received_file
from api.problems import documented, named, request_invalid
from api.routes.assets import FILE_BODY, At
from api.services.circumstances import Circumstances
from api.services.services import Services
from api.services.verification import (
    Verification,
    verify_digest,
    verify_file,
    verify_known_file,
    verify_manifest,
)
from ledger.proof.canonical import parse_json
from schemas.api.decisions import DigestQuestion, VerificationAnswer
from schemas.base import Instant, Slug, Territory

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DigestQuestion"}},
            **FILE_BODY["content"],
        },
    }
}
router = APIRouter(prefix="/v1", tags=["decisions"], route_class=GuardedRoute)


@router.post(
    "/verifications",
    operation_id="verify_file",
    summary="May this file be used, for this, here, now?",
    response_model=VerificationAnswer,
    responses=documented(400, 401, 403, 413, 503),
    openapi_extra=_BODY,
)
async def verify(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    use: Annotated[Slug | None, Query(description="What for, such as `advertising`.")] = None,
    channel: Annotated[Slug | None, Query(description="Through what, such as `social`.")] = None,
    territory: Annotated[Territory | None, Query(description="Where: ISO 3166-1 alpha-2, or WORLD.")] = None,
    valid_from: Annotated[Instant | None, Query(description="From when, if not from `at` on.")] = None,
    valid_until: Annotated[
        Instant | None, Query(description="Until when, exclusive; an instant when left out.")
    ] = None,
    at: At = None,
) -> JSONResponse:
    """The body is the file, or a C2PA manifest store alone; or, as JSON for bytes that stay with you, `{"sha256": …}` or
    `{"manifest_sha256": …}`. Every verdict answers 200: `deny` and `unknown` are answers, not errors. Only `allow` is an allow.
    """
    asked = Circumstances(use, territory, channel, valid_from, valid_until)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        said = _digest(await request.body())
        ask, sha256 = (verify_digest, said.sha256) if said.sha256 else (verify_manifest, said.manifest_sha256)
        answer = await run_in_threadpool(ask, services, sha256 or "", asked, at)
    else:
        answer = await _of_file(request, services, asked, at, may_name_faces(caller.roles))
    return JSONResponse(answer.as_json())


async def _of_file(request: Request, services: Services, asked: Circumstances, at: At, naming: bool) -> Verification:
    slots = request.app.state.slots
    known_file, file = partial(verify_known_file, naming=naming), partial(verify_file, naming=naming)
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        known = await run_in_threadpool(known_file, services, path, asked, at)
        if known is not None:  # needs no place among the examinations
            return known
        found: Verification = await run_in_threadpool(slots.examining_upload(file), services, path, asked, at)
    return found


def _digest(raw: bytes) -> DigestQuestion:
    try:
        return DigestQuestion.model_validate(parse_json(raw))
    except ValidationError as error:
        raise request_invalid(named(error)) from None
