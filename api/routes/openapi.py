"""This description itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api.auth import GuardedRoute
from api.problems import documented

router = APIRouter(prefix="/v1", tags=["operation"], route_class=GuardedRoute)


@router.get(
    "/openapi.json",
    operation_id="get_openapi",
    summary="This description",
    response_class=JSONResponse,
    responses={
        **documented(),
        200: {
            "description": "OpenAPI 3.1",
            "content": {"application/json": {"schema": {"type": "object"}, "example": {"openapi": "3.1.0"}}},
        },
    },
)
def get_openapi(request: Request) -> JSONResponse:
    """OpenAPI 3.1, the same document as schemas/generated/openapi.json."""
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": "public, max-age=300"})
