"""The drift lab's findings, and what each step in a file's line did to its signals."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import At, Sha256
from api.services.drift_report import drift_report, rendition_report
from schemas.api.drift import DriftReport, RenditionReport

router = APIRouter(prefix="/v1", tags=["drift"], route_class=GuardedRoute)


@router.get(
    "/drift",
    operation_id="get_drift",
    summary="What survives which preset, month by month",
    responses=documented(400, 401, 403, 503),
)
def get_drift(services: ServicesOf, at: At = None) -> DriftReport:
    """Four columns, none inferred from another; alerts for months without a measurement and for presets that take a signal
    away, by name.
    """
    return drift_report(services, at)


@router.get(
    "/assets/{sha256}/drift",
    operation_id="get_rendition_drift",
    summary="What each step in a file's line did to its signals",
    responses=documented(400, 401, 403, 404, 413, 503),
)
def get_rendition_drift(services: ServicesOf, sha256: Sha256) -> RenditionReport:
    """From what was recorded of both ends when they came in."""
    return rendition_report(services, sha256)
