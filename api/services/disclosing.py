"""One sealed field: what became of it, and showing it to one reader with its salt and no other (SPEC S6.8, S6.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.services.erasure import gone
from api.services.erasure_certificate import covering_checkpoint, proven
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import NotFound, Untrusted
from ledger.proof.disclosure import format_disclosure
from ledger.statement import Opening, Said, commit, read_entry
from ledger.vault import Erased
from schemas.base import SealedRef
from schemas.statements.erasure import FieldDisclosed

Speak = Callable[[FieldDisclosed], Receipt]
"""Says the statement as somebody of legal: with their own key, or for them."""


@dataclass(frozen=True)
class Disclosed:
    """`document` for the reader; `entry_index` is where the log says that it was shown to them."""

    document: bytes
    entry_index: int


def field_state(services: Services, statement_id: str, pointer: str) -> dict[str, Any]:
    """`{"statement_id", "pointer", "person", "state", "erased_at"}`, the state being kept or erased; never the value.

    Raises NotFound `statement_unknown`, `sealed_unknown`; Unavailable `vault_…`; Untrusted `vault_…`: each its own answer.
    """
    _, ref = _sealed(services, statement_id, pointer)
    found = services.ledger.vault.open(statement_id, pointer)
    state, erased_at = ("erased", found.at) if isinstance(found, Erased) else ("kept", None)
    return {
        "statement_id": statement_id,
        "pointer": pointer,
        "person": ref.subject,
        "state": state,
        "erased_at": erased_at,
    }


def disclose(services: Services, statement_id: str, pointer: str, to: str, speak: Speak) -> Disclosed:
    """Records to whom, then makes the document: a crash between leaves a record of what was never shown.

    Raises NotFound `statement_unknown`, `sealed_unknown`; Gone `subject_erased`; Untrusted `commitment_differs`,
    `vault_…`; Unavailable `vault_…`; and what the door raises for who speaks.
    """
    said, ref = _sealed(services, statement_id, pointer)
    found = services.ledger.vault.open(statement_id, pointer)
    if isinstance(found, Erased):
        raise gone(services.ledger.history(), ref.subject, found)
    if commit(found) != ref.commitment:
        what = f"what the vault has for {statement_id}{pointer} is not what the log committed to"
        raise Untrusted("commitment_differs", what, "Run fsck.")
    receipt = speak(FieldDisclosed(person=ref.subject, statement=statement_id, pointer=pointer, to=to))
    return Disclosed(_document(services, said, pointer, found), receipt.index)


def _document(services: Services, said: Said, pointer: str, opening: Opening) -> bytes:
    logged = proven(services, said, *covering_checkpoint(services, said.index))
    return format_disclosure(pointer, opening.value, opening.salt, said.statement.id, logged)


def _sealed(services: Services, statement_id: str, pointer: str) -> tuple[Said, SealedRef]:
    stored = services.ledger.store.by_statement(statement_id)
    if stored is None:
        raise NotFound("statement_unknown", f"the log has no statement {statement_id}", "Check its id.")
    said = read_entry(stored)
    ref = said.statement.sealed.get(pointer)
    if ref is None:
        raise NotFound("sealed_unknown", f"statement {statement_id} seals no {pointer}", "See its sealed members.")
    return said, ref
