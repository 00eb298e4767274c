"""A generation: asked for under a brief and consents, and what came of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.base import LIST_ITEMS_MAX, PROMPT_CHARS_MAX, Body, Digest, Id, Line, PositiveInt, Shape, Slug

ParameterValue = str | int | bool
"""Whole numbers and text only: canonical JSON without floats (write 7.5 as "7.5")."""


class Template(Shape):
    """The prompt template that was filled, and its version."""

    name: Slug
    version: PositiveInt


class Cameo(Shape):
    """A person in the clip and the consent that lets them be there."""

    person: Slug
    consent: Id


class Reference(Shape):
    """An input picture, sound or sketch: by digest, with the basis on which it may be used."""

    sha256: Digest
    kind: Slug
    rights_basis: Line


class GenerationRequested(Body):
    """What a provider was, or is to be, asked for."""

    TYPE: ClassVar[str] = "generation.requested.v1"
    generation: Id
    brief: Id
    brief_version: PositiveInt
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=PROMPT_CHARS_MAX)]
    template: Template | None = None
    provider: Slug
    model: Slug
    model_snapshot: Line
    parameters: Annotated[dict[Slug, ParameterValue], Field(max_length=LIST_ITEMS_MAX)] = Field(default_factory=dict)
    cameos: Annotated[tuple[Cameo, ...], Field(max_length=20)] = ()
    references: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()

    def tags(self) -> tuple[str, ...]:
        consents = tuple(f"consent:{cameo.consent}" for cameo in self.cameos)
        return (f"generation:{self.generation}", f"brief:{self.brief}", *dict.fromkeys(consents))

    @classmethod
    def example(cls) -> GenerationRequested:
        return cls(
            generation="019a9b00-0000-7000-8000-000000000003",
            brief="019a9b00-0000-7000-8000-000000000002",
            brief_version=1,
            prompt="A woman comes in from the rain, sits down by the window and lifts a warm cup. Static camera.",
            template=Template(name="cafe-hero", version=3),
            provider="sora-legacy",
            model="sora-2",
            model_snapshot="sora-2-2025-12-08",
            parameters={"seconds": 8, "size": "1280x720"},
            cameos=(Cameo(person="p-7f3a", consent="019a9b00-0000-7000-8000-000000000001"),),
            references=(Reference(sha256="cd" * 32, kind="sketch", rights_basis="drawn in house"),),
        )


class GenerationFailed(Body):
    """The provider gave nothing, refused, or had retired. Failed jobs stay visible."""

    TYPE: ClassVar[str] = "generation.failed.v1"
    generation: Id
    code: Slug
    detail: Line

    def tags(self) -> tuple[str, ...]:
        return (f"generation:{self.generation}",)

    @classmethod
    def example(cls) -> GenerationFailed:
        return cls(
            generation="019a9b00-0000-7000-8000-000000000003",
            code="provider_retired",
            detail="Sora was shut down on 2026-09-24.",
        )
