"""What a house asks of files beside the gates: policies as they stand, and who answered what (SPEC S5.19–S5.21)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from ledger.history import History, bodies
from ledger.rules.lineage import same_essence
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.asset import AssetExamined
from schemas.statements.publishing import (
    PUBLISHING_TAG,
    ChecklistAdopted,
    ChecklistAnswered,
    SamplingAdopted,
    Signal,
    SignalPolicyAdopted,
)
from schemas.statements.review import Gate

CHECKLISTS_MAX = 8  # a page each; more is answered by nobody
SIGNALS: tuple[Signal, ...] = get_args(Signal)


def required_signals(history: History) -> tuple[Signal, ...]:
    """All of them until somebody says otherwise."""
    said = history.last(PUBLISHING_TAG, SignalPolicyAdopted)
    return said.body.required if said is not None and isinstance(said.body, SignalPolicyAdopted) else SIGNALS


def checklists(history: History, gate: Gate | None = None) -> list[tuple[Said, ChecklistAdopted]]:
    """Each checklist's newest version, those that ended left out, by name."""
    newest = {body.checklist: (said, body) for said, body in _adopted(history)}
    return [newest[name] for name in sorted(newest) if newest[name][1].items and gate in (None, newest[name][1].gate)]


def open_items(body: ChecklistAdopted, answered: ChecklistAnswered) -> list[str]:
    """What nobody said yes to, or that it does not apply."""
    good = {one.item for one in answered.answers if one.answer != "no"}
    return [item.id for item in body.items if item.id not in good]


def answered(history: History, assets: Sequence[str], checklist: str) -> tuple[Said, ChecklistAnswered] | None:
    """The newest answers to a checklist about any of these (a file and its twins)."""
    found = [
        (said, body)
        for name in assets
        for said, body in bodies(history.about(f"asset:{name}", ChecklistAnswered), ChecklistAnswered)
        if body.checklist == checklist
    ]
    return max(found, key=lambda pair: pair[0].index, default=None)


def looked_at_twice(history: History, asset: str, gate: Gate, *, people: bool) -> Said | None:
    """The policy by which two people have to pass this file at the gate, or None.

    The sample is drawn by the id that the service gave the first examination of the file, or of the one whose twin it is:
    nobody chooses it, and everybody draws the same.
    """
    said = bodies(history.about(PUBLISHING_TAG, SamplingAdopted), SamplingAdopted)
    policy = next(((one, body) for one, body in reversed(said) if body.gate == gate), None)
    if policy is None:
        return None
    if policy[1].with_people and people:
        return policy[0]
    first = history.first(f"asset:{same_essence(history, asset)[-1]}", AssetExamined)
    drawn = first is None or _lot(first) < policy[1].permille  # what nobody examined is looked at twice
    return policy[0] if drawn and policy[1].permille else None


def _lot(said: Said) -> int:
    """0 to 999."""
    return int.from_bytes(hashlib.sha256(said.statement.id.encode()).digest()[:8]) % 1_000


def accept_signal_policy(proposal: Proposal, body: SignalPolicyAdopted, history: History, at: datetime) -> None:
    """Not what stands already."""
    if set(required_signals(history)) == set(body.required):
        said = history.last(PUBLISHING_TAG, SignalPolicyAdopted)
        refuse("signal_policy_unchanged", "these signals are required already", said.index if said else None)


def accept_checklist(proposal: Proposal, body: ChecklistAdopted, history: History, at: datetime) -> None:
    """Versions follow each other without a gap; a version never changes."""
    before = next(((said, one) for said, one in reversed(_adopted(history)) if one.checklist == body.checklist), None)
    follows = before[1].version + 1 if before else 1
    if body.version != follows:
        what = f"the next version of checklist {body.checklist} is {follows}"
        refuse("checklist_version", what, before[0].index if before else None)
    if not body.items and before is None:
        refuse("checklist_empty", f"checklist {body.checklist} asks nothing")
    if body.items and len({one.checklist for _, one in checklists(history)} | {body.checklist}) > CHECKLISTS_MAX:
        refuse("checklists_too_many", f"{CHECKLISTS_MAX} checklists stand; end one before you add another")


def accept_sampling(proposal: Proposal, body: SamplingAdopted, history: History, at: datetime) -> None:
    """Any share of files, from none to all."""


def _adopted(history: History) -> list[tuple[Said, ChecklistAdopted]]:
    return bodies(history.about(PUBLISHING_TAG, ChecklistAdopted), ChecklistAdopted)
