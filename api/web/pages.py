"""The pages. Each reads what the API reads and says it for people; nothing here decides."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse

from api.access import may_name_faces
from api.auth import GuardedRoute, ServicesOf
from api.downloads import evidence_file
from api.routes.assets import Sha256
from api.routes.log import log_keys
from api.routes.statements import INDEX_MAX, Index, statement_answer
from api.services.circumstances import Circumstances
from api.services.consents import consent_answer
from api.services.dossier import caught_up, dossier
from api.services.endings import consent_report
from api.services.evidence_frames import evidence_frame, lines_read
from api.services.evidence_order import PackOrder
from api.services.match_answers import matches_answer, matching_answer
from api.services.verification import verify_file
from api.web.drawing import described, draw
from api.web.forms import plain_form, uploaded_form
from api.web.history import chosen_instant, rows_before
from api.web.rendering import Pages, size_words
from api.web.rights_drawing import why_shown
from api.web.sessions import Sessions, require_same_origin, set_cookie
from api.web.wording import C2PA, CONSENT, EFFECTS, IDENTIFIED, VERDICTS
from ledger.errors import Unauthenticated
from ledger.statement import read_entry
from projections.summaries import known_by, summary
from schemas.base import Id

STYLE = FilePath(__file__).parent / "static" / "style.css"
NOTICES_SHOWN = 50  # on a consent's page; the API has the rest
router = APIRouter(route_class=GuardedRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", operation_id="page_verify")
def page_verify(request: Request, services: ServicesOf) -> Response:
    return pages_of(request).answer(
        request, "verify.html", here="verify", upload_max=size_words(services.upload_bytes_max)
    )


@router.post("/verify", operation_id="page_verdict")
async def page_verdict(request: Request, services: ServicesOf) -> Response:
    require_same_origin(request)
    slots = request.app.state.slots
    async with uploaded_form(request, services.upload_bytes_max, slots.uploads) as form:
        asked = Circumstances(form.fields.get("use"), form.fields.get("territory"), form.fields.get("channel"))
        caller = request.state.caller
        verify = partial(verify_file, naming=caller is not None and may_name_faces(caller.roles))
        found = await run_in_threadpool(slots.examining_upload(verify), services, form.path, asked)
    told = found.as_json()
    return await run_in_threadpool(
        pages_of(request).answer,
        request,
        "verdict.html",
        here="verify",
        found=told,
        name=form.file_name,
        meaning=VERDICTS[found.verdict],
        identified=IDENTIFIED[found.identified.by],
        c2pa=C2PA[told["c2pa"]["state"]],
    )


@router.get("/assets/{sha256}", operation_id="page_asset")
def page_asset(request: Request, services: ServicesOf, sha256: Sha256, at: str | None = None) -> Response:
    instant = chosen_instant(at)
    found = dossier(services, sha256, instant)
    asset, line = found.summary(), found.lineage()
    state = asset.examination.c2pa_state if asset.examination else "not_checked"
    return pages_of(request).answer(
        request,
        "asset.html",
        asset=asset,
        name=found.name(),
        rights=found.rights(),
        drawing=draw(line),
        lineage=described(line.edges),
        why=why_shown(services, sha256, instant),
        trail=found.trail(),
        c2pa=C2PA.get(state, ""),
        near=matches_answer(services, asset=sha256).matches,
        matching=matching_answer(services),
        read=lines_read(services, asset.examination.findings if asset.examination else ()),
        chosen=instant is not None,
        at_value=found.at.strftime("%Y-%m-%dT%H:%M:%S"),
    )


@router.get("/assets/{sha256}/frames/{frame}", operation_id="page_evidence_frame")
def page_evidence_frame(services: ServicesOf, sha256: Sha256, frame: Sha256) -> Response:
    """Shown in the page, because we made the picture: never a stranger's bytes."""
    return Response(evidence_frame(services, sha256, frame), media_type="image/jpeg")


