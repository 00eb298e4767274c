"""Saying a statement for somebody we authenticated, so that saying it again with the same id is the same statement."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from api.problems import named, sentences
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import LedgerError, Misuse
from ledger.statement import Opening, read_entry
from schemas.base import Body
from schemas.catalogue import TYPES, parse_body

# Two calls with one id draw two salts for the same value; the vault would keep the second one's under the first's entry.
_SEALING = threading.Lock()


@dataclass(frozen=True)
class Words:
    """What is to be said: a typed body, personal data by pointer, and whose data it is."""

    body: Body
    sealed: Mapping[str, Any]
    subject: str | None = None


def read_words(wire_type: str, body: dict[str, Any], sealed: Mapping[str, Any], subject: str | None) -> Words:
    """Raises Misuse `type_unknown`, `body_invalid`, never with the value in it."""
    if wire_type not in TYPES:
        raise Misuse("type_unknown", "this type is not in the catalogue", "See the list of statement types.")
    try:
        return Words(parse_body(wire_type, body), sealed, subject)
    except ValidationError as error:
        raise Misuse("body_invalid", sentences(named(error)), f"See the schema of {wire_type}.") from None


def say_for(
    services: Services, words: Words, *, actor: str, statement_id: str | None, method: str = "bearer"
) -> Receipt:
    """Raises what the door raises. With an id that was used for the very same words, answers its first receipt."""
    turn: AbstractContextManager[Any] = _SEALING if words.sealed and statement_id else nullcontext()
    with turn:
        return _said_before(services, words, actor, statement_id) or _say(services, words, actor, statement_id, method)


def _say(services: Services, words: Words, actor: str, statement_id: str | None, method: str) -> Receipt:
    try:
        return services.ledger.say(
            words.body,
            actor=actor,
            method=method,
            sealed=words.sealed or None,
            subject=words.subject,
            statement_id=statement_id,
        )
    except LedgerError as error:
        # Two calls with one id at the same moment: the door sees two instants and so two payloads.
        if (
            error.code != "statement_id_reused"
            or (before := _said_before(services, words, actor, statement_id)) is None
        ):
            raise
        return before


def _said_before(services: Services, words: Words, actor: str, statement_id: str | None) -> Receipt | None:
    stored = services.ledger.store.by_statement(statement_id) if statement_id else None
    if stored is None:
        return None
    statement = read_entry(stored).statement
    same = (statement.type, statement.actor, statement.body) == (words.body.TYPE, actor, words.body.as_json())
    if not same or statement.auth is None or not _same_sealed(services, words, statement.id, set(statement.sealed)):
        what = f"statement {statement_id} was said before, in other words"
        raise Misuse("statement_id_reused", what, "Give every statement an id of its own.")
    return services.ledger.receipt(stored.index)


def _same_sealed(services: Services, words: Words, statement_id: str, pointers: set[str]) -> bool:
    """Values that were erased meanwhile can't be compared and are let pass: nothing is said twice either way."""
    if pointers != set(words.sealed):
        return False
    kept = ((services.ledger.vault.open(statement_id, pointer), words.sealed[pointer]) for pointer in pointers)
    return all(not isinstance(opening, Opening) or opening.value == value for opening, value in kept)
