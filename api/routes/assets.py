"""Files: taken in, signed, and everything the ledger says of one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, StreamingResponse

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.downloads import evidence_file
from api.incoming import received_file
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.statements import INDEX_MAX
from api.services.dossier import dossier
from api.services.evidence_order import PackOrder
from api.services.intake import Imported, Origin, import_file
from api.services.provenance import sign_asset as sign_known_asset
from ledger.errors import Forbidden, NotFound
from schemas.api.assets import AssetAnswer, ImportAnswer, LineageAnswer, ProgressAnswer, SignedAnswer, TrailAnswer
from schemas.api.records import RightsAnswer
from schemas.base import ActorId, Digest, Id, Instant, Line

FILE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": {
            "schema": {"type": "string", "format": "binary", "description": "The file's bytes, whatever its type."},
            "example": "(bytes of clip.mp4)",
        }
    },
}
PACK_ANSWER: dict[str, Any] = {
    "description": "A zip that proves itself offline. That it left the house is recorded.",
    "content": {
        "application/zip": {
            "schema": {"type": "string", "format": "binary"},
            "example": "(bytes of evidence.zip)",
        }
    },
}
Sha256 = Annotated[Digest, Path(description="The file's SHA-256 in lower-case hex.")]
At = Annotated[Instant | None, Query(description="An instant, RFC 3339 in UTC; now when left out.")]
router = APIRouter(prefix="/v1", tags=["assets"], route_class=GuardedRoute)


@router.post(
    "/assets",
    operation_id="import_asset",
    summary="Take a file in",
    status_code=201,
    response_model=ImportAnswer,
    responses={
        **documented(400, 401, 403, 409, 413, 503),
        200: {"model": ImportAnswer, "description": "The same bytes were here before; nothing new was said."},
    },
    openapi_extra={"requestBody": FILE_BODY},
)
async def import_asset(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    title: Annotated[Line | None, Query(description="What people call it.")] = None,
    generation: Annotated[Id | None, Query(description="The generation that it came from.")] = None,
    grade: Annotated[
        Literal["self_declared", "provider_record"], Query(description="How we know where it came from.")
    ] = "self_declared",
    provider_job: Annotated[Line | None, Query(description="The provider's number of the job, for that grade.")] = None,
) -> JSONResponse:
    """The body is the file. It is examined in a fenced process, kept, and recorded with every finding."""
    origin = Origin(grade=grade, generation=generation, provider_job=provider_job, title=title)
    slots = request.app.state.slots
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        with_slot = slots.examining_upload(import_file)
        done = await run_in_threadpool(with_slot, services, path, origin, actor=caller.actor, method=caller.method)
    return JSONResponse(_imported(done).model_dump(mode="json"), 200 if done.existing else 201)


@router.get(
    "/assets/{sha256}",
    operation_id="get_asset",
    summary="What the ledger says of a file",
    responses=documented(400, 401, 403, 404, 503),
)
def get_asset(services: ServicesOf, sha256: Sha256, at: At = None) -> AssetAnswer:
    """How it came, what was found in it and what nobody looked at, reviews, clearances, flags, and its line."""
    return dossier(services, sha256, at).summary()


@router.get(
    "/assets/{sha256}/progress",
    operation_id="get_progress",
    summary="How far the examination of a file is",
    responses=documented(400, 401, 403, 404, 503),
)
def get_progress(services: ServicesOf, sha256: Sha256) -> ProgressAnswer:
    """Of bytes that are being taken in just now, by this process or another one on the same home."""
    told = services.examiner.under_way(sha256)
    if told is None:
        raise NotFound("not_under_way", "nobody is examining this file just now", "Ask for the file itself.")
    return ProgressAnswer(asset_sha256=sha256, done_ms=told[0], total_ms=told[1])


@router.post(
    "/assets/{sha256}/signed",
    operation_id="sign_asset",
    summary="Sign a file",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 503),
)
def sign_asset(request: Request, services: ServicesOf, caller: CallerOf, sha256: Sha256) -> SignedAnswer:
    """Adds a C2PA manifest that names the file's entry in this log. The signed file is a new asset."""
    title = dossier(services, sha256).name() or sha256[:12]
    signed = request.app.state.slots.examining(sign_known_asset)(services, sha256, title=title)
    return SignedAnswer(
        asset_sha256=signed.asset_sha256,
        parent=sha256,
        entry_indices=signed.entry_indices,
        c2pa_state=signed.examination.c2pa.state,
    )


