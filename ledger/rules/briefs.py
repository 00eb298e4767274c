"""Briefs: versions follow each other, and somebody other than the author approves one, by its digest."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.brief import BriefApproved, BriefDrafted


def draft(history: History, brief: str, version: int) -> tuple[Said, BriefDrafted] | None:
    """The statement that drafted a version, or None."""
    found = bodies(history.about(f"brief:{brief}", BriefDrafted), BriefDrafted)
    return next((pair for pair in found if pair[1].version == version), None)


def approval(history: History, brief: str, version: int) -> Said | None:
    """The statement that approved a version, or None."""
    found = bodies(history.about(f"brief:{brief}", BriefApproved), BriefApproved)
    return next((said for said, body in found if body.version == version), None)


def accept_draft(proposal: Proposal, body: BriefDrafted, history: History, at: datetime) -> None:
    """Versions are 1, 2, 3 …, none skipped and none replaced."""
    known = bodies(history.about(f"brief:{body.brief}", BriefDrafted), BriefDrafted)
    if body.version != len(known) + 1:
        last = known[-1][0].index if known else None
        refuse("brief_version_out_of_order", f"the next version is {len(known) + 1}, not {body.version}", last)


def accept_approval(proposal: Proposal, body: BriefApproved, history: History, at: datetime) -> None:
    """Four eyes, on exact bytes."""
    found = draft(history, body.brief, body.version)
    if found is None:
        refuse("brief_unknown", f"brief {body.brief} has no version {body.version}")
    said, _ = found
    if said.payload_sha256 != body.draft_sha256:
        refuse("brief_digest_differs", "the approval names other bytes than the draft's", said.index)
    if said.actor == proposal.actor:
        refuse("own_brief", "an author does not approve their own brief", said.index)
    if (known := approval(history, body.brief, body.version)) is not None:
        refuse("brief_approved_already", "this version is approved already", known.index)
