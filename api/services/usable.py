"""May a found file be used? What a search offers by default, by the very rules that `verify` weighs (SPEC S5.17).

Asked with use, channel and territory, a file is offered if `verify` would allow that. Asked with fewer, it is offered if
it may be used for something that it was cleared for, and the answer says for what. Nothing else is offered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from api.services.circumstances import Circumstances
from api.services.verification import against_use, weigh_use
from ledger.history import History, bodies
from schemas.statements.clearance import ClearanceIssued, Question

Rights = Literal["clean", "all"]
CLEARED_MAX: Final = 20  # circumstances tried for one file, the newest first; who wants another asks for it


@dataclass(frozen=True)
class Usable:
    """`allow` with what it is for, or `deny` or `review` with the codes of what stands in the way."""

    verdict: Literal["allow", "deny", "review"]
    codes: tuple[str, ...] = ()
    cleared: tuple[Circumstances, ...] = ()

    def as_json(self) -> dict[str, Any]:
        uses = [{"use": one.use, "channel": one.channel, "territory": one.territory} for one in self.cleared]
        return {"verdict": self.verdict, "codes": list(self.codes), "cleared": uses}


def usable(history: History, asset: str, asked: Circumstances, at: datetime) -> Usable:
    """O(the file's clearances and family). Raises Misuse `question_invalid`, and TooLarge as a decision does."""
    tried = [asked] if asked.complete else list(_cleared_for(history, asset, asked))
    against = {one: [rule.code for rule in against_use(weigh_use(history, asset, one, at), one)] for one in tried}
    allowed = tuple(one for one, codes in against.items() if not codes)
    if allowed:
        return Usable("allow", cleared=allowed)
    if not tried:
        codes = [rule.code for rule in against_use(weigh_use(history, asset, asked, at), asked)]
        return Usable("deny" if codes else "review", (*dict.fromkeys(codes), "clearance_missing"))
    return Usable("deny", tuple(dict.fromkeys(code for codes in against.values() for code in codes)))


def _cleared_for(history: History, asset: str, asked: Circumstances) -> Iterator[Circumstances]:
    """What the file was ever cleared for, as far as it fits; whether that stands is weighed."""
    issued = bodies(history.about(f"asset:{asset}", ClearanceIssued), ClearanceIssued)
    fitting = (_circumstances(body.question) for _, body in reversed(issued) if body.question.asset == asset)
    yield from list(dict.fromkeys(one for one in fitting if _fits(one, asked)))[:CLEARED_MAX]


def _circumstances(cleared: Question) -> Circumstances:
    return Circumstances(cleared.use, cleared.territory, cleared.channel)


def _fits(cleared: Circumstances, asked: Circumstances) -> bool:
    names = ("use", "channel", "territory")
    return all(getattr(asked, name) in (None, getattr(cleared, name)) for name in names)


def left_out(hidden: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """How many were not offered, and for each reason how many of them."""
    return {"count": len(hidden), "why": dict(Counter(code for codes in hidden.values() for code in codes))}


def hidden_json(hidden: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    return [{"asset_sha256": asset, "codes": list(codes)} for asset, codes in hidden.items()]
