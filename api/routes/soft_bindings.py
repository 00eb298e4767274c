"""C2PA Soft Binding Resolution API 2.2 under /v1/softbinding: manifests found again after a platform stripped them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth import GuardedRoute, ServicesOf
from api.incoming import received_file
from api.problems import MediaTypeUnsupported, UriTooLong, documented
from api.services.soft_bindings import Hint, by_binding, by_content, manifest_store
from schemas.api.softbinding import (
    ALG,
    VALUE_CHARS_MAX,
    AlgorithmName,
    SoftBindingAlgorithms,
    SoftBindingQuery,
    SoftBindingQueryResult,
)

MANIFEST_MEDIA_TYPE = "application/c2pa"
URL_VALUE_CHARS_MAX = 2_000  # what every proxy lets through; 32 codes of ours fit in
_ASSET_TYPES = ("image/", "video/", "audio/", "application/")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "(the asset's bytes)"}
            for kind in ("image/*", "video/*", "application/*")
        },
    }
}
_STORE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The manifest store, byte for byte; with `returnActiveManifest` its active manifest alone.",
        "content": {MANIFEST_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "(JUMBF)"}},
    }
}
Limit = Annotated[int, Query(alias="maxResults", ge=1, le=50, description="Manifests in one answer, best first.")]
router = APIRouter(prefix="/v1/softbinding", tags=["soft bindings"], route_class=GuardedRoute)


@router.get(
    "/matches/byBinding",
    operation_id="query_by_binding",
    summary="Manifests that a soft binding leads to",
    responses=documented(400, 401, 403, 414, 503),
)
def query_by_binding(
    services: ServicesOf,
    alg: Annotated[str, Query(max_length=200, description="The algorithm's name.")],
    value: Annotated[str, Query(description="Base64, in the algorithm's own form.")],
    limit: Limit = 10,
) -> SoftBindingQueryResult:
    """For values that fit in an address; larger ones are posted."""
    if len(value) > URL_VALUE_CHARS_MAX:
        what = f"the value has over {URL_VALUE_CHARS_MAX} characters"
        raise UriTooLong("softbinding_value_too_long", what, "POST it.")
    return SoftBindingQueryResult.model_validate({"matches": by_binding(services, alg, value, limit)})


@router.post(
    "/matches/byBinding",
    operation_id="query_by_large_binding",
    summary="Manifests that a large soft binding leads to",
    responses=documented(400, 401, 403, 413, 503),
)
def query_by_large_binding(services: ServicesOf, query: SoftBindingQuery, limit: Limit = 10) -> SoftBindingQueryResult:
    """The same, with the value in the body."""
    return SoftBindingQueryResult.model_validate({"matches": by_binding(services, query.alg, query.value, limit)})


@router.post(
    "/matches/byContent",
    operation_id="query_by_content",
    summary="Manifests that an asset leads to",
    response_model=SoftBindingQueryResult,
    responses=documented(400, 401, 403, 413, 415, 503),
    openapi_extra=_BODY,
)
async def query_by_content(
    request: Request,
    services: ServicesOf,
    alg: Annotated[str | None, Query(max_length=200, description="The algorithm to compute; ours if left out.")] = None,
    limit: Limit = 10,
    hint_alg: Annotated[
        str | None, Query(alias="hintAlg", max_length=200, description="Another binding that you know of.")
    ] = None,
    hint_value: Annotated[
        str | None, Query(alias="hintValue", max_length=VALUE_CHARS_MAX, description="Its value.")
    ] = None,
) -> SoftBindingQueryResult:
    """The body is the asset. It is examined in a fenced process and kept nowhere."""
    kind = request.headers.get("content-type", "application/octet-stream").strip().lower()
    if not kind.startswith(_ASSET_TYPES):
        raise MediaTypeUnsupported("asset_type_unsupported", "no algorithm of ours reads such assets", "Send media.")
    slots, hint = request.app.state.slots, Hint(hint_alg, hint_value)
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        found = await run_in_threadpool(slots.examining_upload(by_content), services, path, alg, hint, limit)
    return SoftBindingQueryResult.model_validate({"matches": found})


@router.get(
    "/manifests/{manifest_id}",
    operation_id="get_manifest_by_id",
    summary="A manifest",
    response_class=Response,
    responses={**documented(400, 401, 403, 404, 503), **_STORE},
)
def get_manifest_by_id(
    services: ServicesOf,
    manifest_id: Annotated[str, Path(max_length=200, description="As an answer named it.")],
    active_only: Annotated[
        bool, Query(alias="returnActiveManifest", description="The active manifest without those below it.")
    ] = False,
) -> Response:
    """Whoever gets it judges it: it is about the file that it was signed for, not about the bytes in your hand."""
    content = manifest_store(services, manifest_id, active_only=active_only)
    return Response(content, media_type=MANIFEST_MEDIA_TYPE)


@router.get(
    "/services/supportedAlgorithms",
    operation_id="list_soft_binding_algorithms",
    summary="Soft bindings that this service knows",
    responses=documented(503),
)
def list_soft_binding_algorithms() -> SoftBindingAlgorithms:
    """How a value is computed is in docs/soft-binding.md."""
    return SoftBindingAlgorithms(watermarks=(), fingerprints=(AlgorithmName(alg=ALG),))
