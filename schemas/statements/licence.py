"""Licences: a right's holder lets somebody use it, for this, here, until then, so often. `valid_until` is exclusive."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, Money, PositiveInt, Shape, Slug, Territory
from schemas.statements.consent import Scope

Exclusivity = Literal["exclusive", "sole", "none"]
"""`exclusive`: nobody else, the holder included. `sole`: nobody else but the holder."""
SourceWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Source(Shape):
    """Where a contract system keeps the terms, and in which revision they were read."""

    system: Slug
    ref: SourceWord
    revision: SourceWord

    @property
    def tag(self) -> str:
        return f"contract:{self.system}.{self.ref}"


class Terms(Shape):
    """For what, through what, where, in which media, when."""

    uses: Scope
    channels: Scope
    territories: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=300)]
    media: Annotated[tuple[Literal["video", "still", "audio"], ...], Field(min_length=1, max_length=3)]
    valid_from: Instant
    valid_until: Instant

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until (exclusive) must lie after valid_from")
        return self


class Caps(Shape):
    """How often at most; what is absent is not limited. Counted from recorded placements and what was seen of them."""

    placements: PositiveInt | None = None
    assets: PositiveInt | None = None
    impressions: PositiveInt | None = None


class AtEnd(Shape):
    """What happens to placements when the licence ends. `days`: for how long a wind-down may take."""

    outcome: Literal["wind-down", "takedown", "archive-only"]
    days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 0

    @model_validator(mode="after")
    def _days_wind_down(self) -> Self:
        if (self.outcome == "wind-down") != (self.days > 0):
            raise ValueError("a wind-down takes days, and nothing else does")
        return self


class LicenceGranted(Body):
    """The holder of a right lets the licensee use it."""

    TYPE: ClassVar[str] = "licence.granted.v1"
    licence: Id
    right: Id
    licensor: Slug
    licensee: Slug
    terms: Terms
    caps: Caps = Field(default_factory=Caps)
    fee: Money | None = None
    exclusivity: Exclusivity
    at_end: AtEnd
    document_sha256: Digest
    source: Source | None = None

    def tags(self) -> tuple[str, ...]:
        parties = dict.fromkeys((f"party:{self.licensor}", f"party:{self.licensee}"))
        source = (self.source.tag,) if self.source else ()
        return (f"licence:{self.licence}", f"right:{self.right}", *parties, *source)

    @classmethod
    def example(cls) -> LicenceGranted:
        return cls.model_validate(
            {
                "licence": "019a9b00-0000-7000-8000-000000000012",
                "right": "019a9b00-0000-7000-8000-000000000011",
                "licensor": "label-north",
                "licensee": "studio-1",
                "terms": {
                    "uses": ["advertising"],
                    "channels": ["social"],
                    "territories": ["DE", "FR"],
                    "media": ["video"],
                    "valid_from": "2026-10-01T00:00:00Z",
                    "valid_until": "2026-12-01T00:00:00Z",
                },
                "caps": {"placements": 10, "impressions": 1_000_000},
                "fee": {"amount_minor": 250_000, "currency": "EUR"},
                "exclusivity": "none",
                "at_end": {"outcome": "wind-down", "days": 14},
                "document_sha256": "99" * 32,
                "source": {"system": "contracts", "ref": "C-2026-17", "revision": "3"},
            }
        )


class LicenceEnded(Body):
    """A licence stands no longer, before its time. By time it ends without any statement."""

    TYPE: ClassVar[str] = "licence.ended.v1"
    licence: Id
    right: Id
    cause: Literal["terminated", "surrendered", "breach", "replaced"]
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"licence:{self.licence}", f"right:{self.right}")

    @classmethod
    def example(cls) -> LicenceEnded:
        return cls(
            licence="019a9b00-0000-7000-8000-000000000012",
            right="019a9b00-0000-7000-8000-000000000011",
            cause="terminated",
            reason="notice given on 2026-11-02",
        )


class LicenceExpired(Body):
    """Records, once, that time ended a licence. It ended at `expired_at` whether or not this was written."""

    TYPE: ClassVar[str] = "licence.expired.v1"
    licence: Id
    right: Id
    expired_at: Instant

    def tags(self) -> tuple[str, ...]:
        return (f"licence:{self.licence}", f"right:{self.right}")

    @classmethod
    def example(cls) -> LicenceExpired:
        return cls.model_validate(
            {
                "licence": "019a9b00-0000-7000-8000-000000000012",
                "right": "019a9b00-0000-7000-8000-000000000011",
                "expired_at": "2026-12-01T00:00:00Z",
            }
        )
