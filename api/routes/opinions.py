"""What others say of a file: asked for, and read. Nothing leaves unless the operator's settings name where to."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import Sha256
from api.services.opinions import ask_opinion as ask
from schemas.api.opinions import OpinionAnswer, OpinionQuestion

router = APIRouter(prefix="/v1", tags=["assets"], route_class=GuardedRoute)


@router.post(
    "/assets/{sha256}/opinions",
    operation_id="ask_opinion",
    summary="Ask outside for an opinion on a file",
    responses=documented(400, 401, 403, 404, 503),
)
def ask_opinion(
    request: Request, services: ServicesOf, caller: CallerOf, sha256: Sha256, question: OpinionQuestion
) -> OpinionAnswer:
    """Sends the file, or frames and sound of it, and records which bytes went where and what came back. It decides nothing
    here. Where the settings do not allow it, or there is no key, nothing is sent and the answer is `not_checked`.
    """
    asking = request.app.state.slots.examining(ask)
    found: OpinionAnswer = asking(services, sha256, question.source, actor=caller.actor, method=caller.method)
    return found
