"""The do-not-generate list, why a file may be used, and the labels that viewers see."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import At, Sha256
from api.services.circumstances import Circumstances
from api.services.guardrails import guardrail_answer, guardrails_answer
from api.services.labels import labels
from api.services.why import ask_why, why_answer
from schemas.api.rights import GuardrailAnswer, GuardrailsAnswer, LabelsAnswer, WhyAnswer
from schemas.base import Id, Slug, Territory

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


@router.get(
    "/assets/{sha256}/why",
    operation_id="get_why",
    summary="Why may this file be used?",
    responses=documented(400, 401, 403, 404, 413, 503),
)
def get_why(
    services: ServicesOf,
    sha256: Sha256,
    use: Annotated[Slug, Query(description="What for, such as `advertising`.")],
    channel: Annotated[Slug, Query(description="Through what, such as `social`.")],
    territory: Annotated[Territory, Query(description="Where: ISO 3166-1 alpha-2, or WORLD.")],
    at: At = None,
) -> WhyAnswer:
    """The way from whoever holds a right or gave a consent, over the file, to its use and its placements; or no, and why."""
    asked = Circumstances(use=use, channel=channel, territory=territory)
    return why_answer(ask_why(services, sha256, asked, at))


@router.get(
    "/placements/labels",
    operation_id="list_labels",
    summary="Labels that viewers see, and should see",
    responses=documented(400, 401, 403, 503),
)
def list_labels(services: ServicesOf, at: At = None) -> LabelsAnswer:
    """Placements that were not ended; those whose label differs, or that nobody looked at, come first."""
    return labels(services, at)
