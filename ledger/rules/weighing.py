"""One rule's word in a decision: what it said, and the entries that it looked at (SPEC S5.5)."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.statement import Said
from schemas.statements.clearance import Weighed

ENTRIES_NAMED_MAX = 64  # entries named behind one rule; Weighed's own bound
WEIGHED_MAX = 200  # rows of one decision; ClearanceDecided's own bound
CODE_CHARS_MAX = 48  # a Slug's length; a state that the file's reader made up must not break the verdict
DETAIL_CHARS_MAX = 300  # a Line's length


def weigh(rule: str, outcome: str, code: str, detail: str, *entries: int | None) -> Weighed:
    """A row of a decision. Of many entries the first ENTRIES_NAMED_MAX are named."""
    named = tuple(sorted({entry for entry in entries if entry is not None}))[:ENTRIES_NAMED_MAX]
    said = {"rule": rule, "outcome": outcome, "code": code[:CODE_CHARS_MAX], "detail": detail[:DETAIL_CHARS_MAX]}
    return Weighed.model_validate({**said, "entries": named})


def indices(found: Iterable[Said]) -> tuple[int, ...]:
    return tuple(said.index for said in found)
