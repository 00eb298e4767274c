"""Going through a checklist for a file, by somebody who may answer at its gate (SPEC S5.20)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History
from ledger.rules.assets import known
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.publishing import checklists
from ledger.rules.reviews import GATES, makers
from schemas.statements.publishing import ChecklistAnswered


def accept_answers(proposal: Proposal, body: ChecklistAnswered, history: History, at: datetime) -> None:
    """Of the version that stands, about its own items, by somebody who may answer at its gate and did not make the file."""
    known(history, body.asset)
    standing = next((pair for pair in checklists(history) if pair[1].checklist == body.checklist), None)
    if standing is None:
        refuse("checklist_unknown", f"no checklist {body.checklist} is in force")
    said, adopted = standing
    if body.version != adopted.version:
        what = f"version {adopted.version} of checklist {body.checklist} is in force, not {body.version}"
        refuse("checklist_outdated", what, said.index)
    if strange := {one.item for one in body.answers} - {item.id for item in adopted.items}:
        refuse("checklist_item_unknown", f"it asks nothing called {', '.join(sorted(strange))}", said.index)
    if not proposal.roles & GATES[adopted.gate]:
        refuse("gate_not_yours", f"the {adopted.gate} gate is for {', '.join(sorted(GATES[adopted.gate]))}")
    for index, maker in makers(history, body.asset):
        if maker == proposal.actor:
            refuse("own_work", "whoever made a file does not answer for it", index)
