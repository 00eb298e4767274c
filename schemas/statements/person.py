"""The person whose likeness is lent. The log knows a pseudonym; name, contact and face are sealed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from schemas.base import ActorId, Body, Line, Sealed, Slug

PersonClass = Literal["corporate-spokesperson", "influencer", "private-individual", "performer"]
ReferenceImage = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=2_800_000)]
"""Base64 of a JPEG or PNG up to 2 MB: enough for a face at any useful size; sealed, so never in an entry."""


class PersonRegistered(Body):
    """A person enters the ledger under a pseudonym. `speaks_as` is the actor whose key is this person's word."""

    TYPE: ClassVar[str] = "person.registered.v1"
    person: Slug
    person_class: PersonClass
    speaks_as: ActorId
    name: Sealed[Line]
    contact: Sealed[Line]
    reference_image: Sealed[ReferenceImage]

    def tags(self) -> tuple[str, ...]:
        return (f"person:{self.person}",)

    @classmethod
    def example(cls) -> PersonRegistered:
        return cls.model_validate({"person": "p-7f3a", "person_class": "performer", "speaks_as": "ines-talent"})

    @classmethod
    def example_sealed(cls) -> dict[str, str]:
        return {"/body/name": "Inês Example", "/body/contact": "ines@talent.example"}
