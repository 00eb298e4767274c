"""Three gates, three people, none of whom made the file. An approval is for bytes, not for a name (SPEC S5)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.generations import generation
from ledger.rules.lineage import ancestors, arrival, quarantine, rejection, same_essence
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.publishing import answered, checklists, looked_at_twice, open_items
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
        _checklists_done(body, history)


def _fresh_eyes(proposal: Proposal, body: Review, history: History) -> None:
    passed = [said for said, approval in approvals(history, body.asset) if approval.gate == body.gate]
    again = len(passed) == 1 and passed[0].actor != proposal.actor and _second_look(history, body)
    if passed and not again:
        refuse("gate_passed_already", f"the {body.gate} gate is passed already", passed[0].index)
    for name in same_essence(history, body.asset):  # what was passed on the unsigned twin counts here too
        for said, approval in approvals(history, name):
            if said.actor == proposal.actor and approval.gate != body.gate:
                refuse("one_gate_each", f"{proposal.actor} answered at the {approval.gate} gate", said.index)
    for index, maker in makers(history, body.asset):
        if maker == proposal.actor:
            refuse("own_work", "whoever made a file does not approve it", index)


def _second_look(history: History, body: Review) -> bool:
    """Whether two people have to pass it; anybody who does is welcome where people are in it."""
    return looked_at_twice(history, body.asset, body.gate, people=True) is not None


def _checklists_done(body: Review, history: History) -> None:
    """What the gate's checklists ask is answered before anybody passes it (SPEC S5.20)."""
    twins = same_essence(history, body.asset)
    for said, adopted in checklists(history, body.gate):
        found = answered(history, twins, adopted.checklist)
        if found is None or found[1].version != adopted.version or open_items(adopted, found[1]):
            refuse("checklist_open", f"checklist {adopted.checklist} {adopted.version} is not answered", said.index)


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
