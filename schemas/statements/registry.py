"""What an outside registry says of a consent, and until when that is good. No answer is an answer of its own, and no yes."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from schemas.base import Body, Id, Instant, Line, Slug

RegistryStatus = Literal["given", "ended", "unknown", "unavailable"]


class RegistryAnswered(Body):
    """The service asked an outside registry about a consent. From the first answer on the consent depends on a fresh yes."""

    TYPE: ClassVar[str] = "registry.answered.v1"
    consent: Id
    registry: Slug
    reference: Line
    """The registry's own number for it."""
    status: RegistryStatus
    answered_at: Instant
    fresh_until: Instant
    """Exclusive."""

    @model_validator(mode="after")
    def _fresh_for_a_while(self) -> Self:
        if self.fresh_until <= self.answered_at:
            raise ValueError("fresh_until (exclusive) must lie after answered_at")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}",)

    @classmethod
    def example(cls) -> RegistryAnswered:
        return cls.model_validate(
            {
                "consent": "019a9b00-0000-7000-8000-000000000001",
                "registry": "talent-registry",
                "reference": "TR-0042",
                "status": "given",
                "answered_at": "2026-10-02T12:00:00Z",
                "fresh_until": "2026-10-02T13:00:00Z",
            }
        )
