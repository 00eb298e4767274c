"""Distribution passes, for platforms that check a file where the ledger can't be asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import Sha256
from api.services.circumstances import Circumstances
from api.services.delivering import deliver
from api.services.dossier import dossier
from api.services.passes import issue_pass
from schemas.api.passes import DeliveredAnswer, DeliveryQuestion, PassDocument, PassQuestion

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


@router.post(
    "/assets/{sha256}/delivered",
    operation_id="deliver_asset",
    summary="A twin that carries its pass",
    status_code=201,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
)
def deliver_asset(
    request: Request, services: ServicesOf, caller: CallerOf, sha256: Sha256, question: DeliveryQuestion
) -> DeliveredAnswer:
    """Signs a cleared file once more, with a pass for its picture and sound. The bytes are the new file's content."""
    asked = Circumstances(use=question.use, channel=question.channel, territory=question.territory)
    title = dossier(services, sha256).name() or sha256[:12]
    work = request.app.state.slots.examining(deliver)
    made = work(services, sha256, asked, title=title, asked_by=caller.actor)
    return DeliveredAnswer(
        asset_sha256=made.signed.asset_sha256,
        parent=sha256,
        entry_indices=made.signed.entry_indices,
        cleared=made.answer.issued,
        clearance=made.answer.clearance,
        reasons=tuple(reason.as_json() for reason in made.answer.reasons),
        claims=made.claims,
    )
