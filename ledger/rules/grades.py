"""How well we know where a file came from, and the provider's records that say more (SPEC S13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.lineage import ancestors, arrival
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.asset import AssetImported, EvidenceGrade
from schemas.statements.provider import ProviderRecordImported

STRONGEST_FIRST: Final[tuple[EvidenceGrade, ...]] = get_args(EvidenceGrade)


@dataclass(frozen=True)
class Evidence:
    """`grade` and the entry that it rests on."""

    grade: EvidenceGrade
    entry_index: int


def records(history: History, asset: str) -> list[tuple[Said, ProviderRecordImported]]:
    """The providers' records about exactly these bytes, oldest first."""
    return bodies(history.about(f"asset:{asset}", ProviderRecordImported), ProviderRecordImported)


def evidence(history: History, asset: str) -> Evidence | None:
    """Of a file from outside, the best that is known; of one made from others, the weakest of what it was made from.

    None for a file that is not here. Raises TooLarge `family_too_large`.
    """
    found = [one for name in ancestors(history, asset) if (one := _of_import(history, name)) is not None]
    return max(found, key=lambda one: STRONGEST_FIRST.index(one.grade), default=None)


def _of_import(history: History, asset: str) -> Evidence | None:
    said = arrival(history, asset)
    if said is None or not isinstance(said.body, AssetImported):
        return None
    kept = records(history, asset)
    if said.body.evidence_grade == "self_declared" and kept:
        return Evidence("provider_record", kept[0][0].index)
    return Evidence(said.body.evidence_grade, said.index)


def accept_record(proposal: Proposal, body: ProviderRecordImported, history: History, at: datetime) -> None:
    """About a file that is here, once for each job; of a job that gave a file; with the record itself, sealed."""
    known(history, body.asset)
    for said, before in records(history, body.asset):
        if (before.provider, before.job) == (body.provider, body.job):
            refuse("record_known", f"the record of job {body.job} is tied to this file already", said.index)
    if body.status != "completed":
        refuse("job_not_completed", f"job {body.job} is {body.status} in its record: no file came of it")
    if body.completed_at is not None and body.completed_at < body.created_at:
        refuse("job_times_reversed", f"job {body.job} was completed before it was created")
    sealed = proposal.statement.sealed
    if "/body/record" not in sealed:
        refuse("record_missing", "the provider's record itself is sealed with the statement, word for word")
    if any(ref.subject != body.sealed_under for ref in sealed.values()):
        refuse("sealed_subject_differs", "the record and the notes are sealed under the name that the statement gives")
