"""A person's pages: signing in by passkey, their passkeys, and the consents that wait for their word.

These are the pages with a script; it talks to a browser's authenticator, which nothing else can do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.incoming import BoundedRequest
from api.limits import FORM_OVERHEAD_BYTES_MAX
from api.services.dossier import caught_up
from api.services.passkeys import passkeys_of, sign_in, sign_in_options
from api.services.services import Services
from api.web.rendering import Pages
from api.web.sessions import Sessions, require_same_origin, set_cookie
from ledger.errors import Misuse
from ledger.statement import read_entry
from projections.rights import ConsentView
from schemas.catalogue import TYPES, body_class
from schemas.statements.passkey import ActorPasskeyAdded
from schemas.statements.person import PersonRegistered

SCRIPT = FilePath(__file__).parent / "static" / "passkeys.js"
_SHOWN_APART = frozenset({"consent", "person", "specific_description", "valid_from", "valid_until"})
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """A consent as its person sees it: what was asked in words, where it stands, and what they may say about it now."""

    view: ConsentView
    description: str
    valid_from: str
    valid_until: str
    scope: tuple[tuple[str, str], ...]
    entry_index: int
    words: tuple[tuple[str, str, str], ...]
    """(label, tone, statement as JSON) of each thing that they may say."""


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
    asked = [_asked(services, view) for person in people_of(services, caller) for view in _views(services, person)]
    waiting = [one for one in asked if one.view.state == "requested"]
    return _pages(request).answer(
        request,
        "consents.html",
        here="consents",
        scripted=True,
        waiting=waiting,
        others=[one for one in asked if one not in waiting],
        passkeys=passkeys_of(services, caller.actor),
    )


@router.get("/passkeys.js", operation_id="page_script")
def page_script() -> FileResponse:
    return FileResponse(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def people_of(services: Services, caller: Caller) -> list[str]:
    """The pseudonyms for which the caller speaks. O(registered people)."""
    registered = (said.body for said in services.ledger.read(types=[PersonRegistered.TYPE]))
    return [body.person for body in registered if isinstance(body, PersonRegistered) and body.speaks_as == caller.actor]


def _views(services: Services, person: str) -> list[ConsentView]:
    return services.views.rights.consents_of(person, services.clock.now())[::-1]


def _asked(services: Services, view: ConsentView) -> Asked:
    """From the statement that stands in force, member by member, so that nothing in it goes unshown."""
    scope = view.granted or view.requested
    assert scope is not None  # noqa: S101  a consent is known from its request
    said = read_entry(services.ledger.store.entry(scope.entry_index))
    body = said.body.as_json()
    rows = tuple((name, _shown(value)) for name, value in sorted(body.items()) if name not in _SHOWN_APART)
    words = tuple(_words(said.statement.type, body, view))
    window = (body["valid_from"], body["valid_until"])
    return Asked(view, body["specific_description"], *window, rows, said.index, words)


def _words(wire_type: str, body: dict[str, Any], view: ConsentView) -> list[tuple[str, str, str]]:
    ended = {"consent": view.consent, "person": view.person, "reason": "said on the person's own page"}
    if view.state == "requested":
        given = wire_type.replace("requested", "granted")
        taken = {
            name: value for name, value in body.items() if given in TYPES and name in body_class(given).model_fields
        }
        return [
            ("Give this consent", "main", json.dumps({"type": given, "body": taken})),
            ("Refuse", "quiet", json.dumps({"type": "consent.refused.v1", "body": ended})),
        ]
    if view.state in ("given", "not_yet"):
        return [("Take it back", "quiet", json.dumps({"type": "consent.withdrawn.v1", "body": ended}))]
    return []


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
