"""Rule packs and labels, as they stand or stood at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import GuardedRoute, ServicesOf
from api.limits import PAGE_ROWS_MAX
from api.problems import documented
from api.routes.assets import At
from api.routes.statements import INDEX_MAX
from api.services.dossier import caught_up
from api.services.rules import labels_answer, rules_answer
from api.services.rules_due import rules_due
from api.services.services import Services
from ledger.history import History
from schemas.api.rules import LabelsAnswer, RulesAnswer, RulesDueAnswer
from schemas.base import Slug, Territory

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=GuardedRoute)


@router.get("/rules", operation_id="list_rules", summary="The rule packs", responses=documented(400, 401, 403, 503))
def list_rules(services: ServicesOf, at: At = None) -> RulesAnswer:
    """Every pack, its dated and cited entries, and which of them apply at `at`. Nothing in one is legal advice."""
    history, instant = _then(services, at)
    return rules_answer(history, instant)


@router.get(
    "/rules/due",
    operation_id="list_rules_due",
    summary="Dates that the rules in force set",
    responses=documented(400, 401, 403, 503),
)
def list_rules_due(
    services: ServicesOf,
    offset: Annotated[int, Query(ge=0, le=INDEX_MAX, description="Dates to leave out, the soonest first.")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_ROWS_MAX, description="Dates in one answer.")] = 100,
) -> RulesDueAnswer:
    """References to erase, rights after death that end, and the clocks that an event starts, as of now.

    It names people by their pseudonyms: legal and IP stewards read it.
    """
    caught_up(services)
    found = rules_due(services, services.clock.now())
    return found.model_copy(update={"dates": found.dates[offset : offset + limit]})


@router.get(
    "/labels",
    operation_id="get_labels",
    summary="The labels for a market and a channel",
    responses=documented(400, 401, 403, 503),
)
def get_labels(
    services: ServicesOf,
    territory: Annotated[Territory, Query(description="ISO 3166-1 alpha-2, or WORLD for every market's labels.")],
    channel: Annotated[Slug, Query(description="Where it is shown.")],
    use: Annotated[Slug, Query(description="What for.")] = "advertising",
    at: At = None,
) -> LabelsAnswer:
    """What has to be shown or embedded, with the rule behind each, as the adopted packs said at `at`."""
    history, instant = _then(services, at)
    return labels_answer(history, territory, channel, use, instant)


def _then(services: Services, at: datetime | None) -> tuple[History, datetime]:
    now = services.clock.now()
    return services.ledger.history(as_of=at if at is not None and at < now else None), at or now
