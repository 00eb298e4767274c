"""Consent to use a likeness: asked for, given by the person's own key, ended by them, by others or by time.

`valid_until` is exclusive: at that instant the consent has ended, for every decision, with no job having run (SPEC S4).
State names follow the W3C Data Privacy Vocabulary. What changes a given consent is in `consent_changes`.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import (
    LIST_ITEMS_MAX,
    ActorId,
    Body,
    Digest,
    Id,
    Instant,
    Line,
    Money,
    Shape,
    Slug,
    Territory,
    Text,
)
from schemas.statements.person import Representation

SPECIFIC_CHARS_MIN = 40  # "reasonably specific description" (Cal. Lab. Code 927; Ill. P.A. 103-0830) can't be a word
ACTIONS_MAX = 20  # things a person does in one clip; more is more than one consent
Scope = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]
Territories = Annotated[tuple[Territory, ...], Field(min_length=1, max_length=300)]
Medium = Literal["video", "still", "audio"]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""BCP 47."""
Law = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
"""ISO 3166-1 or 3166-2: the law that the agreement is under."""


@cache
def _zones() -> frozenset[str]:
    """The machine's, read once: a walk over six hundred files."""
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("a zone is an IANA name, such as Europe/Lisbon")
    return value


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]


class Notice(Shape):
    """What the person was shown before they agreed: a blob kept here, in a language that they read."""

    sha256: Digest
    language: Language


class ConsentScope(Body):
    """The shared part of request and grant: what exactly, what for, where, when, and on what terms."""

    consent: Id
    person: Slug
    specific_description: Annotated[Text, Field(min_length=SPECIFIC_CHARS_MIN)]
    actions: Annotated[tuple[Line, ...], Field(max_length=ACTIONS_MAX)] = ()
    """What the person is shown doing, one by one."""
    setting: Line | None = None
    """Where they are shown."""
    uses: Scope
    channels: Scope
    territories: Territories
    media: Annotated[tuple[Medium, ...], Field(min_length=1, max_length=3)]
    valid_from: Instant
    valid_until: Instant
    zone: Zone | None = None
    """For display only; the instants are UTC."""
    compensation: Money | None = None
    """None: not stated. An amount of 0 says that nothing is paid."""
    exclusivity: Literal["none", "category", "full"] = "none"
    exclusive_category: Slug | None = None
    final_approval: bool = False
    """The person approves the cut before it is used."""
    represented_by: Representation | None = None
    notice: Notice | None = None
    business_reason: Line | None = None
    training_use: bool = False
    """Models may be trained on it."""
    post_mortem: bool = False
    """It lasts beyond the person's death."""
    survives_engagement: bool = False
    """It lasts beyond the employment or contract that it came from."""
    governing_law: Law | None = None

    @model_validator(mode="after")
    def _terms(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until (exclusive) must lie after valid_from")
        if (self.exclusivity == "category") != (self.exclusive_category is not None):
            raise ValueError("a category is named for exclusivity in a category, and only then")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(_EXAMPLE)


_EXAMPLE: dict[str, Any] = {
    "consent": "019a9b00-0000-7000-8000-000000000001",
    "person": "p-7f3a",
    "specific_description": "Inês walks through a café and lifts a cup; no speech, no product claims.",
    "actions": ["walks in from the rain", "lifts a cup"],
    "setting": "a café by day",
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00Z",
    "valid_until": "2026-12-01T00:00:00Z",
    "zone": "Europe/Lisbon",
    "compensation": {"amount_minor": 180_000, "currency": "EUR"},
    "exclusivity": "category",
    "exclusive_category": "coffee",
    "final_approval": True,
    "represented_by": {"kind": "counsel", "name": "counsel-2"},
    "notice": {"sha256": "ab" * 32, "language": "pt-PT"},
    "business_reason": "The campaign shows her in two places on one day.",
    "governing_law": "DE",
}


class ConsentRequested(ConsentScope):
    """Somebody asks for a cameo, on terms. Grants nothing."""

    TYPE: ClassVar[str] = "consent.requested.v2"


class SignedDocument(Shape):
    """A paper that the person signed, kept as a blob, and who saw them sign: weaker than their own key, and shown so."""

    sha256: Digest
    witnessed_by: ActorId


class ConsentGranted(ConsentScope):
    """The person agrees to what was asked or to less: with their own key, or in a document that somebody recorded."""

    TYPE: ClassVar[str] = "consent.granted.v2"
    document: SignedDocument | None = None


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


class ConsentInvalidated(ConsentEnded):
    """It never was one: forged, given without capacity or authority. The only end that reaches back (SPEC S4.4)."""

    TYPE: ClassVar[str] = "consent.invalidated.v1"
    cause: Literal["forged", "no-capacity", "no-authority", "misinformed", "coerced", "other"]

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "consent": "019a9b00-0000-7000-8000-000000000001",
                "person": "p-7f3a",
                "cause": "no-authority",
                "reason": "the guardian who signed had lost custody",
            }
        )


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
