"""Time and pages of the log, as the pages' forms and links spell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from api.services.services import Services
from ledger.errors import Misuse
from projections.summaries import summary
from schemas.base import format_instant, parse_instant

ROWS_SHOWN = 25  # entries on one page of the log


@dataclass(frozen=True)
class LogRow:
    """One entry as a line of the log page."""

    index: int
    recorded_at: str
    type: str
    sentence: str


def chosen_instant(text: str | None) -> datetime | None:
    """What a `datetime-local` field sends (no zone: UTC), or RFC 3339; None when nothing was chosen."""
    if not text:
        return None
    try:
        return parse_instant(text) if text.endswith("Z") else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        what = "that is no time such as 2026-12-01T00:00:00"
        raise Misuse("instant_invalid", what, "Choose a date and a time.") from None


def rows_before(services: Services, before: int | None, size: int) -> tuple[list[LogRow], int | None, int | None]:
    """(rows newest first, where the newer page ends, where the older page ends)."""
    end = min(before or size, size)
    start = max(0, end - ROWS_SHOWN)
    rows = [
        LogRow(said.index, format_instant(said.recorded_at), said.type, summary(said))
        for said in services.ledger.read(after=start, limit=end - start)
    ]
    return rows[::-1], (min(end + ROWS_SHOWN, size) if end < size else None), (start or None)