@router.get(
    "/assets/{sha256}/trail",
    operation_id="get_trail",
    summary="A file's audit trail",
    responses=documented(400, 401, 403, 404, 413, 503),
)
def get_trail(
    services: ServicesOf,
    sha256: Sha256,
    at: At = None,
    after: Annotated[int, Query(ge=-1, le=INDEX_MAX, description="Rows with an entry index above this.")] = -1,
    limit: Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Rows in one answer.")] = PAGE_ROWS_MAX,
) -> TrailAnswer:
    """Every statement about the file, its family, and the generations, briefs, people and consents behind them."""
    rows = [row for row in dossier(services, sha256, at).trail() if row.entry_index > after]
    more = rows[limit - 1].entry_index if len(rows) > limit else None
    return TrailAnswer(asset_sha256=sha256, rows=tuple(rows[:limit]), next_after=more)


@router.get(
    "/assets/{sha256}/lineage",
    operation_id="get_lineage",
    summary="What a file was made from and what was made from it",
    responses=documented(400, 401, 403, 404, 413, 503),
)
def get_lineage(services: ServicesOf, sha256: Sha256) -> LineageAnswer:
    """The line of the file, without its siblings."""
    return dossier(services, sha256).lineage()


@router.get(
    "/assets/{sha256}/rights",
    operation_id="get_rights",
    summary="The consents that a file rests on",
    responses=documented(400, 401, 403, 404, 503),
)
def get_rights(services: ServicesOf, sha256: Sha256, at: At = None) -> RightsAnswer:
    """Each consent as it stood, or will stand, at the instant. Time decides, whether or not anybody recorded it."""
    return dossier(services, sha256, at).rights()


@router.get(
    "/assets/{sha256}/content",
    operation_id="get_content",
    summary="The file itself",
    response_class=FileResponse,
    responses={
        **documented(400, 401, 403, 404, 503),
        200: {
            "description": "The exact bytes.",
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "(bytes of clip.mp4)",
                }
            },
        },
    },
)
def get_content(services: ServicesOf, sha256: Sha256) -> FileResponse:
    """Always as a download: a stranger's file is never rendered under our name."""
    arrived = dossier(services, sha256).summary().arrival
    if not services.blobs.has(sha256):
        raise NotFound("content_missing", "the ledger knows this file, but its bytes are not here", "Ask for them.")
    path = services.blobs.path(sha256)
    return FileResponse(path, media_type=arrived.media_type, filename=sha256, content_disposition_type="attachment")


@router.get(
    "/assets/{sha256}/evidence",
    operation_id="get_evidence",
    summary="The evidence pack on a file",
    response_class=StreamingResponse,
    responses={**documented(400, 401, 403, 404, 503), 200: PACK_ANSWER},
)
def get_evidence(
    services: ServicesOf,
    sha256: Sha256,
    caller: CallerOf,
    media: Annotated[
        bool, Query(description="Also the file's own bytes and, for legal, documents about people.")
    ] = False,
    frames: Annotated[bool, Query(description="Show matched frames side by side; they may show people.")] = False,
    known_at: Annotated[
        Instant | None, Query(description="Tell what was known at that instant, RFC 3339 in UTC; now when left out.")
    ] = None,
    reader: Annotated[
        ActorId | None, Query(description="Show the fields that were disclosed to this reader, with their salts.")
    ] = None,
) -> StreamingResponse:
    """Entries, proofs, keys and reports; checked with `countersign check` or the script inside it. Only legal gets a pack
    with fields that were disclosed to somebody.
    """
    if reader is not None and "legal" not in caller.roles:
        what = "a pack with disclosed fields is made for legal"
        raise Forbidden("role_not_permitted", what, "Ask somebody who holds the role.")
    order = PackOrder.about(
        sha256,
        known_at=known_at,
        reader=reader,
        requested_by=caller.actor,
        with_media=media,
        with_documents=media and "legal" in caller.roles,
        with_frames=frames,
    )
    return evidence_file(services, order)


def _imported(done: Imported) -> ImportAnswer:
    found = done.examination
    return ImportAnswer.model_validate(
        {
            "asset_sha256": done.asset_sha256,
            "existing": done.existing,
            "entry_indices": done.entry_indices,
            "c2pa_state": found.c2pa.state,
            "c2pa_ingredients_state": found.c2pa.ingredients_state,
            "findings": [finding.as_json() for finding in found.findings],
            "not_checked": [one.extractor for one in found.findings if one.state in ("not_checked", "failed")],
        }
    )
