"""Consent to use a likeness: asked for, given by the person's own key, ended by them, by others or by time.

`valid_until` is exclusive: at that instant the consent has ended, for every decision, with no job having run (SPEC S4).
State names follow the W3C Data Privacy Vocabulary.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import LIST_ITEMS_MAX, Body, Id, Instant, Line, Slug, Territory, Text

SPECIFIC_CHARS_MIN = 40  # "reasonably specific description" (Cal. Lab. Code 927; Ill. P.A. 103-0830) can't be a word
Scope = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]


class ConsentScope(Body):
    """The shared part of request and grant: what for, where, in what media, when."""

    consent: Id
    person: Slug
    specific_description: Annotated[Text, Field(min_length=SPECIFIC_CHARS_MIN)]
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

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "consent": "019a9b00-0000-7000-8000-000000000001",
                "person": "p-7f3a",
                "specific_description": "Inês walks through a café and lifts a cup; no speech, no product claims.",
                "uses": ["advertising"],
                "channels": ["social"],
                "territories": ["DE", "FR"],
                "media": ["video"],
                "valid_from": "2026-10-01T00:00:00Z",
                "valid_until": "2026-12-01T00:00:00Z",
            }
        )


class ConsentRequested(ConsentScope):
    """Somebody asks for a cameo. Grants nothing."""

    TYPE: ClassVar[str] = "consent.requested.v1"


class ConsentGranted(ConsentScope):
    """The person agrees, in a statement signed by their own key, to what was asked or to less (SPEC S4.2)."""

    TYPE: ClassVar[str] = "consent.granted.v1"


class ConsentEnded(Body):
    """The shared part of the ways in which a consent ends."""

    consent: Id
    person: Slug
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")

    @classmethod
    def example(cls) -> Self:
        return cls(consent="019a9b00-0000-7000-8000-000000000001", person="p-7f3a", reason="changed my mind")


class ConsentRefused(ConsentEnded):
    """The person says no to a request."""

    TYPE: ClassVar[str] = "consent.refused.v1"


class ConsentWithdrawn(ConsentEnded):
    """The person takes it back. Not retroactive: what was published lawfully was lawful (GDPR 7(3))."""

    TYPE: ClassVar[str] = "consent.withdrawn.v1"


class ConsentRevoked(ConsentEnded):
    """Somebody else ends it: legal or the IP steward, with a reason."""

    TYPE: ClassVar[str] = "consent.revoked.v1"


class ConsentExpired(Body):
    """Records, once, that time ended a consent. It ended at `expired_at` whether or not this was written."""

    TYPE: ClassVar[str] = "consent.expired.v1"
    consent: Id
    person: Slug
    expired_at: Instant

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")

    @classmethod
    def example(cls) -> ConsentExpired:
        return cls.model_validate(
            {
                "consent": "019a9b00-0000-7000-8000-000000000001",
                "person": "p-7f3a",
                "expired_at": "2026-12-01T00:00:00Z",
            }
        )
