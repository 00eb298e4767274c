"""Distribution passes, for platforms that check a file where the ledger can't be asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.services.circumstances import Circumstances
from api.services.passes import issue_pass
from schemas.api.passes import PassDocument, PassQuestion

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=GuardedRoute)
_PASS: dict[int | str, dict[str, Any]] = {
    201: {"description": "The pass, as canonical JSON: keep its bytes as they are.", "model": PassDocument}
}


@router.post(
    "/passes",
    operation_id="issue_pass",
    summary="A pass that is checked offline",
    status_code=201,
    response_class=Response,
    responses={**documented(400, 401, 403, 409, 413, 503), **_PASS},
)
def issue(services: ServicesOf, question: PassQuestion) -> Response:
    """For a file whose verdict is `allow`. It ends after an hour, or when time ends anything behind it; whether it still
    stands is said by the status list that it names.
    """
    asked = Circumstances(use=question.use, channel=question.channel, territory=question.territory)
    issued = issue_pass(services, question.sha256, asked)
    return Response(issued.document, 201, {"Cache-Control": "no-store"}, "application/json")
