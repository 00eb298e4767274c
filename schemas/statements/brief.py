"""The motion brief: what the clip is for, how it may look, its three beats, and what is not negotiable."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from schemas.base import LIST_ITEMS_MAX, Body, Digest, Id, Line, PositiveInt, Shape, Slug, Text

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")


def _one_sentence(value: str) -> str:
    if len(_SENTENCE_END.findall(value.strip())) > 1:
        raise ValueError("a beat is one sentence")
    return value


Beat = Annotated[Line, AfterValidator(_one_sentence)]


class Format(Shape):
    """Duration in whole seconds and aspect ratio."""

    duration_s: Annotated[int, Field(strict=True, ge=1, le=600)]
    aspect: Literal["16:9", "9:16", "1:1", "4:5", "4:3", "21:9"]


class BriefRule(Shape):
    """A rule that reviewers and lints cite by its id."""

    id: Slug
    text: Line


class BriefDrafted(Body):
    """A version of a brief. Every version stays readable; approval names one."""

    TYPE: ClassVar[str] = "brief.drafted.v1"
    brief: Id
    version: PositiveInt
    title: Line
    objective: Text
    format: Format
    visual_rules: Annotated[tuple[BriefRule, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]
    narrative_beats: Annotated[tuple[Beat, Beat, Beat], Field(description="beginning, middle, end; one sentence each")]
    non_negotiables: Annotated[tuple[BriefRule, ...], Field(min_length=1, max_length=LIST_ITEMS_MAX)]

    def tags(self) -> tuple[str, ...]:
        return (f"brief:{self.brief}",)

    @classmethod
    def example(cls) -> BriefDrafted:
        return cls(
            brief="019a9b00-0000-7000-8000-000000000002",
            version=1,
            title="Morning in the café",
            objective="Show that the new cup keeps its heat, without saying so.",
            format=Format(duration_s=8, aspect="16:9"),
            visual_rules=(BriefRule(id="palette", text="Warm browns and cream; no blue cast."),),
            narrative_beats=("She comes in from the rain.", "She lifts the cup.", "The window clears."),
            non_negotiables=(BriefRule(id="logo", text="The logo stays whole and is never animated."),),
        )


class BriefApproved(Body):
    """Somebody other than the author approves one version, by the digest of the drafting statement's payload."""

    TYPE: ClassVar[str] = "brief.approved.v1"
    brief: Id
    version: PositiveInt
    draft_sha256: Digest

    def tags(self) -> tuple[str, ...]:
        return (f"brief:{self.brief}",)

    @classmethod
    def example(cls) -> BriefApproved:
        return cls(brief="019a9b00-0000-7000-8000-000000000002", version=1, draft_sha256="ab" * 32)
