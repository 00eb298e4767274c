"""Placement: where a cleared file was shown, under which clearance, consents and licences, what was seen of it, and its end.

Consents and licences stand in the body so that "every placement under this consent" and "how often was this licence
used" are one tag each; the door refuses a placement that names others than its clearance and its file rest on.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Body, Digest, Id, Instant, Line, NonNegativeInt, Slug, Territory

Label = Literal["ai-generated", "ai-edited", "authentic-capture", "none"]
"""What viewers are told about the file. `none`: nothing is shown."""
PublicUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=2_000)]
"""The address of a public post. A private one is named by its digest."""
PlacementOutcome = Literal["taken-down", "wound-down", "archived", "expired"]


class PlacementStatement(Body):
    """The shared part: which placement, of what, and what it hangs on."""

    placement: Id
    asset: Digest
    clearance: Id
    consents: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Those of the clearance, in its order."""
    licences: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Those that it relies on: for each right that the file or what it was made from rests on, the licence that covers this."""

    def tags(self) -> tuple[str, ...]:
        things = (f"placement:{self.placement}", f"asset:{self.asset}", f"clearance:{self.clearance}")
        consents = (f"consent:{consent}" for consent in self.consents)
        return (*things, *consents, *(f"licence:{licence}" for licence in self.licences))


_EXAMPLE = {
    "placement": "019a9b00-0000-7000-8000-000000000010",
    "asset": "55" * 32,
    "clearance": "019a9b00-0000-7000-8000-000000000004",
    "consents": ["019a9b00-0000-7000-8000-000000000001"],
}


class PlacementRecorded(PlacementStatement):
    """A file is shown somewhere, under a clearance that covers it. `starts_at` is when, by whoever placed it."""

    TYPE: ClassVar[str] = "placement.recorded.v1"
    platform: Slug
    channel: Slug
    territory: Territory
    url: PublicUrl | None = None
    url_sha256: Digest | None = None
    starts_at: Instant
    label_expected: Label | None = None
    label_shown: Label | None = None

    @classmethod
    def example(cls) -> PlacementRecorded:
        return cls.model_validate(
            {
                **_EXAMPLE,
                "platform": "example-video",
                "channel": "social",
                "territory": "DE",
                "url": "https://video.example/watch/4711",
                "starts_at": "2026-10-06T08:00:00Z",
                "label_expected": "ai-generated",
                "label_shown": "ai-generated",
            }
        )


class PlacementObserved(PlacementStatement):
    """Somebody looked at a placement: how often it was shown so far, and which label viewers see."""

    TYPE: ClassVar[str] = "placement.observed.v1"
    observed_at: Instant
    impressions: NonNegativeInt | None = None
    """Since `starts_at`; a later count is never smaller."""
    label_shown: Label | None = None

    @classmethod
    def example(cls) -> PlacementObserved:
        seen = {"observed_at": "2026-10-07T08:00:00Z", "impressions": 12_500, "label_shown": "none"}
        return cls.model_validate({**_EXAMPLE, **seen})


class PlacementEnded(PlacementStatement):
    """The file is no longer shown there, and how that came about."""

    TYPE: ClassVar[str] = "placement.ended.v1"
    ended_at: Instant
    outcome: PlacementOutcome
    detail: Line

    @classmethod
    def example(cls) -> PlacementEnded:
        ended = {"ended_at": "2026-10-20T08:00:00Z", "outcome": "taken-down", "detail": "on the person's withdrawal"}
        return cls.model_validate({**_EXAMPLE, **ended})
