"""The person whose likeness is lent. The log knows a pseudonym; name, contact and face are sealed.

Who they are decides who may speak for them (SPEC S4.6): an adult for themselves, a guardian for a minor, an estate for
somebody who died. `majority_at` is rounded down to the first of a month, because a birthday is personal data (ADR 020).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints

from schemas.base import ActorId, Body, Digest, Id, Instant, Line, Sealed, Shape, Slug

PersonClass = Literal["corporate-spokesperson", "influencer", "private-individual", "performer"]
Life = Literal["adult", "minor", "deceased"]
Authority = Literal["self", "guardian", "estate"]
"""By what right somebody speaks for the person."""
ReferenceImage = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=2_800_000)]
"""Base64 of a JPEG or PNG up to 2 MB: enough for a face at any useful size; sealed, so never in an entry."""


class Representation(Shape):
    """Who stood by the person when they agreed: counsel, a union or an agent, under a pseudonymous name."""

    kind: Literal["counsel", "union", "agent"]
    name: Slug


class Engagement(Shape):
    """The employment or contract that the person's appearance rests on, by the house's own number."""

    kind: Literal["employment", "contract"]
    reference: Slug


class PersonRegistered(Body):
    """A person enters the ledger under a pseudonym, with who speaks for them and by what right."""

    TYPE: ClassVar[str] = "person.registered.v2"
    person: Slug
    person_class: PersonClass
    life: Life = "adult"
    speaks_as: ActorId
    """The actor whose key is this person's word."""
    authority: Authority = "self"
    authority_sha256: Digest | None = None
    """The document that proves a guardian's or an estate's authority; a blob."""
    majority_at: Instant | None = None
    """For a minor: the first of the month in which they come of age, at midnight UTC. Never the day itself."""
    died_in: Annotated[int, Field(strict=True, ge=1850, le=2200)] | None = None
    """The year, for rights that last for a time after death."""
    represented_by: Representation | None = None
    engagement: Engagement | None = None
    name: Sealed[Line]
    contact: Sealed[Line]
    reference_image: Sealed[ReferenceImage]

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> PersonRegistered:
        return cls.model_validate(
            {
                "person": "p-7f3a",
                "person_class": "performer",
                "life": "minor",
                "speaks_as": "ines-guardian",
                "authority": "guardian",
                "authority_sha256": "c0" * 32,
                "majority_at": "2028-03-01T00:00:00Z",
                "represented_by": {"kind": "union", "name": "union-4"},
                "engagement": {"kind": "contract", "reference": "c-2026-118"},
            }
        )

    @classmethod
    def example_sealed(cls) -> dict[str, Any]:
        return {"/body/name": "Inês Example", "/body/contact": "ines@talent.example"}


class PersonSpeakerChanged(Body):
    """Somebody else speaks for the person from here on: they came of age, died, or have another guardian."""

    TYPE: ClassVar[str] = "person.speaker-changed.v1"
    person: Slug
    life: Life
    speaks_as: ActorId
    authority: Authority
    authority_sha256: Digest | None = None
    majority_at: Instant | None = None
    died_in: Annotated[int, Field(strict=True, ge=1850, le=2200)] | None = None
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "person": "p-7f3a",
                "life": "adult",
                "speaks_as": "ines-talent",
                "authority": "self",
                "reason": "came of age",
            }
        )


class PersonEngagementEnded(Body):
    """The employment or contract is over: consents that rest on it are suspended until somebody looked (SPEC S4.13)."""

    TYPE: ClassVar[str] = "person.engagement-ended.v1"
    ending: Id
    """Names this end; a resumption refers to it."""
    person: Slug
    engagement: Slug | None = None
    ended_at: Instant
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "ending": "019a9b00-0000-7000-8000-00000000000a",
                "person": "p-7f3a",
                "engagement": "c-2026-118",
                "ended_at": "2026-11-15T00:00:00Z",
                "reason": "the contract was not prolonged",
            }
        )
