"""Making a passkey, and making a statement ready to be signed by one. What was signed goes to `POST /v1/statements`."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.problems import documented
from api.services.passkeys import prepare, register, registration_options
from api.services.services import Services
from api.services.statements import read_words
from ledger.proof.dsse import PAYLOAD_TYPE
from projections.summaries import sentence
from schemas.api.log import OpeningShape, UnsignedStatement
from schemas.api.passkeys import PasskeyAnswer, PasskeyMade, PasskeyOptions, PreparedStatement
from schemas.catalogue import newest
from schemas.statements.passkey import ActorPasskeyAdded

router = APIRouter(prefix="/v1", tags=["passkeys"], route_class=GuardedRoute)


@router.post(
    "/passkeys/options",
    operation_id="begin_passkey",
    summary="Begin to make a passkey",
    responses=documented(401, 403, 503),
)
def begin_passkey(services: ServicesOf, caller: CallerOf) -> PasskeyOptions:
    """Options for the browser: a discoverable passkey that verifies its user (ES256, EdDSA, RS256). Good once, for minutes."""
    return PasskeyOptions(options=registration_options(services, caller.actor))


@router.post(
    "/passkeys",
    operation_id="register_passkey",
    summary="Hand in a passkey",
    status_code=201,
    responses=documented(400, 401, 403, 413, 422, 503),
)
def register_passkey(services: ServicesOf, caller: CallerOf, made: PasskeyMade) -> PasskeyAnswer:
    """It waits, and says nothing yet: compare `keyid` with what the person reads out, then say the statement in the answer
    with a key of your own. At most five wait for an actor; the oldest goes.
    """
    found = register(services, caller.actor, made.credential)
    return PasskeyAnswer(keyid=found.keyid, type=ActorPasskeyAdded.TYPE, body=found.body)


@router.post(
    "/statements/prepare",
    operation_id="prepare_statement",
    summary="Make a statement ready for a passkey",
    responses=documented(400, 401, 403, 404, 413, 503),
)
async def prepare_statement(services: ServicesOf, caller: CallerOf, said: UnsignedStatement) -> PreparedStatement:
    """The statement's exact bytes, the same in words, and what the browser is asked to sign. Nothing is said or kept."""
    return await run_in_threadpool(_prepared, services, caller.actor, said)


def _prepared(services: Services, actor: str, said: UnsignedStatement) -> PreparedStatement:
    words = read_words(said.type, said.body, said.sealed, said.subject)
    found = prepare(services, words, actor)
    openings = {
        pointer: OpeningShape(value=opening.value, salt=opening.salt.hex())
        for pointer, opening in found.draft.openings.items()
    }
    return PreparedStatement(
        payload=b64encode(found.draft.payload).decode(),
        payload_type=PAYLOAD_TYPE,
        payload_sha256=hashlib.sha256(found.draft.payload).hexdigest(),
        words=f"{actor} {sentence(newest(words.body))}",
        options=found.options,
        keyids=found.keyids,
        openings=openings,
    )
