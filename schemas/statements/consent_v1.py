"""The first shapes of person, request and grant, as they stand in older logs and may still be said. They never change.

`schemas.catalogue` lifts each into its newest class whenever it is read, so nothing else knows that these exist; a rule
sees the members that an old shape does not have as not stated, which is never the same as allowed.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.base import LIST_ITEMS_MAX, ActorId, Body, Id, Instant, Line, Sealed, Slug, Territory, Text
from schemas.statements.consent import SPECIFIC_CHARS_MIN, ConsentGranted, ConsentRequested
from schemas.statements.person import PersonClass, PersonRegistered, ReferenceImage

Scope = Annotated[tuple[Slug, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]


class PersonRegisteredV1(Body):
    """A person enters the ledger under a pseudonym. `speaks_as` is the actor whose key is this person's word."""

    model_config = ConfigDict(title="PersonRegistered")
    TYPE: ClassVar[str] = "person.registered.v1"
    person: Slug
    person_class: PersonClass
    speaks_as: ActorId
    name: Sealed[Line]
    contact: Sealed[Line]
    reference_image: Sealed[ReferenceImage]

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    def newest(self) -> PersonRegistered:
        """An adult who speaks for themselves: more was never said in this shape."""
        said = {"person": self.person, "person_class": self.person_class, "speaks_as": self.speaks_as}
        return PersonRegistered.model_validate(said)

    @classmethod
    def example(cls) -> PersonRegisteredV1:
        return cls.model_validate({"person": "p-7f3a", "person_class": "performer", "speaks_as": "ines-talent"})

    @classmethod
    def example_sealed(cls) -> dict[str, str]:
        return {"/body/name": "Inês Example", "/body/contact": "ines@talent.example"}


class ConsentScopeV1(Body):
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


class ConsentRequestedV1(ConsentScopeV1):
    """Somebody asks for a cameo. Grants nothing."""

    model_config = ConfigDict(title="ConsentRequested")
    TYPE: ClassVar[str] = "consent.requested.v1"

    def newest(self) -> ConsentRequested:
        return ConsentRequested.model_validate(_lifted(self))


class ConsentGrantedV1(ConsentScopeV1):
    """The person agrees, in a statement signed by their own key, to what was asked or to less (SPEC S4.2)."""

    model_config = ConfigDict(title="ConsentGranted")
    TYPE: ClassVar[str] = "consent.granted.v1"

    def newest(self) -> ConsentGranted:
        return ConsentGranted.model_validate(_lifted(self))


def _lifted(old: ConsentScopeV1) -> dict[str, object]:
    """In the old shape, training was agreed to by naming it among the uses; it still means that."""
    return {**dict(old), "training_use": "training" in old.uses}
