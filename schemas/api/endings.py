"""What an end took along: notices and their answers, one by one and as a report."""

from __future__ import annotations

from typing import Any

from schemas.api.problems import example
from schemas.base import Instant, Line, Shape
from schemas.statements.notice import Done

_CONSENT, _NOTICE = "019a9b00-0000-7000-8000-000000000001", "019a9b00-0000-7000-8000-000000000020"
_ITEM = {"asset": "55" * 32, "clearance": "019a9b00-0000-7000-8000-000000000004"}
RECORD: dict[str, Any] = {
    "notice": _NOTICE,
    "holder": "pia",
    "kind": "ended",
    "consent": _CONSENT,
    "licence": None,
    "right": None,
    "clearance": None,
    "about_entry": 60,
    "entry_index": 66,
    "standing": "answered",
    "open": False,
    "outcome": "wind-down",
    "due_at": "2026-12-15T00:00:00.000000Z",
    "items": [_ITEM],
    "issued_at": "2026-12-01T00:00:04.000001Z",
    "attempts": 1,
    "delivered_at": "2026-12-01T00:00:05.000001Z",
    "failed_why": None,
    "received_at": None,
    "answered_at": "2026-12-01T08:31:00.000001Z",
    "done": "wound-down",
    "done_at": "2026-12-01T08:30:00.000000Z",
    "overdue": False,
    "entries": [66, 68, 70],
    "seconds_from_end": {"issued": 4.0, "delivered": 5.0, "answered": 30660.0},
}


class NoticeRecord(Shape):
    """A notice and what became of it. `delivered` is not answered; `open` is what was asked and not done."""

    model_config = example(RECORD)

    notice: str
    holder: str
    kind: str
    consent: str | None
    licence: str | None
    right: str | None
    clearance: str | None
    about_entry: int
    entry_index: int
    standing: str
    open: bool
    outcome: str | None
    due_at: str | None
    items: tuple[dict[str, str], ...]
    issued_at: str
    attempts: int
    delivered_at: str | None
    failed_why: str | None
    received_at: str | None
    answered_at: str | None
    done: str | None
    done_at: str | None
    overdue: bool
    entries: tuple[int, ...]
    seconds_from_end: dict[str, float]
    """From the instant of the end to each step that was recorded; empty for a warning."""


class NoticeRecords(Shape):
    """Notices to one holder, oldest first; `next_after` asks for the next page."""

    model_config = example({"notices": [RECORD], "next_after": None})

    notices: tuple[NoticeRecord, ...]
    next_after: int | None


class Acknowledgement(Shape):
    """What the holder did. `done_at` says since when, for what was taken down, wound down, archived or paused."""

    model_config = example({"done": "wound-down", "done_at": "2026-12-01T08:30:00Z"})

    done: Done
    done_at: Instant | None = None
    detail: Line | None = None


class FileUnder(Shape):
    """A file that hangs on the consent, directly or through what it was made from."""

    asset: str
    entry_index: int
    flagged_by: int | None


class FilesUnder(Shape):
    """Every rendition included, in the order in which they came; `next_after` asks for the next page."""

    model_config = example(
        {"files": [{"asset": "55" * 32, "entry_index": 21, "flagged_by": 62}], "next_after": None},
    )

    files: tuple[FileUnder, ...]
    next_after: int | None


class EndRecord(Shape):
    """The end, and since when nothing is allowed under it any more: at that instant, by rule, with no job having run."""

    how: str
    ended_at: str
    entry_index: int | None
    """None: time ended it, and no worker has recorded that yet."""
    recorded_at: str | None
    outcome: str
    due_at: str


class EndCounts(Shape):
    """How much hangs on the consent, and how much of it was taken along."""

    files: int
    files_flagged: int
    clearances: int
    clearances_revoked: int
    placements: int
    placements_ended: int
    notices: int
    notices_delivered: int
    notices_answered: int
    notices_open: int
    told_to_nobody: int


class Propagation(Shape):
    """Seconds from the end to the last of each; None where nothing was recorded. The block is by rule, so it is 0."""

    block: float
    notice_issued: float | None
    notice_delivered: float | None
    answered: float | None


class UntoldRecord(Shape):
    """Somebody has this, and nobody is registered to be told."""

    party: str
    kind: str
    ref: str
    asset: str


class ConsentReport(Shape):
    """Who had what of a consent, who answered when, and what is still open."""

    model_config = example(
        {
            "consent": _CONSENT,
            "person": "p-7f3a",
            "at": "2026-12-02T00:00:00.000000Z",
            "state": "expired",
            "end": {
                "how": "expired",
                "ended_at": "2026-12-01T00:00:00.000000Z",
                "entry_index": 60,
                "recorded_at": "2026-12-01T00:00:03.000001Z",
                "outcome": "wind-down",
                "due_at": "2026-12-15T00:00:00.000000Z",
            },
            "complete": True,
            "counts": {
                "files": 2,
                "files_flagged": 2,
                "clearances": 1,
                "clearances_revoked": 1,
                "placements": 0,
                "placements_ended": 0,
                "notices": 1,
                "notices_delivered": 1,
                "notices_answered": 1,
                "notices_open": 0,
                "told_to_nobody": 0,
            },
            "propagation_seconds": {
                "block": 0.0,
                "notice_issued": 4.0,
                "notice_delivered": 5.0,
                "answered": 30660.0,
            },
            "notices": [RECORD],
            "next_after": None,
            "told_to_nobody": [],
        }
    )

    consent: str
    person: str
    at: str
    state: str
    end: EndRecord | None
    """None: it has not ended."""
    complete: bool
    """Everything that hangs on it was taken along, everybody was told, and everybody who was asked has answered."""
    counts: EndCounts
    propagation_seconds: Propagation | None
    notices: tuple[NoticeRecord, ...]
    next_after: int | None
    told_to_nobody: tuple[UntoldRecord, ...]
