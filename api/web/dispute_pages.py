"""The pages of disputes: what is open and when its next clock runs out; and one dispute as it stands, or stood."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.auth import GuardedRoute, ServicesOf
from api.services.disputes import dispute_answer
from api.services.dossier import caught_up
from api.web.history import chosen_instant
from api.web.pages import pages_of
from schemas.base import Id

DISPUTES_SHOWN = 100  # on the page; the API has the rest
router = APIRouter(route_class=GuardedRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/disputes", operation_id="page_disputes")
def page_disputes(request: Request, services: ServicesOf) -> Response:
    caught_up(services)
    found = services.views.disputes.newest(limit=DISPUTES_SHOWN)
    return pages_of(request).answer(request, "disputes.html", here="disputes", found=found, at=services.clock.now())


@router.get("/disputes/{dispute}", operation_id="page_dispute")
def page_dispute(request: Request, services: ServicesOf, dispute: Id, at: str | None = None) -> Response:
    instant = chosen_instant(at)
    found = dispute_answer(services, dispute, instant)
    return pages_of(request).answer(
        request,
        "dispute.html",
        here="disputes",
        dispute=found,
        chosen=instant is not None,
        at_value=found.at[:19],
    )
