"""facts.json of an evidence pack: what a court or a platform asks of a file, answered from the entries (SPEC S8.11).

Every row names the entry behind it. Nothing here is anybody's opinion: it can be computed again from the pack's entries.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.base import ActorId, Digest, Id, Instant, Line, NonNegativeInt, Shape, Slug, Territory
from schemas.facts_disputes import DisputeFact
from schemas.facts_matches import DocumentFact, MatchFact, WithheldFact
from schemas.statements.asset import EvidenceGrade, FindingState
from schemas.statements.placement import Label

FACTS_FORMAT: Final = "countersign.facts/3"
Index = NonNegativeInt
Word = Annotated[str, Field(max_length=200)]
Moment = Literal["generation", "publication", "now"]


class MarkFact(Shape):
    """What one extractor said of a file: a fingerprint, a mark, a manifest, or that it did not look."""

    extractor: Slug
    algorithm: Line
    version: Line
    state: FindingState


class FileFact(Shape):
    """One file of the family: how it came, and every signal apart from every other."""

    asset: Digest
    disputed: bool
    how: Word
    parents: tuple[Digest, ...] = ()
    size_bytes: NonNegativeInt
    media_type: Word
    grade: EvidenceGrade | None = None
    provider_job: Line | None = None
    arrived: Index
    examined: Index | None = None
    essence_sha256: Digest | None = None
    c2pa_state: Slug | None = None
    c2pa_ingredients_state: Slug | None = None
    manifest_sha256: Digest | None = None
    """The raw manifest store, a blob."""
    examination_sha256: Digest | None = None
    """The whole report, a blob: every finding with engine, trust list and clock."""
    marks: tuple[MarkFact, ...] = ()


class GenerationFact(Shape):
    """What was asked of a provider and what came of it. The prompt itself is in the entry."""

    generation: Id
    brief: Id
    brief_version: NonNegativeInt
    template: Word | None
    provider: Slug
    model: Slug
    model_snapshot: Line
    request_sha256: Digest
    """The signed statement with the prompt and every parameter."""
    references: tuple[Digest, ...]
    moderation: tuple[Word, ...]
    outcome: Word
    entries: tuple[Index, ...]


class StatusFact(Shape):
    """A consent at one moment of a file: as the log knew it then, and as it is known now."""

    consent: Id
    person: Slug
    asset: Digest
    moment: Moment
    at: Instant
    state: Slug
    state_known_now: Slug
    entry: Index | None = None
    """The generation or placement that makes the moment."""


class UsageFact(Shape):
    """A licence that a file of the family rests on, and what of its cap was used when the pack was made."""

    right: Id
    licence: Id
    licensor: Slug
    licensee: Slug
    state: Slug
    counted: Literal["placements", "assets", "impressions", "none"]
    used: NonNegativeInt = 0
    cap: NonNegativeInt | None = None
    entry: Index


class ApprovalFact(Shape):
    """One opinion at a gate, on exactly these bytes, by whom in which role."""

    asset: Digest
    gate: Word
    approved: bool
    actor: ActorId
    roles: tuple[Slug, ...]
    signed_by: Word
    at: Instant
    entry: Index


class PolicyFact(Shape):
    """A rule pack or trust list that applied from an instant on, by digest."""

    kind: Literal["rules", "trust-list"]
    name: Word
    sha256: Digest
    since: Instant
    entry: Index


class LabelSeen(Shape):
    at: Instant
    label: Label
    entry: Index


class LabelFact(Shape):
    """Where a file was shown, which label was meant and which one viewers saw."""

    placement: Id
    asset: Digest
    platform: Slug
    channel: Slug
    territory: Territory
    starts_at: Instant
    expected: Label | None
    shown: Label | None
    seen: tuple[LabelSeen, ...] = ()
    differs: bool
    ended_at: Instant | None = None
    outcome: Slug | None = None
    entry: Index


class ToldFact(Shape):
    """A notice about an end: to whom, when, what they answered."""

    notice: Id
    holder: ActorId
    issued_at: Instant
    due_at: Instant | None
    delivered_at: Instant | None = None
    acknowledged_at: Instant | None = None
    done: Slug | None = None
    overdue: bool = False
    entry: Index


class EndingFact(Shape):
    """Something that stopped holding, since when, and who was told of it."""

    kind: Literal["consent", "licence", "clearance"]
    subject: Id
    how: Slug
    at: Instant
    entry: Index
    told: tuple[ToldFact, ...] = ()


class CustodyFact(Shape):
    """Somebody or something had the file or its evidence in hands (ISO/IEC 27037)."""

    at: Instant
    event: Literal[
        "imported", "examined", "derived", "placed", "held", "released", "disclosed", "exported", "captured", "decided"
    ]
    asset: Digest | None = None
    handler: ActorId
    signed_by: Word
    what: Line
    grade: EvidenceGrade | None = None
    entry: Index


class CustodyGap(Shape):
    """A stretch or a question that the custody does not cover."""

    code: Slug
    asset: Digest
    detail: Line
    entry: Index | None = None


class RedactionFact(Shape):
    """A field that is not readable here: which, of whom, why, and who can open it."""

    entry: Index
    pointer: Word
    subject: Word
    state: Literal["withheld", "disclosed", "erased"]
    why: Line
    who: Line
    readers: tuple[ActorId, ...] = ()
    """To whom it was shown, as the log says."""


class PrivilegeFact(Shape):
    """An entry in whose making counsel took part: look before it is handed on. Nothing privileged is quoted here."""

    entry: Index
    type: Word
    actor: ActorId
    why: Line


class KeyFact(Shape):
    """A key, whose it is, from which entry to which, and how it ended."""

    keyid: Digest
    actor: ActorId
    kind: Literal["key", "passkey"]
    since: Index
    since_at: Instant
    until: Index | None = None
    until_at: Instant | None = None
    ended: Word | None = None


class LogKeysFact(Shape):
    """The log's own keys from an entry on: their names, and why they were turned."""

    since: Index
    since_at: Instant
    names: tuple[Word, ...]
    reason: Word | None = None


class PackFacts(Shape):
    """facts.json."""

    format: Literal["countersign.facts/3"] = FACTS_FORMAT
    """Another way of telling, or of certifying, is another version: packs of an older one stay as they are."""
    assets: tuple[Digest, ...]
    as_of: Instant
    files: tuple[FileFact, ...]
    generations: tuple[GenerationFact, ...]
    status: tuple[StatusFact, ...]
    usage: tuple[UsageFact, ...]
    policies: tuple[PolicyFact, ...]
    approvals: tuple[ApprovalFact, ...]
    matches: tuple[MatchFact, ...]
    documents: tuple[DocumentFact, ...]
    labels: tuple[LabelFact, ...]
    endings: tuple[EndingFact, ...]
    disputes: tuple[DisputeFact, ...]
    custody: tuple[CustodyFact, ...]
    custody_gaps: tuple[CustodyGap, ...]
    redactions: tuple[RedactionFact, ...]
    privilege: tuple[PrivilegeFact, ...]
    privilege_log: tuple[WithheldFact, ...]
    keys: tuple[KeyFact, ...]
    log_keys: tuple[LogKeysFact, ...]
