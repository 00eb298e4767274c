"""May this file be used, for this, here, now?"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.auth import GuardedRoute, ServicesOf
from api.incoming import received_file
from api.problems import documented, named, request_invalid
from api.routes.assets import FILE_BODY, At
from api.services.services import Services
from api.services.verification import Circumstances, Verification, verify_digest, verify_file
from ledger.proof.canonical import parse_json
from schemas.api.decisions import DigestQuestion, VerificationAnswer
from schemas.base import Slug, Territory

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
    use: Annotated[Slug | None, Query(description="What for, such as `advertising`.")] = None,
    channel: Annotated[Slug | None, Query(description="Through what, such as `social`.")] = None,
    territory: Annotated[Territory | None, Query(description="Where: ISO 3166-1 alpha-2, or WORLD.")] = None,
    at: At = None,
) -> JSONResponse:
    """The body is the file, or `{"sha256": …}` as JSON for bytes that stay with you. Every verdict answers 200: `deny` and
    `unknown` are answers, not errors. Only `allow` is an allow.
    """
    asked = Circumstances(use=use, channel=channel, territory=territory)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        sha256 = _digest(await request.body())
        answer = await run_in_threadpool(verify_digest, services, sha256, asked, at)
    else:
        answer = await _of_file(request, services, asked, at)
    return JSONResponse(answer.as_json())


async def _of_file(request: Request, services: Services, asked: Circumstances, at: At) -> Verification:
    slots = request.app.state.slots
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        found: Verification = await run_in_threadpool(slots.examining(verify_file), services, path, asked, at)
    return found


def _digest(raw: bytes) -> str:
    try:
        return DigestQuestion.model_validate(parse_json(raw)).sha256
    except ValidationError as error:
        raise request_invalid(named(error)) from None
