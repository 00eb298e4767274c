"""What a person does on their own page without a passkey: takes back, in part or whole, and takes their receipt home.

A yes needs their own key (`passkey_pages`); taking back needs them signed in, and no script (SPEC S4.18).
"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.auth import Caller, CallerOf, GuardedRoute, ServicesOf
from api.routes.records import own_person
from api.services.dossier import caught_up
from api.services.exchange.documents import write_document
from api.services.services import Services
from api.web.forms import plain_form
from api.web.sessions import require_same_origin
from ledger.errors import Misuse
from schemas.base import Body, Id
from schemas.statements.consent import ConsentRefused, ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed

PARTS = frozenset({"uses", "channels", "territories", "media"})
_REASON = "said on the person's own page"
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.post("/consents/word", operation_id="page_take_back")
async def page_take_back(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """Fields: `consent`, `word` (refuse, withdraw, narrow), and for the last `part` and `value`."""
    require_same_origin(request)
    form = await plain_form(request)
    await run_in_threadpool(_say, services, caller, form.fields)
    return RedirectResponse("/consents", 303)


@router.get("/consents/{consent}/receipt", operation_id="page_receipt")
def page_receipt(
    services: ServicesOf, caller: CallerOf, consent: Annotated[Id, Path(description="Its number.")]
) -> Response:
    """The ISO/IEC TS 27560 receipt, as a file to keep."""
    caught_up(services)
    view = services.views.rights.consent(consent, services.clock.now())
    own_person(services, caller, view.person)
    document, media_type = write_document(view, "receipt", services.origin, services.public_url)
    name = f"consent-{consent}.receipt.jsonld"
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _say(services: Services, caller: Caller, fields: dict[str, str]) -> None:
    caught_up(services)
    view = services.views.rights.consent(fields.get("consent", ""), services.clock.now())
    own_person(services, caller, view.person)
    services.ledger.say(_words(fields, view.person), actor=caller.actor, method=caller.method)


def _words(fields: dict[str, str], person: str) -> Body:
    about = {"consent": fields.get("consent", ""), "person": person, "reason": _REASON}
    try:
        match fields.get("word"):
            case "refuse":
                return ConsentRefused.model_validate(about)
            case "withdraw":
                return ConsentWithdrawn.model_validate(about)
            case "narrow" if fields.get("part") in PARTS:
                return ConsentNarrowed.model_validate(about | {fields["part"]: [fields.get("value", "")]})
    except ValidationError:
        raise Misuse("request_invalid", "this can't be taken back so", "Use the page.") from None
    raise Misuse("request_invalid", "the form does not say what is taken back", "Use the page.")
