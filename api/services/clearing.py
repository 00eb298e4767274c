"""Asking for clearance: the rules are weighed over the log, and the answer, yes or no, becomes a signed statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.services.comparing import compare_files
from api.services.screening import refresh
from api.services.services import Services
from ledger.door import Receipt
from ledger.errors import Conflict, NotFound, Reason
from ledger.rules.clearances import against
from ledger.rules.decision import RULES_VERSION, Decision, decide
from ledger.rules.lineage import ancestors
from schemas.base import new_id
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused, Question

ATTEMPTS_MAX = 5  # statements about one file rarely meet; past this somebody is in a loop and should hear of it


@dataclass(frozen=True)
class Answer:
    """A recorded verdict: the number of the clearance (or of the refusal), every rule weighed, and the receipt."""

    clearance: str
    issued: bool
    decision: Decision
    receipt: Receipt

    @property
    def reasons(self) -> list[Reason]:
        return against(self.decision)

    def as_json(self) -> dict[str, Any]:
        return {
            "clearance": self.clearance,
            "issued": self.issued,
            "entry_index": self.receipt.index,
            "reasons": [reason.as_json() for reason in self.reasons],
            "weighed": [rule.model_dump(mode="json") for rule in self.decision.weighed],
        }


def ask(services: Services, question: Question, *, asked_by: str) -> Answer:
    """Weighs, then says what came out. Raises NotFound `asset_unknown` for a file that the ledger doesn't know."""
    refresh(services, question.asset)
    compare_files(services, ancestors(services.ledger.history(), question.asset))
    for attempt in range(ATTEMPTS_MAX):
        try:
            return _ask(services, question, asked_by)
        except Conflict:
            if attempt == ATTEMPTS_MAX - 1:
                raise
    raise AssertionError("unreachable")


def _ask(services: Services, question: Question, asked_by: str) -> Answer:
    now = services.clock.now()
    decision = decide(services.ledger.history(), question, now)
    if not decision.known:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    kind: type[ClearanceDecided] = ClearanceIssued if decision.allowed else ClearanceRefused
    body = kind(
        clearance=new_id(now),
        question=question,
        decided_at=now,
        rules=RULES_VERSION,
        weighed=decision.weighed,
        consents=decision.consents,
        asked_by=asked_by,
    )
    return Answer(body.clearance, decision.allowed, decision, services.ledger.say(body))
