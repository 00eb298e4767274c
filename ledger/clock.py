"""The clock port: the only place that reads the time of day. Decisions take `at=`; they never come here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, as an aware UTC datetime with microseconds."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock. Its error is the machine's error: fsck reports it, RFC 3161 stamps bound it (SPEC S7)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppedClock:
    """A clock that moves only when told: for tests, the demo and replays. Never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)  # two statements never share an instant
        return self._now

    def move_to(self, instant: datetime) -> None:
        if instant < self._now:
            raise ValueError("a stepped clock only moves forward")
        self._now = instant.astimezone(UTC)
