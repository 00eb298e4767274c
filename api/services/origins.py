"""How a file's origin is known, put into shapes for those who ask."""

from __future__ import annotations

from ledger.history import History
from ledger.rules.grades import evidence, records
from ledger.rules.lineage import ancestors
from schemas.api.assets import EvidenceShape, RecordShape
from schemas.base import format_instant


def evidence_answer(history: History, asset: str) -> EvidenceShape | None:
    """The grade, and the providers' records about the file and what it was made from; None for one that never came."""
    found = evidence(history, asset)
    if found is None:
        return None
    kept = [pair for name in ancestors(history, asset) for pair in records(history, name)]
    return EvidenceShape(
        grade=found.grade,
        entry_index=found.entry_index,
        records=tuple(
            RecordShape(
                entry_index=said.index,
                provider=body.provider,
                job=body.job,
                model=body.model,
                created_at=format_instant(body.created_at),
                paired_by=body.paired_by,
                downloaded_on=body.downloaded_on.isoformat() if body.downloaded_on else None,
                downloaded_by=body.downloaded_by,
                sealed_under=body.sealed_under,
            )
            for said, body in kept
        ),
    )
