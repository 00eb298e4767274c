"""The port to those outside who have an opinion on files. None of it decides anything here; silence is `not_checked`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from schemas.statements.opinion import OpinionSignal, OpinionState, Sent


@dataclass(frozen=True)
class Item:
    """Something to be sent, with its bytes."""

    sent: Sent
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Word:
    """What came back about one item: its signals, and the raw answer where there was one."""

    signals: tuple[OpinionSignal, ...]
    raw: bytes | None = None


class OutsideOpinion(Protocol):
    """One source. Every adapter runs tests/contract/opinions."""

    name: str
    host: str
    version: str
    signals: tuple[str, ...]

    def takes(self, sent: Sent) -> bool:
        """Whether it can look at such bytes at all."""

    def ask(self, item: Item) -> Word:
        """One exchange. Never raises for what the other side does: whatever is no answer is `not_checked` with the reason."""


def told(
    item: Item, signal: str, state: OpinionState, detail: dict[str, str | None] | None = None, reason: str | None = None
) -> OpinionSignal:
    """A signal with the details that were given, each cut to a line."""
    kept = {name: value.strip()[:300] for name, value in (detail or {}).items() if value and value.strip()}
    return OpinionSignal(about=item.sent.sha256, signal=signal, state=state, reason=reason, detail=kept)


def silent(item: Item, signals: tuple[str, ...], reason: str, detail: dict[str, str | None] | None = None) -> Word:
    """No answer, and why."""
    return Word(tuple(told(item, signal, "not_checked", detail, reason) for signal in signals))
