"""What a pack leaves out because counsel claims privilege over it: as claimed now, whatever instant the pack tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from api.services.facts_matches import privilege_log_of
from api.services.facts_scene import Scene
from ledger.history import History
from schemas.facts_matches import WithheldFact


def privilege_log(history: History, assets: Sequence[str], at: datetime) -> tuple[WithheldFact, ...]:
    """Every claim about the files' families and their disputes, standing or given up, by entry."""
    return tuple(privilege_log_of(Scene.of(history, assets, at)))


def claimed_now(history: History, assets: Sequence[str], at: datetime) -> tuple[WithheldFact, ...]:
    """Claims that stand. `history`: of now, never that of the pack's facts."""
    return tuple(one for one in privilege_log(history, assets, at) if one.waived is None)


def privileged_documents(claims: Sequence[WithheldFact]) -> dict[str, str]:
    """Why each document is withheld, by digest."""
    return {
        one.document_sha256: f"counsel claims privilege ({one.basis}) over this {one.kind}, entry {one.entry}"
        for one in claims
        if one.document_sha256
    }


def privileged_fields(claims: Sequence[WithheldFact]) -> frozenset[tuple[str, str]]:
    """(statement, pointer) of each sealed field that is withheld."""
    return frozenset((one.statement, one.pointer) for one in claims if one.statement and one.pointer)
