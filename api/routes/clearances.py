"""Clearances: asked for, issued or refused, and read back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.problems import documented, problem
from api.services.clearing import ask
from ledger.errors import NotFound, Refused
from ledger.history import History, bodies
from schemas.api.decisions import ClearanceAnswer, ClearanceQuestion, ClearanceRecord, RevokedShape
from schemas.api.problems import PROBLEM_TYPE
from schemas.base import Id, format_instant
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused, ClearanceRevoked, Question

_REFUSED: dict[str, Any] = {
    "description": "`clearance_refused`: a rule said no. Every reason is listed, and the refusal is recorded.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/RefusedClearance"}}},
}
router = APIRouter(prefix="/v1", tags=["decisions"], route_class=GuardedRoute)


@router.post(
    "/clearances",
    operation_id="ask_clearance",
    summary="Ask for clearance",
    status_code=201,
    response_model=ClearanceAnswer,
    responses=documented(400, 401, 403, 404, 413, 503, also={409: _REFUSED}),
)
def ask_clearance(services: ServicesOf, caller: CallerOf, question: ClearanceQuestion) -> JSONResponse:
    """Weighs every rule over the log and records the answer, whichever it is, as a signed statement."""
    answer = ask(services, Question.model_validate(question.model_dump()), asked_by=caller.actor)
    if answer.issued:
        content = ClearanceAnswer.model_validate(answer.as_json()).model_dump(mode="json")
        return JSONResponse(content, 201, headers={"Location": f"/v1/clearances/{answer.clearance}"})
    refused = Refused(
        "clearance_refused", "the rules do not allow it", "Every reason is listed.", tuple(answer.reasons)
    )
    return problem(refused, {"clearance": answer.clearance, "entry_index": answer.receipt.index})


@router.get(
    "/clearances/{clearance}",
    operation_id="get_clearance",
    summary="Read a clearance",
    responses=documented(400, 401, 403, 404, 503),
)
def get_clearance(
    services: ServicesOf, clearance: Annotated[Id, Path(description="The clearance's number.")]
) -> ClearanceRecord:
    """The verdict as it was recorded, and whether it was revoked since."""
    history = services.ledger.history()
    found = bodies(history.about(f"clearance:{clearance}", ClearanceIssued, ClearanceRefused), ClearanceDecided)
    if not found:
        raise NotFound("clearance_unknown", "no clearance of this number was decided", "Check the number.")
    said, body = found[0]
    return ClearanceRecord(
        clearance=clearance,
        outcome="issued" if isinstance(body, ClearanceIssued) else "refused",
        entry_index=said.index,
        decided_at=format_instant(body.decided_at),
        asked_by=body.asked_by,
        question=body.question,
        weighed=body.weighed,
        consents=body.consents,
        revoked=_revocation(history, clearance),
    )


def _revocation(history: History, clearance: str) -> RevokedShape | None:
    said = history.last(f"clearance:{clearance}", ClearanceRevoked)
    if said is None or not isinstance(said.body, ClearanceRevoked):
        return None
    return RevokedShape(
        entry_index=said.index,
        at=format_instant(said.recorded_at),
        cause=said.body.cause,
        detail=said.body.detail,
        consent=said.body.consent,
    )
