"""Saying statements and reading them back."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth import CallerIfAny, GuardedRoute, ServicesOf
from api.problems import documented, named, request_invalid
from api.services.batches import answer_batch, read_batch
from api.services.entering import receipt_bytes
from api.services.listening import body_of, hear, hear_all
from api.services.services import Services
from api.services.statements import read_words, say_for
from ledger.door import Receipt
from ledger.errors import Misuse, Unauthenticated
from ledger.log.cose import COSE_TYPE, RECEIPT_TYPE
from ledger.proof.canonical import parse_json
from ledger.proof.dsse import Envelope
from ledger.proof.merkle import leaf_hash
from ledger.statement import Opening, read_entry
from schemas.api.log import BatchAnswer, ReceiptAnswer, SignedStatement, StatementAnswer, UnsignedStatement
from schemas.base import Id, format_instant

DSSE_TYPE = "application/vnd.dsse+json"
COSE_TYPES = (RECEIPT_TYPE, COSE_TYPE)
INDEX_MAX = 2**53 - 1  # what JSON numbers carry exactly
Index = Annotated[int, Path(ge=0, le=INDEX_MAX, description="The entry's place in the log, from 0.")]
_STATEMENT_ID = TypeAdapter[str](Id)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/SignedStatement"},
                        {"$ref": "#/components/schemas/UnsignedStatement"},
                    ]
                },
                "examples": {
                    "signed": {"value": SignedStatement.model_config["json_schema_extra"]["examples"][0]},  # type: ignore[index]
                    "unsigned": {"value": UnsignedStatement.model_config["json_schema_extra"]["examples"][0]},  # type: ignore[index]
                },
            },
            DSSE_TYPE: {"schema": {"type": "object", "description": "A DSSE envelope as it is (SPEC S3)."}},
        },
    }
}
router = APIRouter(prefix="/v1", tags=["statements"], route_class=GuardedRoute)


@router.post(
    "/statements",
    operation_id="say_statement",
    summary="Say a statement",
    status_code=201,
    response_model=ReceiptAnswer,
    responses={
        **documented(400, 401, 403, 404, 409, 413, 422, 503),
        200: {"model": ReceiptAnswer, "description": "The same statement was said before; its first receipt."},
    },
    openapi_extra=_BODY,
)
async def say_statement(
    request: Request,
    services: ServicesOf,
    caller: CallerIfAny,
    idempotency_key: Annotated[
        str | None, Header(max_length=40, description="A UUIDv7: becomes the statement's id (unsigned form only).")
    ] = None,
) -> Response:
    """A DSSE envelope signed with the actor's own key needs no token: it carries its own authority. A bare body is signed
    by the service for the token's actor, and the statement says so. Saying the same again answers the first receipt.
    """
    raw, kind = await request.body(), _kind(request)
    receipt = await run_in_threadpool(_say, services, caller, raw, kind, idempotency_key)
    location = {"Location": f"/v1/receipts/{receipt.index}"}
    content = await run_in_threadpool(receipt_bytes, receipt)
    return Response(content, 200 if receipt.existing else 201, location, "application/json")


@router.post(
    "/statements:batch",
    operation_id="say_statements",
    summary="Say many signed statements",
    response_model=BatchAnswer,
    responses=documented(400, 401, 403, 413, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchSaid"}}},
        }
    },
)
async def say_statements(request: Request, services: ServicesOf) -> Response:
    """At most 1,000 envelopes, each signed with its actor's own key, with the openings of what it seals. All that pass share
    one commit; each has its own outcome, in order. A statement sees none of its neighbours in the batch.
    """
    if _kind(request) != "application/json":
        raise Misuse("content_type_unsupported", "a batch is JSON", "Send application/json.")
    statements = await run_in_threadpool(read_batch, await request.body())
    outcomes = await hear_all(services, statements)
    return Response(await run_in_threadpool(answer_batch, outcomes), 200, media_type="application/json")


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


@router.get(
    "/statements/{index}",
    operation_id="get_statement",
    summary="Read one statement",
    responses=documented(400, 401, 403, 404, 503),
)
def get_statement(services: ServicesOf, index: Index) -> StatementAnswer:
    """The statement as it was signed, and the exact bytes of its entry."""
    return statement_answer(services, index)


@router.get(
    "/receipts/{index}",
    operation_id="get_receipt",
    summary="Read a receipt",
    response_model=ReceiptAnswer,
    responses={
        **documented(400, 401, 403, 404, 422, 503),
        200: {
            "description": "The receipt, in the form that `Accept` asks for.",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in COSE_TYPES},
        },
    },
)
def get_receipt(request: Request, services: ServicesOf, index: Index) -> ReceiptAnswer | Response:
    """The entry and its proof of inclusion under the latest checkpoint. With `Accept: application/cose`, the proof alone as
    a COSE receipt (RFC 9942), for those who have the entry.
    """
    asked = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    if kind := next((kind for kind in COSE_TYPES if kind in asked), None):
        return Response(services.receipts.issue(index), media_type=kind, headers={"Vary": "Accept"})
    return receipt_answer(services.ledger.receipt(index))


def receipt_answer(receipt: Receipt) -> ReceiptAnswer:
    return ReceiptAnswer(
        index=receipt.index,
        statement_id=receipt.statement_id,
        entry=b64encode(receipt.entry).decode(),
        proof=receipt.proof().decode(),
        size=receipt.size,
        existing=receipt.existing,
    )


def statement_answer(services: Services, index: int) -> StatementAnswer:
    said = read_entry(services.ledger.store.entry(index))
    return StatementAnswer(
        index=said.index,
        recorded_at=format_instant(said.recorded_at),
        statement=said.statement.as_json(),
        payload_sha256=said.payload_sha256,
        keyids=said.keyids,
        signed_with="service" if said.statement.auth else "passkey" if said.passkey else "key",
        leaf_sha256=leaf_hash(said.entry).hex(),
        entry=b64encode(said.entry).decode(),
    )


def _say(services: Services, caller: CallerIfAny, raw: bytes, kind: str, key: str | None) -> Receipt:
    if kind == DSSE_TYPE:
        _no_key(key)
        return hear(services, lambda: body_of(Envelope.parse(raw).payload), lambda: services.ledger.append(raw))
    if kind != "application/json":
        raise Misuse("content_type_unsupported", "a statement is JSON or a DSSE envelope", f"Send {DSSE_TYPE}.")
    document = parse_json(raw)
    try:
        if isinstance(document, dict) and "envelope" in document:
            _no_key(key)
            return _append_signed(services, SignedStatement.model_validate(document))
        return _say_unsigned(services, caller, UnsignedStatement.model_validate(document), key)
    except ValidationError as error:
        raise request_invalid(named(error)) from None


def _append_signed(services: Services, signed: SignedStatement) -> Receipt:
    openings = {
        pointer: Opening(opening.value, bytes.fromhex(opening.salt)) for pointer, opening in signed.openings.items()
    }
    envelope = Envelope.parse(signed.envelope)
    return hear(services, lambda: body_of(envelope.payload), lambda: services.ledger.append(envelope, openings))


def _say_unsigned(services: Services, caller: CallerIfAny, said: UnsignedStatement, key: str | None) -> Receipt:
    if caller is None:
        what = "an unsigned statement is said for the token's actor, and no token was sent"
        raise Unauthenticated("token_missing", what, "Send Authorization: Bearer, or sign the statement.")
    words = read_words(said.type, said.body, said.sealed, said.subject)
    statement_id = _statement_id(key)
    speak = partial(say_for, services, words, actor=caller.actor, statement_id=statement_id, method=caller.method)
    return hear(services, lambda: words.body, speak)


def _statement_id(key: str | None) -> str | None:
    if key is None:
        return None
    try:
        return _STATEMENT_ID.validate_python(key.removeprefix('"').removesuffix('"'))
    except ValidationError:
        what = "an Idempotency-Key here is a UUIDv7 in lower case"
        raise Misuse("idempotency_key_invalid", what, "It becomes the statement's id.") from None


def _no_key(key: str | None) -> None:
    if key is not None:
        what = "a signed statement is known by the id inside it"
        raise Misuse("idempotency_key_unneeded", what, "Leave the header out.")
