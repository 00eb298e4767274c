"""Searching for people: by words or by an example, with a frame of each file found; and who used a reference."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api.auth import GuardedRoute, ServicesOf
from api.routes.assets import Sha256
from api.routes.statements import INDEX_MAX
from api.services.circumstances import Circumstances
from api.services.match_answers import reference_answer
from api.services.searching import search_file
from api.services.stills import still_of
from api.services.usable import Rights
from api.services.wordsearch import search_words
from api.web.forms import uploaded_form
from api.web.pages import pages_of
from api.web.rendering import size_words
from api.web.sessions import require_same_origin
from ledger.media.frames import DURATION_MS_MAX
from schemas.base import Id

SHOWN = 12  # files on one page: a frame of each is made when it is looked at
KEPT_S = 600  # a browser's own copy of a frame, so that going back makes none anew
router = APIRouter(route_class=GuardedRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/search", operation_id="page_search")
def page_search(
    request: Request,
    services: ServicesOf,
    text: str = "",
    use: str = "",
    channel: str = "",
    territory: str = "",
    rights: Rights = "clean",
    before: Annotated[int | None, Query(ge=1, le=INDEX_MAX)] = None,
) -> Response:
    asked, found = Circumstances(use or None, territory or None, channel or None), None
    if text.strip():
        found = search_words(services, text, rights=rights, asked=asked, before=before, limit=SHOWN)
    return _shown(request, services, asked, rights, text=text, words=found)


@router.post("/search", operation_id="page_search_example")
async def page_search_example(request: Request, services: ServicesOf) -> Response:
    require_same_origin(request)
    slots = request.app.state.slots
    async with uploaded_form(request, services.upload_bytes_max, slots.uploads) as form:
        asked = Circumstances(form.fields.get("use"), form.fields.get("territory"), form.fields.get("channel"))
        rights: Rights = "all" if form.fields.get("rights") == "all" else "clean"
        found = await run_in_threadpool(
            slots.examining_upload(partial(search_file, naming=True)), services, form.path, rights, asked
        )
    example = found.as_json() | {"name": form.file_name}
    return await run_in_threadpool(_shown, request, services, asked, rights, example=example)


def _shown(
    request: Request,
    services: ServicesOf,
    asked: Circumstances,
    rights: Rights,
    *,
    text: str = "",
    words: Any = None,
    example: dict[str, Any] | None = None,
) -> Response:
    near = [_near(services, one) for one in example["matches"]] if example else []
    return pages_of(request).answer(
        request,
        "search.html",
        here="search",
        upload_max=size_words(services.upload_bytes_max),
        asked=asked,
        rights=rights,
        text=text,
        words=words,
        example=example,
        near=near,
    )


def _near(services: ServicesOf, one: dict[str, Any]) -> dict[str, Any]:
    title = services.views.texts.title(one["asset_sha256"])
    return one | {"where": _where(one["offsets"]), "title": title}


def _where(offsets: list[list[int]]) -> dict[str, str] | None:
    """From when to when, here and there, in seconds; None for a still in a still, and for the very bytes."""
    if not any(instant for pair in offsets for instant in pair):
        return None
    sides = zip(*offsets, strict=True)
    here, there = (f"{min(side) / 1000:.1f} to {max(side) / 1000:.1f} s" for side in sides)
    return {"here": here, "there": there}


@router.get("/assets/{sha256}/still", operation_id="page_still")
def page_still(
    request: Request,
    services: ServicesOf,
    sha256: Sha256,
    t_ms: Annotated[int, Query(ge=0, le=DURATION_MS_MAX)] = 0,
) -> Response:
    """A picture that we made, from a file that was decoded behind the fences: never a stranger's bytes."""
    jpeg = request.app.state.slots.examining(still_of)(services, sha256, t_ms)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={KEPT_S}"})


@router.get("/references/{reference}", operation_id="page_reference")
def page_reference(request: Request, services: ServicesOf, reference: Id) -> Response:
    found = reference_answer(services, reference)
    return pages_of(request).answer(request, "reference.html", here="search", found=found, reference=found.reference)
