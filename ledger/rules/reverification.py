"""What became of a clearance's file since: weighed again, its manifest read again, each change told once (SPEC S11.9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.clearances import standing_clearance
from ledger.rules.decision import decide
from ledger.rules.lineage import examination
from ledger.rules.proposal import Proposal, refuse
from schemas.statements.asset import AssetExamined
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.reverification import CODES_MAX, ClearanceReverified, Verdict


@dataclass(frozen=True)
class Outlook:
    """The verdict for what is left of the window, why not, and what the file's manifest is worth."""

    verdict: Verdict
    codes: tuple[str, ...]
    c2pa_state: str
    c2pa_ingredients_state: str


def outlook(history: History, issued: ClearanceIssued, at: datetime) -> Outlook:
    """As the rules say it now. O(the file's family), as every decision."""
    asked = issued.question
    left = asked.model_copy(update={"valid_from": max(at, asked.valid_from)})
    against = sorted({rule.code for rule in decide(history, left, at).against})[:CODES_MAX]
    examined = examination(history, asked.asset)
    states = (
        (examined[1].c2pa_state, examined[1].c2pa_ingredients_state) if examined else ("not_checked", "not_checked")
    )
    return Outlook("deny" if against else "allow", tuple(against), *states)


def told(history: History, index: int, issued: ClearanceIssued) -> Outlook:
    """What was last said of it: by a re-verification, or by the clearance itself (entry `index`)."""
    found = bodies(history.about(f"clearance:{issued.clearance}", ClearanceReverified), ClearanceReverified)
    if found:
        body = found[-1][1]
        return Outlook(body.verdict, body.codes, body.c2pa_state, body.c2pa_ingredients_state)
    examined = bodies(history.about(f"asset:{issued.question.asset}", AssetExamined), AssetExamined)
    before = [body for said, body in examined if said.index < index]
    states = (before[-1].c2pa_state, before[-1].c2pa_ingredients_state) if before else ("not_checked", "not_checked")
    return Outlook("allow", (), *states)


def accept_reverification(proposal: Proposal, body: ClearanceReverified, history: History, at: datetime) -> None:
    """Of a clearance that stands, as the rules say it at the door, and only what is new."""
    said, issued = standing_clearance(history, body.clearance, body.asset)
    now = outlook(history, issued, at)
    if now != Outlook(body.verdict, body.codes, body.c2pa_state, body.c2pa_ingredients_state):
        refuse("verdict_differs", "the rules, weighed again, say something else; ask again", said.index)
    if now == told(history, said.index, issued):
        refuse("reverified_already", "nothing changed since this was last said", said.index)
