"""Rights in works, marks, characters and places: who holds them, since when, and on which papers.

Holders are parties under pseudonyms (SPEC S6.1). What a right protects is named in the open, unless it is a person: a
person's likeness and voice are consents, and a right of these kinds stands for a contract about them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, Slug, Territory

RightKind = Literal["mark", "character", "music", "location", "stock", "likeness", "voice", "other"]
RightBasis = Literal["original", "registration", "assignment", "licensed-in", "estate"]
"""How the holder came to it. Only `original` (the holder made it) needs no paper."""


class RightRecorded(Body):
    """Somebody holds a right, for these territories and this term. `valid_until` is exclusive; none means: no end known."""

    TYPE: ClassVar[str] = "right.recorded.v1"
    right: Id
    kind: RightKind
    title: Line
    """What is protected, such as a mark's or a work's name. Never a person's."""
    holder: Slug
    basis: RightBasis
    previous_right: Id | None = None
    """The right from which this one comes."""
    document_sha256: Digest | None = None
    """The paper that shows it."""
    territories: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=300)]
    valid_from: Instant
    valid_until: Instant | None = None

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError("valid_until (exclusive) must lie after valid_from")
        if self.previous_right == self.right:
            raise ValueError("a right does not come from itself")
        return self

    def tags(self) -> tuple[str, ...]:
        previous = (f"right:{self.previous_right}",) if self.previous_right else ()
        return (f"right:{self.right}", f"party:{self.holder}", *previous)

    @classmethod
    def example(cls) -> RightRecorded:
        return cls.model_validate(
            {
                "right": "019a9b00-0000-7000-8000-000000000011",
                "kind": "music",
                "title": "Rain on the Awning (recording)",
                "holder": "label-north",
                "basis": "assignment",
                "document_sha256": "77" * 32,
                "territories": ["WORLD"],
                "valid_from": "2024-01-01T00:00:00Z",
                "valid_until": "2034-01-01T00:00:00Z",
            }
        )


class RightTransferred(Body):
    """The holder gave the whole right to somebody else, from `effective_at` on."""

    TYPE: ClassVar[str] = "right.transferred.v1"
    right: Id
    from_party: Slug
    to_party: Slug
    effective_at: Instant
    document_sha256: Digest | None = None

    def tags(self) -> tuple[str, ...]:
        return (f"right:{self.right}", *dict.fromkeys((f"party:{self.from_party}", f"party:{self.to_party}")))

    @classmethod
    def example(cls) -> RightTransferred:
        return cls.model_validate(
            {
                "right": "019a9b00-0000-7000-8000-000000000011",
                "from_party": "label-north",
                "to_party": "label-south",
                "effective_at": "2026-10-01T00:00:00Z",
                "document_sha256": "88" * 32,
            }
        )


class RightExpired(Body):
    """Records, once, that time ended a right. It ended at `expired_at` whether or not this was written."""

    TYPE: ClassVar[str] = "right.expired.v1"
    right: Id
    expired_at: Instant

    def tags(self) -> tuple[str, ...]:
        return (f"right:{self.right}",)

    @classmethod
    def example(cls) -> RightExpired:
        return cls.model_validate(
            {"right": "019a9b00-0000-7000-8000-000000000011", "expired_at": "2034-01-01T00:00:00Z"}
        )


class RightUsed(Body):
    """A file rests on a right: `user` holds it, or may use it under a licence. What is made from the file rests on it too."""

    TYPE: ClassVar[str] = "asset.right-used.v1"
    asset: Digest
    right: Id
    user: Slug
    licence: Id | None = None
    """None: `user` is the holder."""

    def tags(self) -> tuple[str, ...]:
        licence = (f"licence:{self.licence}",) if self.licence else ()
        return (f"asset:{self.asset}", f"right:{self.right}", f"party:{self.user}", *licence)

    @classmethod
    def example(cls) -> RightUsed:
        return cls(
            asset="11" * 32,
            right="019a9b00-0000-7000-8000-000000000011",
            user="studio-1",
            licence="019a9b00-0000-7000-8000-000000000012",
        )
