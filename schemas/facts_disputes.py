"""The rows of facts.json that tell of disputes (SPEC S8.11, S17)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Digest, Id, Instant, Line, NonNegativeInt, Shape, Slug
from schemas.statements.dispute import MatchPlace

Index = NonNegativeInt
Word = Annotated[str, Field(max_length=200)]


class SightingFact(Shape):
    """A copy that was seen: where, when, what was captured of it, of which file it is and how that is known."""

    sighting: Id
    asset: Digest
    platform: Slug
    seen_at: Instant
    capture: Slug
    captured_sha256: Digest
    matched_by: Slug
    match: Line
    place: MatchPlace | None = None
    entry: Index


class ClockFact(Shape):
    """A statutory clock of a notice, as it stood at the pack's instant."""

    notice: Id
    event: Slug
    rule: Word
    received_at: Instant
    due_at: Instant
    state: Literal["running", "met", "missed"]
    done: Slug | None = None
    done_at: Instant | None = None
    entry: Index


class DisputeFact(Shape):
    """A dispute about a file of the family. `held`: it is a legal hold."""

    dispute: Id
    kind: Slug
    matter: Slug
    claim: Line
    parties: tuple[Word, ...]
    assets: tuple[Digest, ...]
    state: Slug
    held: bool
    sightings: tuple[SightingFact, ...]
    notices: tuple[Index, ...]
    clocks: tuple[ClockFact, ...]
    outcome: Slug | None = None
    reason: Line | None = None
    entry: Index
