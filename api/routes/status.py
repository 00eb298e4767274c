"""What stands, for anybody who asks, without an account: signed lists, and the keys that they are signed with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse, PlainTextResponse

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.services.jwks import service_keys
from api.services.status_lists import TTL, issue_status_list

STATUS_MEDIA_TYPE = "application/statuslist+jwt"
_CACHE = f"public, max-age={int(TTL.total_seconds()) // 5}"  # caches may hold it a minute of the five that it lives
_EXAMPLE_KEYS = {
    "keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "kid": "ab" * 32, "use": "sig", "x": "AA" * 22}]
}
router = APIRouter(tags=["status"], route_class=GuardedRoute)


@router.get(
    "/v1/status/{listed}/{number}",
    operation_id="get_status_list",
    summary="Which consents or clearances stand",
    response_class=PlainTextResponse,
    responses={
        **documented(400, 404, 503),
        200: {
            "description": "A Token Status List: 0 stands, 1 does not, 2 is suspended. Past its `exp` it says nothing.",
            "content": {
                STATUS_MEDIA_TYPE: {
                    "schema": {"type": "string"},
                    "example": "eyJhbGciOiJFZDI1NTE5In0.eyJiaXRzIjoyfQ.c2ln",
                }
            },
        },
    },
)
def get_status_list(
    services: ServicesOf,
    listed: Annotated[Literal["consents", "clearances"], Path(description="What the places stand for.")],
    number: Annotated[int, Path(ge=0, le=10**9, description="As the reference in an answer or a pass says.")],
) -> PlainTextResponse:
    """Signed by the service, with no name and no number in it: a place in a list is all that a reader has to know."""
    token = issue_status_list(services, listed, number)
    return PlainTextResponse(token, media_type=STATUS_MEDIA_TYPE, headers={"Cache-Control": _CACHE})


@router.get(
    "/.well-known/jwks.json",
    operation_id="get_service_keys",
    summary="The service's keys",
    responses={
        **documented(503),
        200: {
            "description": "A JSON Web Key Set.",
            "content": {"application/jwk-set+json": {"schema": {"type": "object"}, "example": _EXAMPLE_KEYS}},
        },
    },
)
def get_service_keys(services: ServicesOf) -> JSONResponse:
    """As a JSON Web Key Set (RFC 7517). The log proves which they are: hold them to it rather than to this address."""
    keys: dict[str, Any] = service_keys(services)
    return JSONResponse(keys, media_type="application/jwk-set+json", headers={"Cache-Control": "public, max-age=300"})
