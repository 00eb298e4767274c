"""The rows of facts.json that tell of matches, of documents, and of what counsel claims privilege over (SPEC S8.11)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import ActorId, Digest, Id, Instant, Line, NonNegativeInt, Shape, Slug
from schemas.statements.match import MatchDecision
from schemas.statements.privilege import PrivilegeBasis

Index = NonNegativeInt
Word = Annotated[str, Field(max_length=200)]


class MatchFact(Shape):
    """A file is near a reference, by the newest word on the two in one way: where, how the frames were turned, how near, by
    whose look."""

    match: Id
    asset: Digest
    reference: Id
    kind: Slug
    media: Digest | None = None
    """The reference's; None for a picture of a person, of which the log knows not even the digest."""
    withdrawn: bool = False
    decision: MatchDecision
    transform: Slug
    distance_median: NonNegativeInt
    frames_matched: NonNegativeInt
    frames_compared: NonNegativeInt
    by_sound: Literal[True] | None = None
    """It was compared by its sound: frames are sub-fingerprints then, and what was looked through are sounds."""
    asset_ms: NonNegativeInt
    reference_ms: NonNegativeInt
    geometry: Slug
    false_per_billion: NonNegativeInt
    index_codes: NonNegativeInt
    verdict: Slug | None = None
    reviewer: ActorId | None = None
    reviewed: Index | None = None
    entry: Index


class WithheldFact(Shape):
    """A row of the privilege log: what counsel claims privilege over, on which basis; until entry `waived`, if there is one."""

    privilege: Id
    document_sha256: Digest | None = None
    statement: Id | None = None
    pointer: Word | None = None
    kind: Slug
    written_at: Instant
    author: Slug
    recipients: tuple[Slug, ...]
    basis: PrivilegeBasis
    description: Line
    claimed_by: ActorId
    entry: Index
    waived: Index | None = None


class DocumentFact(Shape):
    """A paper or a file behind a statement, by digest: the pack brings it as a blob or says why not."""

    what: Literal["notice-shown", "signed-paper", "authority", "right", "licence", "notice-received", "trust-list"]
    sha256: Digest
    of: Word
    """The consent, person, right, licence, dispute or list that it is about."""
    detail: Line | None = None
    entry: Index
