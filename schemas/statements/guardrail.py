"""The do-not-generate list: people, characters, marks, works and styles that must not be asked for, and what matched them.

A person's names are personal data: sealed under a pseudonym, so only the service, which can open the vault, looks for them,
and says what it looked at (ADR 022). Everything else is listed in the open, and the rules look for it themselves.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import (
    LIST_ITEMS_MAX,
    ActorId,
    Body,
    Digest,
    Id,
    Instant,
    Line,
    NonNegativeInt,
    Sealed,
    Shape,
    Slug,
    Territory,
)
from schemas.statements.reference import Way

LIST_TAG = "guardrail:list"
Kind = Literal["person", "character", "mark", "work", "style"]
Look = Literal["words", "media"]
"""`words`: names in prompts. `media`: nearness to reference media."""
Names = Annotated[tuple[Line, ...], Field(max_length=LIST_ITEMS_MAX)]
SealedNames = Annotated[tuple[Line, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]


class GuardrailAdded(Body):
    """Something may not be generated from `effective_from` on. Blocks at once, and for what exists already too."""

    TYPE: ClassVar[str] = "guardrail.entry-added.v1"
    guardrail: Id
    kind: Kind
    person: Slug | None = None
    """For a person: the pseudonym under which the names are sealed."""
    names: Sealed[SealedNames]
    label: Line | None = None
    aliases: Names = ()
    allowed: Names = ()
    """Words that look like a name here and may pass."""
    uses: Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)] = ()
    """Only for these uses; none: for every use. A prompt has no use yet, so it is blocked by every entry."""
    territories: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=300)] = ("WORLD",)
    reason: Line
    counsel: ActorId
    effective_from: Instant
    effective_until: Instant | None = None
    """Exclusive."""
    reference_media: Annotated[tuple[Digest, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _named_in_its_way(self) -> Self:
        if (self.kind == "person") != (self.person is not None):
            raise ValueError("an entry about a person, and no other, has a pseudonym")
        if self.person is not None and (self.label or self.aliases or self.allowed):
            raise ValueError("a person's names are sealed: no label, no aliases in the open")
        if self.person is None and self.label is None:
            raise ValueError("an entry that is not about a person has a label")
        if self.effective_until is not None and self.effective_until <= self.effective_from:
            raise ValueError("effective_until (exclusive) must lie after effective_from")
        return self

    def tags(self) -> tuple[str, ...]:
        person = (f"person:{self.person}",) if self.person else ()
        return (f"guardrail:{self.guardrail}", LIST_TAG, *person)

    @classmethod
    def example(cls) -> GuardrailAdded:
        return cls.model_validate(
            {
                "guardrail": "019a9b00-0000-7000-8000-000000000013",
                "kind": "person",
                "person": "p-2c19",
                "reason": "asked us in writing never to be imitated",
                "counsel": "lena-legal",
                "effective_from": "2026-10-01T00:00:00Z",
            }
        )

    @classmethod
    def example_sealed(cls) -> dict[str, list[str]]:
        return {"/body/names": ["Someone Famous", "S. Famous"]}


class GuardrailLifted(Body):
    """An entry stands no longer. What was refused while it stood stays refused."""

    TYPE: ClassVar[str] = "guardrail.entry-lifted.v1"
    guardrail: Id
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return (f"guardrail:{self.guardrail}", LIST_TAG)

    @classmethod
    def example(cls) -> GuardrailLifted:
        return cls(guardrail="019a9b00-0000-7000-8000-000000000013", reason="settled")


class GuardrailFinding(Shape):
    """An entry that was found, how, how near (100 is exact), and where in the prompt. Never the name itself."""

    guardrail: Id
    method: Slug
    score: Annotated[int, Field(strict=True, ge=0, le=100)]
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None


class GuardrailScreened(Body):
    """The service looked at one prompt or one file for every entry that the log's first `as_of` entries put on the list."""

    TYPE: ClassVar[str] = "guardrail.screened.v1"
    generation: Id | None = None
    asset: Digest | None = None
    as_of: NonNegativeInt
    spec: Line
    prompt_sha256: Digest | None = None
    """Of a prompt in which nothing was found; one that names somebody is not even pointed at."""
    checked: Annotated[tuple[Look, ...], Field(max_length=2)]
    not_checked: Annotated[tuple[Look, ...], Field(max_length=2)] = ()
    findings: Annotated[tuple[GuardrailFinding, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.generation is None) == (self.asset is None):
            raise ValueError("a screening is of a generation's prompt or of a file: name exactly one")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"generation:{self.generation}" if self.generation else f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> GuardrailScreened:
        return cls.model_validate(
            {
                "generation": "019a9b00-0000-7000-8000-000000000003",
                "as_of": 12,
                "spec": "wordscreen/1",
                "prompt_sha256": "aa" * 32,
                "checked": ["words"],
                "not_checked": ["media"],
            }
        )


class MediaPlace(Shape):
    """Where in the file, and where in the reference media, the match begins; how the file is turned or how fast it runs."""

    media: Digest
    way: Way
    asset_ms: NonNegativeInt
    media_ms: NonNegativeInt
    transform: Slug = "plain"


class GuardrailMatched(Body):
    """A file that is here already falls under an entry: found by its prompt, or near the entry's reference media."""

    TYPE: ClassVar[str] = "guardrail.matched.v2"
    asset: Digest
    finding: GuardrailFinding
    spec: Line
    place: MediaPlace | None = None
    """None where there is none to name: a prompt, a face, the very bytes."""

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"guardrail:{self.finding.guardrail}")

    @classmethod
    def example(cls) -> GuardrailMatched:
        finding = {"guardrail": "019a9b00-0000-7000-8000-000000000013", "method": "media", "score": 92}
        place = {"media": "12" * 32, "way": "sound", "asset_ms": 3_000, "media_ms": 0, "transform": "speed-1030"}
        return cls.model_validate({"asset": "11" * 32, "finding": finding, "spec": "matches/5", "place": place})


class GuardrailSwept(Body):
    """The service looked through everything among the log's first `upto` entries for one entry, and said what matched."""

    TYPE: ClassVar[str] = "guardrail.swept.v1"
    guardrail: Id
    upto: NonNegativeInt
    spec: Line
    checked: Annotated[tuple[Look, ...], Field(max_length=2)]
    generations: NonNegativeInt
    assets: NonNegativeInt
    matched: NonNegativeInt

    def tags(self) -> tuple[str, ...]:
        return (f"guardrail:{self.guardrail}",)

    @classmethod
    def example(cls) -> GuardrailSwept:
        return cls(
            guardrail="019a9b00-0000-7000-8000-000000000013",
            upto=40,
            spec="wordscreen/1",
            checked=("words",),
            generations=3,
            assets=5,
            matched=1,
        )
