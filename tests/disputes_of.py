"""Parts of a dispute, as tests say them."""

from __future__ import annotations

from typing import Any

from ledger.rules.disputes import clocks_set
from ledger.rules.rulepacks import packs
from schemas.base import parse_instant
from schemas.statements.dispute import (
    DisputeAnswered,
    DisputeClosed,
    DisputeDecided,
    DisputeNotified,
    DisputeOpened,
    DisputeSighted,
)
from schemas.statements.rulepack import RulePackAdopted
from tests.house_of import House


def adopt_law(house: House, *, only_timers: bool = False) -> None:
    """The law pack as it ships, from the house's first day on; or only its clocks."""
    others = [one.id for one in packs()["law", "2026.11"].entries if one.kind != "timer"]
    words: dict[str, Any] = {"pack": "law", "version": "2026.11", "pack_sha256": packs()["law", "2026.11"].sha256}
    when = {"effective_at": "2026-10-01T00:00:00Z", "reason": "counsel went through it"}
    words["switched_off"] = others if only_timers else ()
    house.say_as("lena", RulePackAdopted.model_validate({**words, **when}))


def opened(house: House, *assets: str, **words: Any) -> str:
    """By legal; its number."""
    body = DisputeOpened.example().model_copy(update={"dispute": house.new_id(), "assets": assets, **words})
    house.say_as("lena", body)
    return body.dispute


def sighted(
    house: House, dispute: str, asset: str, captured: bytes = b"what ran there", **words: Any
) -> DisputeSighted:
    told = {"dispute": dispute, "sighting": house.new_id(), "asset": asset, "seen_at": house.now()}
    told["captured_sha256"] = house.blobs.put(captured)
    body = DisputeSighted.example().model_copy(update={**told, **words})
    house.say_as("rob", body)
    return body


def notified(house: House, dispute: str, *territories: str, event: str = "intimate-depiction") -> DisputeNotified:
    """Received now, with every clock that the rules in force set going there."""
    at = house.now()
    clocks = clocks_set(house.ledger.history(), event, territories, at)
    told = {"dispute": dispute, "notice": house.new_id(), "event": event, "received_at": at, "clocks": clocks}
    body = DisputeNotified.example().model_copy(update=told)
    house.say_as("ivy", body)
    return body


def answered(house: House, notice: DisputeNotified, at: str | None = None, done: str = "removed") -> None:
    when = parse_instant(at) if at else house.now()
    told = {"dispute": notice.dispute, "notice": notice.notice, "done": done, "done_at": when, "detail": "done"}
    house.say_as("pia", DisputeAnswered.model_validate(told))


def decided(house: House, dispute: str, *assets: str, outcome: str = "upheld") -> None:
    told = {"dispute": dispute, "assets": assets, "outcome": outcome, "decided_by": "court-1", "reason": "as claimed"}
    house.say_as("lena", DisputeDecided.model_validate(told))


def closed(house: House, dispute: str, *assets: str) -> None:
    house.say_as("lena", DisputeClosed(dispute=dispute, assets=assets, reason="nothing is left to do"))
