"""Disputes: what is asked, and how they stand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.api.problems import example
from schemas.base import Digest, Instant, Line, Shape, Slug, Territory
from schemas.statements.dispute import NoticeEvent

_DISPUTE = "019a9b00-0000-7000-8000-000000000050"
_CLOCK = {
    "notice": "019a9b00-0000-7000-8000-000000000052",
    "rule": "law 2026.11 us-take-it-down",
    "received_at": "2026-11-20T09:00:00.000000Z",
    "due_at": "2026-11-22T09:00:00.000000Z",
    "state": "met",
    "entry_index": 91,
}
_LINE = {
    "dispute": _DISPUTE,
    "kind": "misuse",
    "matter": "m-2026-014",
    "state": "open",
    "entry_index": 88,
    "next_due_at": "2026-11-22T09:00:00.000000Z",
}


class DisputeLine(Shape):
    """One dispute in a list. `next_due_at`: when the first clock that nobody met runs out."""

    dispute: str
    kind: str
    matter: str
    state: str
    entry_index: int
    next_due_at: str | None


class DisputesAnswer(Shape):
    """Newest first; `next_before` goes on."""

    model_config = example({"disputes": [_LINE], "next_before": None})
    disputes: tuple[DisputeLine, ...]
    next_before: int | None


class ClockShape(Shape):
    """A statutory clock: `running`, `met` or `missed`, and the entry that says so, if one does yet."""

    notice: str
    rule: str
    received_at: str
    due_at: str
    state: str
    entry_index: int | None


class SightingShape(Shape):
    sighting: str
    asset: str
    platform: str
    url: str | None
    seen_at: str
    capture: str
    captured_sha256: str
    matched_by: str
    match: str
    entry_index: int


class DisputeNoticeShape(Shape):
    notice: str
    event: str
    from_party: str
    to_party: str
    received_at: str
    detail: str
    done: str | None
    done_at: str | None
    entry_index: int


class DisputeAnswer(Shape):
    """A dispute as it stands at `at`, by what was recorded until then. `held`: nobody in its files may be erased."""

    model_config = example(
        {
            "dispute": _DISPUTE,
            "at": "2026-11-23T09:30:00.000000Z",
            "kind": "misuse",
            "matter": "m-2026-014",
            "claim": "a re-encoded copy runs with another voice",
            "assets": ["55" * 32],
            "parties": ["p-7f3a (claimant)", "example-video (platform)"],
            "state": "open",
            "held": True,
            "sightings": [],
            "notices": [],
            "clocks": [_CLOCK],
            "outcome": None,
            "reason": None,
            "entries": [88, 90, 91],
        }
    )
    dispute: str
    at: str
    kind: str
    matter: str
    claim: str
    assets: tuple[str, ...]
    parties: tuple[str, ...]
    state: str
    held: bool
    sightings: tuple[SightingShape, ...]
    notices: tuple[DisputeNoticeShape, ...]
    clocks: tuple[ClockShape, ...]
    outcome: str | None
    reason: str | None
    entries: tuple[int, ...]


class NoticeReceived(Shape):
    """A notice that reached somebody. The service finds out which clocks it sets going in these territories."""

    model_config = example(
        {
            "event": "intimate-depiction",
            "from_party": "p-7f3a",
            "to_party": "example-video",
            "received_at": "2026-11-20T09:00:00Z",
            "territories": ["US"],
            "detail": "takedown request by the person shown",
        }
    )
    event: NoticeEvent
    from_party: Slug
    to_party: Slug
    received_at: Instant
    territories: Annotated[tuple[Territory, ...], Field(max_length=300)] = ()
    document_sha256: Digest | None = None
    detail: Line
