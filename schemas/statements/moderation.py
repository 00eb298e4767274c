"""What a provider's filter and what the house's own check said of a generation. Both are kept; the stricter word counts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Body, Digest, Id, Line, Slug


class GenerationModerated(Body):
    """Somebody's filter looked at a generation. A provider's `ok` never allows anything: it only does not forbid."""

    TYPE: ClassVar[str] = "generation.moderated.v1"
    generation: Id
    by: Literal["provider", "house"]
    source: Slug
    """Whose filter: a provider's name, or the name of one of our checks."""
    version: Line
    outcome: Literal["ok", "flagged", "blocked", "not_checked"]
    categories: Annotated[tuple[Slug, ...], Field(max_length=50)] = ()
    report_sha256: Digest | None = None

    def tags(self) -> tuple[str, ...]:
        return (f"generation:{self.generation}",)

    @classmethod
    def example(cls) -> GenerationModerated:
        return cls(
            generation="019a9b00-0000-7000-8000-000000000003",
            by="provider",
            source="sora-legacy",
            version="2025-12-08",
            outcome="ok",
        )
