"""Examined again by newer algorithms: said once for each examination, and once for each set of algorithms that got none."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.proposal import Proposal, refuse
from schemas.statements.asset import AssetExamined
from schemas.statements.reexamination import AssetReexamined


def accept_reexamination(proposal: Proposal, body: AssetReexamined, history: History, at: datetime) -> None:
    """Of a file that is known, between two of its examinations, what nobody said yet."""
    known(history, body.asset)
    examined = {said.index for said in history.about(f"asset:{body.asset}", AssetExamined)}
    if body.before not in examined or (body.now is not None and body.now not in examined):
        refuse("examination_unknown", "the file has no such examination")
    if body.now is not None and body.now <= body.before:
        refuse("reexamination_misplaced", "what was found again comes after what was found before", body.before)
    for said, earlier in bodies(history.about(f"asset:{body.asset}", AssetReexamined), AssetReexamined):
        same = earlier.specs_sha256 == body.specs_sha256 if body.now is None else True
        if earlier.now == body.now and same:
            refuse("reexamined_already", "what that examination changed was said", said.index)
