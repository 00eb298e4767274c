"""The answer to "why may we use this?", for people and programs that ask."""

from __future__ import annotations

from datetime import datetime

from api.services.circumstances import Circumstances
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import bodies
from ledger.rules.lineage import arrival
from ledger.rules.rightsgraph import Why, why
from schemas.api.problems import ReasonShape
from schemas.api.rights import WhyAnswer, WhyLink, WhyNode
from schemas.base import format_instant
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused


def ask_why(services: Services, asset: str, asked: Circumstances, at: datetime | None = None) -> Why:
    """Raises NotFound `asset_unknown`, Misuse `question_invalid`."""
    now = services.clock.now()
    instant = at or now
    history = services.ledger.history(as_of=at if at is not None and at < now else None)
    if arrival(history, asset) is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    return why(history, asked.question(asset, instant), instant)


def last_asked(services: Services, asset: str, at: datetime | None = None) -> Circumstances | None:
    """The circumstances for which the file was cleared, or refused, last; None if nobody asked."""
    history = services.ledger.history(as_of=at)
    found = bodies(history.about(f"asset:{asset}", ClearanceIssued, ClearanceRefused), ClearanceDecided)
    if not found:
        return None
    asked = found[-1][1].question
    return Circumstances(use=asked.use, channel=asked.channel, territory=asked.territory)


def why_answer(found: Why) -> WhyAnswer:
    asked = found.question
    return WhyAnswer(
        asset_sha256=asked.asset,
        at=format_instant(found.at),
        use=asked.use,
        channel=asked.channel,
        territory=asked.territory,
        answer="yes" if found.may else "no",
        paths=found.paths(),
        reasons=tuple(ReasonShape.model_validate(reason.as_json()) for reason in found.reasons),
        nodes=tuple(WhyNode.model_validate(vars(node)) for node in found.nodes),
        links=tuple(WhyLink.model_validate(vars(link)) for link in found.links),
    )
