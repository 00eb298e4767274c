"""Three gates, three people, none of whom made the file. An approval is for bytes, not for a name (SPEC S5)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.generations import generation
from ledger.rules.lineage import ancestors, arrival, quarantine, rejection, same_essence
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.asset import AssetImported
from schemas.statements.review import Review, ReviewApproved, ReviewRejected

GATES: dict[str, frozenset[str]] = {
    "brand": frozenset({"reviewer", "librarian"}),
    "rights": frozenset({"ip-steward"}),
    "legal": frozenset({"legal"}),
}
"""Who may answer at which gate."""


def approvals(history: History, asset: str) -> list[tuple[Said, ReviewApproved]]:
    return bodies(history.about(f"asset:{asset}", ReviewApproved), ReviewApproved)


def accept_review(proposal: Proposal, body: Review, history: History, at: datetime) -> None:
    """The gate's role; an approval also needs fresh eyes and an open file."""
    known(history, body.asset)
    if not proposal.roles & GATES[body.gate]:
        refuse("gate_not_yours", f"the {body.gate} gate is for {', '.join(sorted(GATES[body.gate]))}")
    if (said := rejection(history, body.asset)) is not None:
        refuse("asset_rejected", "the file was rejected; new bytes need a new look", said.index)
    if not isinstance(body, ReviewRejected):
        if (said := quarantine(history, body.asset)) is not None:
            refuse(
                "ancestor_rejected", "what it was made from was rejected; so is everything made from that", said.index
            )
        _fresh_eyes(proposal, body, history)


def _fresh_eyes(proposal: Proposal, body: Review, history: History) -> None:
    for said, approval in approvals(history, body.asset):
        if approval.gate == body.gate:
            refuse("gate_passed_already", f"the {body.gate} gate is passed already", said.index)
    for name in same_essence(history, body.asset):  # what was passed on the unsigned twin counts here too
        for said, approval in approvals(history, name):
            if said.actor == proposal.actor and approval.gate != body.gate:
                refuse("one_gate_each", f"{proposal.actor} answered at the {approval.gate} gate", said.index)
    for index, maker in makers(history, body.asset):
        if maker == proposal.actor:
            refuse("own_work", "whoever made a file does not approve it", index)


def makers(history: History, asset: str) -> list[tuple[int, str]]:
    """Who brought the file or asked for it, and what it was made from, each with the entry that says so."""
    made: list[tuple[int, str]] = []
    for name in ancestors(history, asset):
        said = arrival(history, name)
        if said is None:
            continue
        made.append((said.index, said.actor))
        if isinstance(said.body, AssetImported) and said.body.generation:
            request = generation(history, said.body.generation)
            made.extend([(request[0].index, request[0].actor)] if request else [])
    return made
