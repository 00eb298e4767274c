"""The published log over HTTP (C2SP tlog-tiles, prefix /tlog), as a static server would give it to strangers.

Checkpoints, keys and hash tiles are public. What was said is public only where the operator publishes it (setting
`publish_entries`); elsewhere entry bundles need a token of the house, and come from the log itself.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.auth import CallerIfAny, GuardedRoute, ServicesOf
from api.problems import documented
from api.services.services import Services
from ledger.errors import NotFound, Unauthenticated
from ledger.log.published import CHECKPOINT, KEYS, VKEYS, WITNESSED
from ledger.proof.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from ledger.proof.tiles import TileName, bundle_of, unbundled

FOREVER = "max-age=31536000, immutable"  # seconds in a year: a full tile never changes
PARTIAL = "max-age=300"  # seconds: a partial tile does not change either, but is removed once the full one is there
MOVING = "no-cache"  # kept by caches, but asked about each time: the ETag answers
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As published.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": "countersign.example/studio\n8\n…\n"}},
    }
}
_TILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As published.",
        "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
    }
}
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have is what is published."}}

Place = Annotated[str, Path(max_length=60, description="The path after the level: `x001/x234/067`, `067.p/12`.")]
Level = Annotated[int, Path(ge=0, le=63, description="The tile's level.")]
router = APIRouter(prefix="/tlog", tags=["log"], route_class=GuardedRoute)


@router.get(
    "/checkpoint",
    operation_id="get_published_checkpoint",
    summary="The published checkpoint",
    response_class=Response,
    responses={**documented(404, 503), **_TEXTS, **_NOT_MODIFIED},
)
def get_published_checkpoint(request: Request, services: ServicesOf) -> Response:
    """Everything that it covers is published. It may be a second older than the log's own head."""
    return _moving(request, services, CHECKPOINT)


@router.get(
    "/checkpoint.witnessed",
    operation_id="get_witnessed_checkpoint",
    summary="The latest witnessed checkpoint",
    response_class=Response,
    responses={**documented(404, 503), **_TEXTS, **_NOT_MODIFIED},
)
def get_witnessed_checkpoint(request: Request, services: ServicesOf) -> Response:
    """The latest that the operator's quorum of witnesses cosigned. Judge it by a policy of your own."""
    return _moving(request, services, WITNESSED)


@router.get(
    "/log.vkeys",
    operation_id="get_published_keys",
    summary="The log's keys, one a line",
    response_class=Response,
    responses={**documented(404, 503), **_TEXTS, **_NOT_MODIFIED},
)
def get_published_keys(request: Request, services: ServicesOf) -> Response:
    """Keys that come with a log prove nothing about it: compare them with those you were given."""
    return _moving(request, services, VKEYS)


@router.get(
    "/log.keys",
    operation_id="get_published_key_history",
    summary="How the log came to its keys",
    response_class=Response,
    responses={**documented(404, 503), **_TEXTS, **_NOT_MODIFIED},
)
def get_published_key_history(request: Request, services: ServicesOf) -> Response:
    """Every turning of the log's keys with its proof: whoever holds keys of any time gets to today's, offline."""
    return _moving(request, services, KEYS)


@router.get(
    "/tile/entries/{place:path}",
    operation_id="get_entry_bundle",
    summary="An entry bundle",
    response_class=Response,
    responses={**documented(400, 401, 403, 404, 503), **_TILES, **_NOT_MODIFIED},
)
def get_entry_bundle(request: Request, services: ServicesOf, caller: CallerIfAny, place: Place) -> Response:
    """Up to 256 entries, each behind its length. Without a token only where the operator publishes entries."""
    if caller is None and not services.publish_entries:
        raise Unauthenticated("token_missing", "entries are not public here", "Send Authorization: Bearer.")
    name = TileName.parse(f"tile/entries/{place}")
    return _tile(request, name, _bundle(services, name), public=services.publish_entries)


@router.get(
    "/tile/{level}/{place:path}",
    operation_id="get_tile",
    summary="A Merkle tile",
    response_class=Response,
    responses={**documented(400, 404, 503), **_TILES, **_NOT_MODIFIED},
)
def get_tile(request: Request, services: ServicesOf, level: Level, place: Place) -> Response:
    """Up to 256 hashes of 32 bytes. Any partial tile of the published size or a smaller one is there."""
    name = TileName.parse(f"tile/{level}/{place}")
    content = _published(services, name)
    if content is None:
        raise _not_published(name)
    return _tile(request, name, content[: name.width * HASH_BYTES], public=True)


def _published(services: Services, name: TileName) -> bytes | None:
    """The file of that name, or the wider one that replaced it."""
    content = services.published.read(name.path)
    if content is None and (width := _width_now(services, name)) > name.width:
        content = services.published.read(TileName(name.level, name.number, width).path)
    return content


def _bundle(services: Services, name: TileName) -> bytes:
    """From the folder where entries are published, else from the log, up to the published size."""
    if services.publish_entries and (content := _published(services, name)) is not None:
        return bundle_of(unbundled(content)[: name.width])
    if _width_now(services, name) < name.width:
        raise _not_published(name)
    first = name.number * TILE_WIDTH
    return bundle_of(one.entry for one in services.ledger.store.read_entries(after=first, upto=first + name.width))


def _width_now(services: Services, name: TileName) -> int:
    """How many hashes or entries the tile has at the published size."""
    note = services.published.read(CHECKPOINT)
    size = int(note.split(b"\n", 2)[1]) if note else 0  # our own file; readers verify it, we only count with it
    level = 0 if name.level == "entries" else name.level
    return min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - name.number * TILE_WIDTH)


def _moving(request: Request, services: Services, name: str) -> Response:
    content = services.published.read(name)
    if content is None:
        raise NotFound("not_published", f"there is no {name} yet", "Ask again once the log is published.")
    return _answer(request, content, _TEXT, f"public, {MOVING}", public=True)


def _tile(request: Request, name: TileName, content: bytes, *, public: bool) -> Response:
    scope = "public" if public else "private"
    return _answer(request, content, _BYTES, f"{scope}, {FOREVER if name.full else PARTIAL}", public=public)


def _answer(request: Request, content: bytes, kind: str, caching: str, *, public: bool) -> Response:
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"', "Cache-Control": caching}
    if public:  # a monitor may run in a page of any origin
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    else:
        headers["Vary"] = "Authorization"
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if headers["ETag"] in asked:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)


def _not_published(name: TileName) -> NotFound:
    return NotFound("tile_not_published", f"{name.path} is not published", "Ask for tiles of the checkpoint's size.")
