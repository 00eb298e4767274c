"""The drift lab's page. It reads what the API reads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.auth import GuardedRoute, ServicesOf
from api.services.drift_report import drift_report
from api.web.drift_drawing import draw_drift
from api.web.rendering import Pages
from schemas.api.drift import COLUMNS

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/drift", operation_id="page_drift")
def page_drift(request: Request, services: ServicesOf) -> Response:
    report = drift_report(services)
    pages: Pages = request.app.state.pages
    return pages.answer(request, "drift.html", here="drift", report=report, drawing=draw_drift(report), columns=COLUMNS)
