"""A statement at the door, with what the service has to look at for it: sealed names before a generation, the whole house
after a new entry on the do-not-generate list.

Only a statement that the door would take but for the missing look makes the service look; a stranger's bytes do not.
"""

from __future__ import annotations

from collections.abc import Callable

from api.services.screening import screen_request, sweep_all
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import Refused
from ledger.proof.canonical import parse_json
from ledger.statement import read_entry
from schemas.base import Body, Statement
from schemas.catalogue import parse_body
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import GuardrailAdded

NOT_SCREENED = "prompt_not_screened"


def hear(services: Services, body: Callable[[], Body], say: Callable[[], Receipt]) -> Receipt:
    """Says it, once more after a look if that was all that was missing. Raises what the door raises."""
    try:
        receipt = say()
    except Refused as refused:
        if {reason.code for reason in refused.reasons} != {NOT_SCREENED}:
            raise
        asked = body()
        if not isinstance(asked, GenerationRequested):
            raise
        screen_request(services, asked)
        receipt = say()
    if isinstance(read_entry(services.ledger.store.entry(receipt.index)).body, GuardrailAdded):
        sweep_all(services)
    return receipt


def body_of(payload: bytes) -> Body:
    """The body in a payload that the door has parsed before."""
    statement = Statement.model_validate(parse_json(payload))
    return parse_body(statement.type, statement.body)
