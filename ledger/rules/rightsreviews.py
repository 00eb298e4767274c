"""Rights reviews: pending is no, a decision is never edited, and whoever doubts does not decide (SPEC S5.11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import Question, Weighed
from schemas.statements.rightsreview import RightsReviewDecided, RightsReviewOpened


@dataclass(frozen=True)
class Case:
    """A case and the newest decision in it, if there is one."""

    opened: Said
    asset: str
    decided: tuple[Said, RightsReviewDecided] | None


def case(history: History, review: str) -> Case | None:
    found = history.about(f"rightsreview:{review}", RightsReviewOpened, RightsReviewDecided)
    opened, decided = bodies(found, RightsReviewOpened), bodies(found, RightsReviewDecided)
    return Case(opened[0][0], opened[0][1].asset, decided[-1] if decided else None) if opened else None


def accept_opening(proposal: Proposal, body: RightsReviewOpened, history: History, at: datetime) -> None:
    known(history, body.asset)
    if (found := case(history, body.review)) is not None:
        refuse("review_known", f"rights review {body.review} was opened before", found.opened.index)


def accept_decision(proposal: Proposal, body: RightsReviewDecided, history: History, at: datetime) -> None:
    """Of an open case, by somebody else than who opened it; a newer one names the newest before it, by its bytes."""
    found = case(history, body.review)
    if found is None or found.asset != body.asset:
        refuse("review_unknown", f"no rights review {body.review} of this file was opened")
    if found.opened.actor == proposal.actor:
        refuse("own_doubt", "whoever opened a case does not decide it", found.opened.index)
    newest = found.decided[0] if found.decided else None
    if newest is not None and body.supersedes_sha256 is None:
        refuse(
            "review_decided", "the case is decided; a newer decision names the one it takes the place of", newest.index
        )
    if body.supersedes_sha256 != (newest.payload_sha256 if newest else None):
        last = newest.index if newest else None
        refuse("supersedes_other", "name the newest decision by the digest of its payload", last)
    if body.expires_at is not None and body.expires_at <= at:
        refuse("expiry_passed", "an allow that has ended already allows nothing", found.opened.index)


def weigh_reviews(history: History, family: Sequence[str], question: Question, at: datetime) -> Iterator[Weighed]:
    """One row a case of the file or of what it was made from."""
    cases = [
        found
        for name in family
        for _, body in bodies(history.about(f"asset:{name}", RightsReviewOpened), RightsReviewOpened)
        if (found := case(history, body.review))
    ]
    if not cases:
        yield weigh("rights_review", "not_applicable", "no_rights_review", "nobody opened a rights review")
    for found in cases:
        yield _weigh_case(found, question, at)


def _weigh_case(found: Case, question: Question, at: datetime) -> Weighed:
    if found.decided is None:
        return weigh("rights_review", "fail", "rights_review_pending", "a rights review is open", found.opened.index)
    said, body = found.decided
    entries = (found.opened.index, said.index)
    if body.decision == "deny":
        return weigh("rights_review", "fail", "rights_review_denied", "; ".join(body.reasons), *entries)
    if body.expires_at is not None and (at >= body.expires_at or question.valid_until > body.expires_at):
        detail = f"allowed until {format_instant(body.expires_at)} (exclusive)"
        return weigh("rights_review", "fail", "rights_review_expired", detail, *entries)
    for name, asked, limits in (
        ("use", question.use, body.uses),
        ("channel", question.channel, body.channels),
        ("territory", question.territory, body.territories),
    ):
        if limits and asked not in limits and "WORLD" not in limits:
            detail = f"{asked}; allowed: {', '.join(limits)}"
            return weigh("rights_review", "fail", f"rights_review_{name}", detail, *entries)
    conditions = f"; conditions: {'; '.join(body.conditions)}" if body.conditions else ""
    return weigh("rights_review", "pass", "rights_review_allowed", f"allowed{conditions}", *entries)
