"""The do-not-generate list as it stands, and which files fall under an entry, for people and programs that ask."""

from __future__ import annotations

from datetime import datetime

from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History, bodies
from ledger.rules.guardrails import Entry, entry, listed
from ledger.rules.lineage import descendants
from schemas.api.rights import GuardrailAnswer, GuardrailsAnswer, MatchShape
from schemas.base import format_instant
from schemas.statements.guardrail import GuardrailMatched, GuardrailSwept


def guardrail_answer(services: Services, name: str, at: datetime | None = None) -> GuardrailAnswer:
    """Raises NotFound `guardrail_unknown`."""
    history, instant = services.ledger.history(), at or services.clock.now()
    one = entry(history, name)
    if one is None:
        raise NotFound("guardrail_unknown", f"guardrail {name} was never listed", "See the list.")
    return _answer(history, one, instant)


def guardrails_answer(services: Services, at: datetime | None = None) -> GuardrailsAnswer:
    history, instant = services.ledger.history(), at or services.clock.now()
    entries = tuple(_answer(history, one, instant) for one in listed(history, instant))
    return GuardrailsAnswer(at=format_instant(instant), guardrails=entries)


def _answer(history: History, one: Entry, at: datetime) -> GuardrailAnswer:
    said, body = one
    sweeps = bodies(history.about(f"guardrail:{body.guardrail}", GuardrailSwept), GuardrailSwept)
    return GuardrailAnswer(
        guardrail=body.guardrail,
        kind=body.kind,
        person=body.person,
        label=body.label,
        reason=body.reason,
        counsel=body.counsel,
        effective_from=format_instant(body.effective_from),
        effective_until=format_instant(body.effective_until) if body.effective_until else None,
        standing=any(other.index == said.index for other, _ in listed(history, at)),
        swept_upto=sweeps[-1][1].upto if sweeps else None,
        entry_index=said.index,
        matches=tuple(_matches(history, body.guardrail)),
    )


def _matches(history: History, name: str) -> list[MatchShape]:
    """What matched, then what was made from it; each file once."""
    found: dict[str, MatchShape] = {}
    for said, body in bodies(history.about(f"guardrail:{name}", GuardrailMatched), GuardrailMatched):
        seen = {"method": body.finding.method, "score": body.finding.score, "entry_index": said.index}
        seen |= {"place": body.place.model_dump() if body.place else None}
        found.setdefault(body.asset, MatchShape.model_validate({"asset_sha256": body.asset, **seen}))
    for origin, match in list(found.items()):
        for child in descendants(history, origin):
            made = match.model_copy(update={"asset_sha256": child, "made_from": origin, "place": None})
            found.setdefault(child, made)
    return list(found.values())
