"""Forgetting a person while every proof stays: erasure, the holds that block it, and disclosure of one field (SPEC S6).

Nothing in here names anybody: pseudonyms, ids, counts and instants only.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import StringConstraints, model_validator

from schemas.base import ActorId, Body, Digest, Id, Instant, Line, NonNegativeInt, Slug

Ground = Literal[
    "no-longer-necessary",
    "consent-withdrawn",
    "objection",
    "unlawful-processing",
    "legal-obligation",
    "child",
]
"""GDPR 17(1)(a) to (f), in order. A word and no free text, which would itself have to be forgotten."""
SealedPointer = Annotated[str, StringConstraints(pattern=r"^/body/[a-z0-9_]+$", max_length=80)]


class SubjectErasureRequested(Body):
    """The person, or legal for them, asks that what is sealed about them be destroyed."""

    TYPE: ClassVar[str] = "subject.erasure-requested.v1"
    person: Slug
    ground: Ground

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> SubjectErasureRequested:
        return cls(person="p-7f3a", ground="consent-withdrawn")


class SubjectErasureBegun(Body):
    """From this entry on no hold can be placed on the person any more, and their key is being destroyed (SPEC S6.6)."""

    TYPE: ClassVar[str] = "subject.erasure-begun.v1"
    person: Slug
    request_sha256: Digest
    """The payload of the request that is carried out."""

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> SubjectErasureBegun:
        return cls(person="p-7f3a", request_sha256="66" * 32)


class SubjectErased(Body):
    """The person's key, sealed values and salts were destroyed before this was said. Counts, no values."""

    TYPE: ClassVar[str] = "subject.erased.v1"
    person: Slug
    request_sha256: Digest
    erased_at: Instant
    keys: NonNegativeInt
    values: NonNegativeInt
    """Sealed values, each with its salt."""
    statements: NonNegativeInt
    """Statements whose sealed values those were; they themselves stay."""

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> SubjectErased:
        return cls.model_validate(
            {
                "person": "p-7f3a",
                "request_sha256": "66" * 32,
                "erased_at": "2026-12-02T08:00:00Z",
                "keys": 1,
                "values": 3,
                "statements": 1,
            }
        )


class Hold(Body):
    """The shared part of placing and releasing: one person or one file, in one matter."""

    hold: Id
    person: Slug | None = None
    asset: Digest | None = None
    matter: Slug
    """The number under which legal keeps the matter."""
    reason: Line

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.person is None) == (self.asset is None):
            raise ValueError("a hold is on a person or on an asset: name exactly one")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"hold:{self.hold}", f"person:{self.person}" if self.person else f"asset:{self.asset}")

    @classmethod
    def example(cls) -> Self:
        return cls(
            hold="019a9b00-0000-7000-8000-000000000006",
            person="p-7f3a",
            matter="m-2026-014",
            reason="a claim about this campaign is pending",
        )


class HoldPlaced(Hold):
    """Legal: nothing about this person, or about the people in this file, is erased until the hold is released."""

    TYPE: ClassVar[str] = "hold.placed.v1"


class HoldReleased(Hold):
    """Legal: the hold stands no longer."""

    TYPE: ClassVar[str] = "hold.released.v1"


class FieldDisclosed(Body):
    """One sealed field of one statement was shown, with its salt, to one reader under a pseudonymous name."""

    TYPE: ClassVar[str] = "field.disclosed.v1"
    person: Slug
    statement: Id
    pointer: SealedPointer
    to: ActorId

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> FieldDisclosed:
        return cls(
            person="p-7f3a",
            statement="019a9b00-0000-7000-8000-000000000007",
            pointer="/body/name",
            to="auditor-3",
        )
