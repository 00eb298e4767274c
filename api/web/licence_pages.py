"""A licence's page: who had what under it, what ended or changed, who answered when, what is open."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.auth import GuardedRoute, ServicesOf
from api.services.licences import licence_report
from api.web.pages import NOTICES_SHOWN
from api.web.rendering import Pages
from api.web.wording import LICENCE
from schemas.base import Id

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/licences/{licence}", operation_id="page_licence")
def page_licence(request: Request, services: ServicesOf, licence: Id) -> Response:
    pages: Pages = request.app.state.pages
    found = licence_report(services, licence, limit=NOTICES_SHOWN)
    terminated = found.contract is not None and found.contract.terminated
    meaning = LICENCE["terminated" if terminated and found.end is None else found.state]
    return pages.answer(request, "licence.html", report=found, terminated=terminated, meaning=meaning)
