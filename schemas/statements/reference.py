"""Reference media that files are compared with: known works, what may not be generated, pictures of people who enrolled."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, Sealed, Shape, Slug

LIST_TAG = "reference:list"  # works that are compared by picture
HEARD_TAG = "reference:heard"  # works that are compared by sound
FRAMES_MAX = 2_400  # codes of one enrolled picture or clip: some forty a frame with its framings
ReferenceKind = Literal["known-work", "do-not-generate", "likeness"]
Way = Literal["picture", "sound"]
"""By what two files are compared. A clip with sound is compared by both, each by itself."""
WAYS: tuple[Way, ...] = ("picture", "sound")


class SealedFrame(Shape):
    """A frame's code: of the frame itself (`plain`), or to search with, and then how the frame was turned before."""

    variant: Slug
    t_ms: NonNegativeInt
    pdq: Digest
    quality: Annotated[int, Field(strict=True, ge=0, le=100)]


class SealedCodes(Shape):
    """Codes of a picture of somebody. They stay in the vault and in memory, never in a view or a file (SPEC S6)."""

    algorithm: Line
    version: Line
    frames: Annotated[tuple[SealedFrame, ...], Field(min_length=1, max_length=FRAMES_MAX)]


class ReferenceRegistered(Body):
    """From this entry on files are compared with it, and what is here already is looked through once."""

    TYPE: ClassVar[str] = "reference.registered.v2"
    reference: Id
    kind: ReferenceKind
    ways: Annotated[tuple[Way, ...], Field(min_length=1, max_length=len(WAYS))]
    """What it has that tells it from others."""
    media: Digest | None = None
    """The picture, clip or sound. Of a person's picture not even the digest stands here."""
    examination_sha256: Digest | None = None
    """Blob: its examination as JSON, with the codes to search with."""
    codes: Sealed[SealedCodes]
    person: Slug | None = None
    guardrail: Id | None = None
    """For what may not be generated: the entry of the list that it illustrates."""
    title: Line | None = None
    owner: Line | None = None
    """Who holds the rights in the work."""
    basis: Line
    """Why it may be kept and compared with: a contract, a request, the person's own enrolment."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        likeness = self.kind == "likeness"
        if self.ways != tuple(way for way in WAYS if way in self.ways):
            raise ValueError("picture comes before sound, each once")
        if likeness and self.ways != ("picture",):
            raise ValueError("a person is compared by picture")
        if likeness != (self.person is not None):
            raise ValueError("a likeness, and no other reference, names a person's pseudonym")
        if {likeness} & {self.media is not None, self.examination_sha256 is not None}:
            raise ValueError("a work is named by its digest and its examination; a person's picture by neither")
        if likeness and (self.title or self.owner):
            raise ValueError("a person's picture has no title and no owner in the open")
        if (self.kind == "do-not-generate") != (self.guardrail is not None):
            raise ValueError("what may not be generated, and no other reference, names its entry of the list")
        return self

    def tags(self) -> tuple[str, ...]:
        listed_by = tuple(tag_of(way) for way in self.ways)
        whose = (f"person:{self.person}",) if self.person else (*listed_by, f"media:{self.media}")
        listed = (f"guardrail:{self.guardrail}",) if self.guardrail else ()
        return (f"reference:{self.reference}", *whose, *listed)

    @classmethod
    def example(cls) -> ReferenceRegistered:
        return cls.model_validate(
            {
                "reference": "019a9b00-0000-7000-8000-000000000061",
                "kind": "known-work",
                "ways": ["picture", "sound"],
                "media": "77" * 32,
                "examination_sha256": "78" * 32,
                "title": "The Lighthouse, trailer",
                "owner": "North Sea Pictures",
                "basis": "catalogue agreement of 2026-09-01",
            }
        )


def tag_of(way: Way) -> str:
    """The tag of every work that is compared this way."""
    return LIST_TAG if way == "picture" else HEARD_TAG


class ReferenceWithdrawn(Body):
    """Nothing is compared with it any more: its codes leave memory, files and tables. What was found stays found."""

    TYPE: ClassVar[str] = "reference.withdrawn.v1"
    reference: Id
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"reference:{self.reference}",)

    @classmethod
    def example(cls) -> ReferenceWithdrawn:
        return cls(reference="019a9b00-0000-7000-8000-000000000061", reason="the agreement ended")


class ReferenceSwept(Body):
    """The service compared a reference, entry `as_of`, with the stored codes of every file that was examined before it."""

    TYPE: ClassVar[str] = "reference.swept.v1"
    reference: Id
    as_of: NonNegativeInt
    policy: Digest
    algorithm: Line
    files: NonNegativeInt
    found: NonNegativeInt
    """Matches that it names now; with `flooded` the files that were near, none of which is named."""
    changed: NonNegativeInt
    """How many of them are new, or were something else before."""
    flooded: bool = False

    def tags(self) -> tuple[str, ...]:
        return (f"reference:{self.reference}",)

    @classmethod
    def example(cls) -> ReferenceSwept:
        return cls(
            reference="019a9b00-0000-7000-8000-000000000061",
            as_of=80,
            policy="79" * 32,
            algorithm="pdq256@512px/nonref-2fps",
            files=12,
            found=1,
            changed=1,
        )
