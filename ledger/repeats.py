"""Whether somebody says again, in other bytes, what the log holds already."""

from __future__ import annotations

from ledger.statement import Draft, Opening, Said
from ledger.vault import Vault
from schemas.base import Statement


def says_the_same(draft: Draft, said: Said, vault: Vault) -> bool:
    """Whether the draft says what the entry says; only its instant and its salts may differ."""
    drafted = Statement.model_validate_json(draft.payload)
    same = {"occurred_at": said.statement.occurred_at, "sealed": said.statement.sealed}
    if drafted.model_copy(update=same) != said.statement or set(drafted.sealed) != set(said.statement.sealed):
        return False
    kept = {pointer: vault.open(said.statement.id, pointer) for pointer in said.statement.sealed}
    return all(not isinstance(it, Opening) or it.value == draft.openings[pointer].value for pointer, it in kept.items())
