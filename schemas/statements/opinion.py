"""What somebody outside says of a file: asked with what left the house, and answered. Beside our findings, never instead."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, PositiveInt, Shape, Slug

OpinionState = Literal["detected", "not_detected", "flagged", "not_flagged", "not_checked"]
"""`not_detected` and `not_flagged` say what that one tool did not find, and prove nothing. `not_checked`: no answer."""
SentKind = Literal["file", "frame", "sound"]


class Sent(Shape):
    """Bytes that left the house: the file itself, or a frame or sound taken out of it (kept as a blob)."""

    kind: SentKind
    sha256: Digest
    size_bytes: PositiveInt
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=80)]
    t_ms: NonNegativeInt | None = None


class OpinionSignal(Shape):
    """One signal in one thing that was sent. `reason`: why it is `not_checked`."""

    about: Digest
    signal: Slug
    state: OpinionState
    reason: Slug | None = None
    detail: Annotated[dict[Slug, Line], Field(max_length=20)] = Field(default_factory=dict)


class OpinionAsked(Body):
    """These bytes are about to leave the house. Said first, so that a crash never hides that they may have left."""

    TYPE: ClassVar[str] = "opinion.asked.v1"
    opinion: Id
    asset: Digest
    source: Slug
    host: Line
    """Where they go."""
    allowed_by: Literal["settings"] = "settings"
    """By what the operator agreed to this: `outside_opinions` in the settings names the source."""
    sent: Annotated[tuple[Sent, ...], Field(min_length=1, max_length=20)]

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"opinion:{self.opinion}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "opinion": "019a9b00-0000-7000-8000-000000000031",
                "asset": "11" * 32,
                "source": "openai-provenance",
                "host": "api.openai.com",
                "sent": [
                    {
                        "kind": "frame",
                        "sha256": "ee" * 32,
                        "size_bytes": 812_004,
                        "media_type": "image/png",
                        "t_ms": 2500,
                    }
                ],
            }
        )


class OpinionGiven(Body):
    """What came back, signal by signal; for what did not come back, why."""

    TYPE: ClassVar[str] = "opinion.given.v1"
    opinion: Id
    asset: Digest
    source: Slug
    version: Line
    """The vendor's library and, where it says so, its model."""
    signals: Annotated[tuple[OpinionSignal, ...], Field(min_length=1, max_length=40)]
    answers_sha256: Digest | None = None
    """Blob: the raw answers, in the order of what was sent."""

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"opinion:{self.opinion}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "opinion": "019a9b00-0000-7000-8000-000000000031",
                "asset": "11" * 32,
                "source": "openai-provenance",
                "version": "openai 3.54.0",
                "signals": [
                    {"about": "ee" * 32, "signal": "c2pa", "state": "not_checked", "reason": "made_here"},
                    {"about": "ee" * 32, "signal": "synthid", "state": "detected", "detail": {"model": "sora-2"}},
                ],
                "answers_sha256": "ef" * 32,
            }
        )