@router.get("/consents/{consent}", operation_id="page_consent")
def page_consent(
    request: Request, services: ServicesOf, consent: Id, at: str | None = None, known_at: str | None = None
) -> Response:
    instant, known = chosen_instant(at), chosen_instant(known_at)
    caught_up(services)
    view = services.views.rights.consent(consent, instant or services.clock.now(), known)
    chosen = instant is not None or known is not None
    return pages_of(request).answer(
        request,
        "consent.html",
        consent=consent_answer(view),
        meaning=CONSENT[view.state],
        effects=EFFECTS,
        report=None if chosen else consent_report(services, consent, limit=NOTICES_SHOWN),
        chosen=chosen,
        at_value=view.at.strftime("%Y-%m-%dT%H:%M:%S"),
        known_value=view.known_at.strftime("%Y-%m-%dT%H:%M:%S") if known else "",
    )


@router.post("/assets/{sha256}/evidence", operation_id="page_evidence")
def page_evidence(
    request: Request, services: ServicesOf, sha256: Sha256, known_at: str | None = None
) -> StreamingResponse:
    """`known_at`: the instant as of which the page was shown."""
    require_same_origin(request)
    caller = request.state.caller
    order = PackOrder.about(sha256, known_at=chosen_instant(known_at), requested_by=caller.actor if caller else None)
    return evidence_file(services, order)


@router.get("/log", operation_id="page_log")
def page_log(
    request: Request, services: ServicesOf, before: Annotated[int | None, Query(ge=1, le=INDEX_MAX)] = None
) -> Response:
    size, checkpoint = services.ledger.head()
    rows, newer, older = rows_before(services, before, size) if request.state.caller else ([], None, None)
    return pages_of(request).answer(
        request,
        "log.html",
        here="log",
        size=size,
        checkpoint=checkpoint.decode(),
        keys=log_keys(services),
        latest=rows,
        newer=newer,
        older=older,
    )


@router.get("/log/{index}", operation_id="page_entry")
def page_entry(request: Request, services: ServicesOf, index: Index) -> Response:
    receipt = services.ledger.receipt(index)
    found = statement_answer(services, index)
    return pages_of(request).answer(
        request,
        "entry.html",
        here="log",
        found=found,
        known_by=known_by,
        size=receipt.size,
        sentence=summary(read_entry(services.ledger.store.entry(index))),
        pretty=json.dumps(found.statement, indent=2, ensure_ascii=False),
        proof=receipt.proof().decode(),
        exact=receipt.entry.decode(),
    )


@router.get("/sign-in", operation_id="page_sign_in")
def page_sign_in(request: Request, next: str = "/") -> Response:
    if _sessions(request).local_operator is not None:
        return RedirectResponse("/", 303)
    return pages_of(request).answer(request, "sign_in.html", scripted=True, next=_own_path(next), failed=False)


@router.post("/sign-in", operation_id="page_session")
async def page_session(request: Request) -> Response:
    require_same_origin(request)
    form = await plain_form(request)
    target = _own_path(form.fields.get("next", "/"))
    try:
        name = await run_in_threadpool(_sessions(request).begin, form.fields.get("token", "").strip())
    except Unauthenticated:
        return pages_of(request).answer(request, "sign_in.html", 401, scripted=True, next=target, failed=True)
    answer = RedirectResponse(target, 303)
    set_cookie(answer, request, name)
    return answer


@router.post("/sign-out", operation_id="page_sign_out")
def page_sign_out(request: Request) -> Response:
    require_same_origin(request)
    _sessions(request).end(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie("countersign_session", httponly=True, samesite="strict")
    return answer


@router.get("/style.css", operation_id="page_style")
def page_style() -> FileResponse:
    return FileResponse(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _own_path(target: str) -> str:
    """Where to go after signing in: a path of these pages, or the start. Browsers read a backslash as a slash."""
    parts = urlsplit(target.replace("\\", "/"))
    own = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if own and target.isprintable() else "/"
