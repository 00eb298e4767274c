"""A statement at the door, with what the service has to look at for it: sealed names before a generation, the whole house
after a new entry on the do-not-generate list.

Only a statement that the door would take but for the missing look makes the service look; a stranger's bytes do not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool

from api.problems import InternalError
from api.services.entering import entered
from api.services.screening import screen_request, sweep_all
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import LedgerError, Refused
from ledger.intake import Unparsed
from ledger.proof.canonical import parse_json
from ledger.proof.dsse import Envelope
from schemas.base import Body, Statement
from schemas.catalogue import parse_body, wire_names
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import GuardrailAdded

_LOG = logging.getLogger("countersign.api")
NOT_SCREENED = "prompt_not_screened"
_SWEPT_FOR = frozenset(wire_names(GuardrailAdded))


def hear(services: Services, body: Callable[[], Body], say: Callable[[], Receipt]) -> Receipt:
    """Says it, once more after a look if that was all that was missing. Raises what the door raises."""
    try:
        receipt = say()
    except Refused as refused:
        if not _lacks_only_a_look(refused):
            raise
        asked = body()
        if not isinstance(asked, GenerationRequested):
            raise
        screen_request(services, asked)
        receipt = say()
    if receipt.type in _SWEPT_FOR:
        sweep_all(services)
    return receipt


async def hear_all(services: Services, statements: Sequence[Unparsed]) -> list[Receipt | LedgerError]:
    """`hear` for statements that their actors signed, without a thread for each while it waits; outcomes in order.

    Raises Unavailable `busy`.
    """
    outcomes = await entered(services.ledger, statements)
    return [await _looked_after(services, *each) for each in zip(statements, outcomes, strict=True)]


async def _looked_after(
    services: Services, statement: Unparsed, outcome: Receipt | BaseException
) -> Receipt | LedgerError:
    if isinstance(outcome, Receipt):
        if outcome.type in _SWEPT_FOR:
            await run_in_threadpool(sweep_all, services)
        return outcome
    if not isinstance(outcome, LedgerError):
        _LOG.error("unforeseen %s in the door", type(outcome).__name__)  # never its text: it may quote data
        return InternalError(
            "internal_error", "something failed that we did not foresee", "Try again, or tell us when."
        )
    if not (isinstance(outcome, Refused) and _lacks_only_a_look(outcome)):
        return outcome
    envelope = statement[0] if isinstance(statement[0], Envelope) else Envelope.parse(statement[0])
    say = partial(services.ledger.append, envelope, statement[1])
    try:
        return await run_in_threadpool(hear, services, lambda: body_of(envelope.payload), say)
    except LedgerError as error:
        return error


def _lacks_only_a_look(refused: Refused) -> bool:
    return {reason.code for reason in refused.reasons} == {NOT_SCREENED}


def body_of(payload: bytes) -> Body:
    """The body in a payload that the door has parsed before."""
    statement = Statement.model_validate(parse_json(payload))
    return parse_body(statement.type, statement.body)
