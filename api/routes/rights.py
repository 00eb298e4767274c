"""The do-not-generate list, and why a file may be used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import At
from api.services.guardrails import guardrail_answer, guardrails_answer
from schemas.api.rights import GuardrailAnswer, GuardrailsAnswer
from schemas.base import Id

router = APIRouter(prefix="/v1", tags=["rights"], route_class=GuardedRoute)


@router.get(
    "/guardrails",
    operation_id="list_guardrails",
    summary="The do-not-generate list at an instant",
    responses=documented(400, 401, 403, 503),
)
def list_guardrails(services: ServicesOf, at: At = None) -> GuardrailsAnswer:
    """What stands on it, and which files fall under each entry."""
    return guardrails_answer(services, at)


@router.get(
    "/guardrails/{guardrail}",
    operation_id="get_guardrail",
    summary="An entry of the do-not-generate list",
    responses=documented(400, 401, 403, 404, 503),
)
def get_guardrail(
    services: ServicesOf, guardrail: Annotated[Id, Path(description="Its number.")], at: At = None
) -> GuardrailAnswer:
    """The entry, whether it stands at `at`, and every file that falls under it."""
    return guardrail_answer(services, guardrail, at)
