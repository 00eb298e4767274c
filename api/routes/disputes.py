"""Disputes: how they stand, what was seen and captured, notices with their clocks, and the pack for a court."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.downloads import evidence_file
from api.incoming import received_file
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.assets import FILE_BODY, PACK_ANSWER, At
from api.routes.statements import INDEX_MAX
from api.services.disputes import Sighting, Speak, dispute_answer, notify, require_dispute, sight
from api.services.dossier import caught_up
from api.services.evidence_order import PackOrder
from api.services.services import Services
from api.services.statements import Words, say_for
from schemas.api.disputes import DisputeAnswer, DisputeLine, DisputesAnswer, NoticeReceived
from schemas.base import ActorId, Digest, Id, Instant, Slug, format_instant
from schemas.statements.placement import PublicUrl

Number = Annotated[Id, Path(description="Its number.")]
router = APIRouter(prefix="/v1", tags=["records"], route_class=GuardedRoute)


@router.get("/disputes", operation_id="list_disputes", summary="Disputes", responses=documented(400, 401, 403, 503))
def list_disputes(
    services: ServicesOf,
    before: Annotated[int | None, Query(ge=0, le=INDEX_MAX, description="Those opened before this entry.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Disputes in one answer.")] = 100,
) -> DisputesAnswer:
    """The newest first, each with the instant at which its next clock runs out."""
    caught_up(services)
    rows = services.views.disputes.newest(before, limit + 1)
    lines = tuple(
        DisputeLine(
            dispute=row.dispute,
            kind=row.kind,
            matter=row.matter,
            state=row.state,
            entry_index=row.entry_index,
            next_due_at=format_instant(row.next_due_at) if row.next_due_at else None,
        )
        for row in rows[:limit]
    )
    return DisputesAnswer(disputes=lines, next_before=rows[limit - 1].entry_index if len(rows) > limit else None)


@router.get(
    "/disputes/{dispute}",
    operation_id="get_dispute",
    summary="A dispute",
    responses=documented(400, 401, 403, 404, 503),
)
def get_dispute(services: ServicesOf, dispute: Number, at: At = None) -> DisputeAnswer:
    """As it stands; with `at`, as it stood by what was recorded until then. Clocks: running, met or missed."""
    return dispute_answer(services, dispute, at)


@router.post(
    "/disputes/{dispute}/sightings",
    operation_id="sight_copy",
    summary="Record a copy that was seen",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
    openapi_extra={"requestBody": FILE_BODY},
)
async def sight_copy(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    dispute: Number,
    platform: Annotated[Slug, Query(description="Where.")],
    url: Annotated[PublicUrl, Query(description="Its address.")],
    seen_at: Annotated[Instant, Query(description="When, RFC 3339 in UTC.")],
    capture: Annotated[Literal["file", "screenshot", "page"], Query(description="What the body is.")] = "file",
    asset: Annotated[
        Digest | None, Query(description="The file that you see in it; found by us when left out.")
    ] = None,
    private: Annotated[bool, Query(description="Keep the address out of the log: only its digest.")] = False,
) -> DisputeAnswer:
    """The body is what was captured; it is kept by its digest and named in the log with how it was matched."""
    seen = Sighting(platform, url, seen_at, capture, asset, private)
    slots = request.app.state.slots
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        spoken = _speaker(services, caller)
        await run_in_threadpool(slots.examining_upload(sight), services, dispute, path, seen, spoken)
    return await run_in_threadpool(dispute_answer, services, dispute)


@router.post(
    "/disputes/{dispute}/notices",
    operation_id="record_dispute_notice",
    summary="Record a notice, an order or a counter-notice",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
def record_dispute_notice(
    services: ServicesOf, caller: CallerOf, dispute: Number, notice: NoticeReceived
) -> DisputeAnswer:
    """Its clocks are those of the rule packs in force when it was received; the worker records the ones that run out."""
    notify(services, dispute, notice, _speaker(services, caller))
    return dispute_answer(services, dispute)


@router.get(
    "/disputes/{dispute}/evidence",
    operation_id="get_dispute_evidence",
    summary="The evidence pack of a dispute",
    response_class=StreamingResponse,
    responses={**documented(400, 401, 403, 404, 503), 200: PACK_ANSWER},
)
def get_dispute_evidence(
    services: ServicesOf,
    caller: CallerOf,
    dispute: Number,
    media: Annotated[
        bool, Query(description="Also the files' bytes, captures and, for legal, documents about people.")
    ] = False,
    frames: Annotated[bool, Query(description="Show matched frames side by side; they may show people.")] = False,
    known_at: Annotated[Instant | None, Query(description="Tell what was known at that instant.")] = None,
    reader: Annotated[ActorId | None, Query(description="Show the fields that were disclosed to this reader.")] = None,
) -> StreamingResponse:
    """All of its files in one pack."""
    assets = require_dispute(services, dispute, known_at).opening.assets
    order = PackOrder.about(
        *assets,
        dispute=dispute,
        known_at=known_at,
        reader=reader,
        requested_by=caller.actor,
        with_media=media,
        with_documents=media and "legal" in caller.roles,
        with_frames=frames,
    )
    return evidence_file(services, order)


def _speaker(services: Services, caller: Caller) -> Speak:
    return lambda body: say_for(services, Words(body, {}), actor=caller.actor, statement_id=None, method=caller.method)
