"""Is the process alive, and is it fit to answer?"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import JSONResponse

from api.auth import GuardedRoute, ServicesOf
from api.limits import RETRY_AFTER_S, VIEW_LAG_ENTRIES_MAX
from api.problems import documented
from api.services.services import Services
from ledger.errors import LedgerError
from schemas.api.records import HealthAnswer, ReadyAnswer, ReadyCheck

router = APIRouter(tags=["operation"], route_class=GuardedRoute)


@router.get("/health", operation_id="get_health", summary="Is the process alive?", responses=documented())
def get_health() -> HealthAnswer:
    """Touches nothing: an orchestrator that restarts on this must not restart for a full disk."""
    return HealthAnswer(status="alive")


@router.get(
    "/ready",
    operation_id="get_ready",
    summary="Is it fit to answer?",
    response_model=ReadyAnswer,
    responses={
        **documented(),
        503: {"model": ReadyAnswer, "description": "Not ready; the checks say what is not in order."},
    },
)
def get_ready(services: ServicesOf) -> JSONResponse:
    """The store answers and every view follows it within a named number of entries."""
    checks = tuple(_checks(services))
    answer = ReadyAnswer(ready=all(check.ready for check in checks), checks=checks)
    headers = {} if answer.ready else {"Retry-After": str(RETRY_AFTER_S)}
    return JSONResponse(answer.model_dump(mode="json"), 200 if answer.ready else 503, headers=headers)


def _checks(services: Services) -> Iterator[ReadyCheck]:
    try:
        size, _ = services.ledger.head()
        yield ReadyCheck(name="store", ready=size > 0, detail=f"{size} entries" if size else "the log is empty")
    except LedgerError as error:
        yield ReadyCheck(name="store", ready=False, detail=error.code)
        return
    try:
        yield from map(_of_view, services.views.health())
    except LedgerError as error:
        yield ReadyCheck(name="views", ready=False, detail=error.code)


def _of_view(health: object) -> ReadyCheck:
    """A view's own error text may quote what it fell over; it stays in the log of this process."""
    told = vars(health)
    behind = told["log_size"] - told["position"]
    fit = told["condition"] in ("ready", "behind") and behind <= VIEW_LAG_ENTRIES_MAX
    return ReadyCheck(name=f"view {told['name']}", ready=fit, detail=f"{told['condition']}, {behind} entries behind")
