"""A person's pages: signing in by passkey, their passkeys, and the consents that wait for their word.

These are the pages with a script; it talks to a browser's authenticator, which nothing else can do.
"""

from __future__ import annotations

import json
from pathlib import Path as FilePath

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.incoming import BoundedRequest
from api.limits import FORM_OVERHEAD_BYTES_MAX
from api.services.dossier import caught_up
from api.services.passkeys import passkeys_of, sign_in, sign_in_options
from api.web.asked import asked_of, forgetting
from api.web.rendering import Pages
from api.web.sessions import Sessions, require_same_origin, set_cookie
from ledger.errors import Misuse
from schemas.statements.passkey import ActorPasskeyAdded

SCRIPT = FilePath(__file__).parent / "static" / "passkeys.js"
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.post("/sign-in/passkey/options", operation_id="page_passkey_challenge")
def page_passkey_challenge(request: Request, services: ServicesOf) -> JSONResponse:
    require_same_origin(request)
    return JSONResponse({"options": sign_in_options(services)})


@router.post("/sign-in/passkey", operation_id="page_passkey_session")
async def page_passkey_session(request: Request, services: ServicesOf) -> Response:
    require_same_origin(request)
    if isinstance(request, BoundedRequest):
        request.bytes_max = FORM_OVERHEAD_BYTES_MAX
    document = await request.json()
    if not isinstance(document, dict) or not isinstance(document.get("credential"), dict):
        raise Misuse("request_invalid", "there is no credential in it", "Use the page.")
    actor, keyid = await run_in_threadpool(sign_in, services, document["credential"])
    sessions: Sessions = request.app.state.sessions
    answer = JSONResponse({"actor": actor})
    set_cookie(answer, request, sessions.begin_passkey(actor, keyid))
    return answer


@router.get("/passkeys", operation_id="page_passkeys")
def page_passkeys(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    current = passkeys_of(services, caller.actor)
    names = {key.keyid for key in current}
    waiting = [one for one in services.passkeys.of(caller.actor) if one.keyid not in names]
    drafts = {one.keyid: json.dumps({"type": ActorPasskeyAdded.TYPE, "body": one.body}) for one in waiting}
    return _pages(request).answer(
        request, "passkeys.html", here="passkeys", scripted=True, current=current, waiting=waiting, drafts=drafts
    )


@router.get("/consents", operation_id="page_consents")
def page_consents(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    caught_up(services)
    asked = asked_of(services, caller.actor)
    waiting = [one for one in asked if one.view.state == "requested"]
    return _pages(request).answer(
        request,
        "consents.html",
        here="consents",
        scripted=True,
        waiting=waiting,
        others=[one for one in asked if one not in waiting],
        passkeys=passkeys_of(services, caller.actor),
        people=[(person, forgetting(person)) for person in services.views.rights.people_of(caller.actor)],
    )


@router.get("/passkeys.js", operation_id="page_script")
def page_script() -> FileResponse:
    return FileResponse(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
