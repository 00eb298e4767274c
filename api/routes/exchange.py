"""Consents out to other houses, and requests in from them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.assets import At
from api.routes.records import own_person
from api.routes.statements import receipt_answer
from api.services.dossier import caught_up
from api.services.exchange.documents import Format, read_document, write_document
from api.services.services import Services
from api.services.statements import Words, say_for
from ledger.door import Receipt
from schemas.api.log import ReceiptAnswer
from schemas.base import Id, Slug

_EXAMPLE = {"@type": "dpv:ConsentRecord", "dct:identifier": "019a9b00-0000-7000-8000-000000000001", "cs:state": "given"}
router = APIRouter(prefix="/v1", tags=["exchange"], route_class=GuardedRoute)


@router.get(
    "/consents/{consent}/exports/{form}",
    operation_id="export_consent",
    summary="A consent in another house's format",
    responses={
        **documented(400, 401, 403, 404, 503),
        200: {"description": "The document.", "content": {"application/ld+json": {"example": _EXAMPLE}}},
    },
)
def export_consent(
    services: ServicesOf,
    caller: CallerOf,
    consent: Annotated[Id, Path(description="Its number.")],
    form: Annotated[
        Format, Path(description="`receipt` is for the person; `revocation` is there once something was taken back.")
    ],
    at: At = None,
) -> JSONResponse:
    """ISO/IEC TS 27560 in DPV (`dpv`, `receipt`), AdCP (`adcp`, `revocation`), ODRL (`odrl`). Made from the log as of `at`."""
    caught_up(services)
    view = services.views.rights.consent(consent, at or services.clock.now())
    own_person(services, caller, view.person)
    document, media_type = write_document(view, form, services.origin, services.public_url)
    return JSONResponse(document, media_type=media_type)


@router.post(
    "/consents/imports/{form}",
    operation_id="import_consent",
    summary="A request from another house's record",
    status_code=201,
    response_model=ReceiptAnswer,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"example": _EXAMPLE}}}},
)
async def import_consent(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    form: Annotated[Literal["dpv", "adcp", "odrl"], Path(description="Whose words the document is in.")],
    person: Annotated[Slug | None, Query(description="The person's pseudonym here, where it is another.")] = None,
) -> JSONResponse:
    """Says `consent.requested` with the document's terms. Whatever it claims was agreed to, the person says so here, or not."""
    raw = await request.body()
    receipt = await run_in_threadpool(_import, services, caller.actor, raw, form, person)
    content = await run_in_threadpool(receipt_answer, receipt)
    return JSONResponse(content.model_dump(mode="json"), 201, headers={"Location": f"/v1/receipts/{receipt.index}"})


def _import(services: Services, actor: str, raw: bytes, form: Format, person: str | None) -> Receipt:
    body = read_document(raw, form, person)
    return say_for(services, Words(body, {}), actor=actor, statement_id=None)
