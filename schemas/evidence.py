"""The evidence pack's list of contents, pack.json: what is claimed, and what shows it (SPEC S8.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import ActorId, Digest, Id, Instant, Line, NonNegativeInt, PositiveInt, Shape, Slug
from schemas.statements.clearance import Question, Weighed
from schemas.statements.evidence import PACK_ASSETS_MAX

PACK_ENTRIES_MAX = 10_000  # as many as one asset's family may have files
PACK_FRAMES_MAX = 2_000  # sides of matches; how many are shown is bounded more tightly
CLAIMS_MAX = 2_000  # a file that was cleared more often than this has its history in the log, not in one pack


class PackSubject(Shape):
    """What the pack is about: files, by SHA-256, rising; and the dispute that they are in, if the pack is made for one."""

    asset: Digest | None = None
    """Of format 1: one file."""
    assets: Annotated[tuple[Digest, ...], Field(max_length=PACK_ASSETS_MAX)] | None = None
    dispute: Id | None = None

    @property
    def files(self) -> tuple[str, ...]:
        return self.assets or ((self.asset,) if self.asset else ())


class PackKnown(Shape):
    """The pack tells what was known at `at`: the log's first `size` entries, whose tree has this root."""

    at: Instant
    size: PositiveInt
    root: Digest


class ConsentAt(Shape):
    """One consent's state at the instant of a claim; `given` is the only state that lets anything happen."""

    consent: Id
    person: Slug
    state: Slug


class PackClaim(Shape):
    """One thing that the entries show, at one instant. It can be computed again from the entries alone."""

    kind: Literal["generation", "clearance", "now"]
    at: Instant
    verdict: Literal["allow", "deny"]
    sentence: Line
    asset: Digest
    question: Question | None = None
    weighed: Annotated[tuple[Weighed, ...], Field(max_length=220)] = ()
    consents: Annotated[tuple[ConsentAt, ...], Field(max_length=400)] = ()
    entries: Annotated[tuple[NonNegativeInt, ...], Field(max_length=64)] = ()


class PackEntry(Shape):
    """An entry in the pack and the reason why it is in it."""

    index: NonNegativeInt
    type: Annotated[str, Field(max_length=80)]
    why: Line


class PackOmission(Shape):
    """Bytes that an entry names and the pack does not hold."""

    sha256: Digest
    why: Line


class PackGap(Shape):
    """Something that this pack does not show, said plainly."""

    code: Slug
    detail: Line
    entry: NonNegativeInt | None = None


class PackIndex(Shape):
    """The entry that names the root of the log's tag index, and the size of which it speaks."""

    entry: PositiveInt
    size: PositiveInt


class PackComplete(Shape):
    """A tag of which the pack holds all entries of these topics (the types' first words); no topic: of every type."""

    tag: Annotated[str, Field(max_length=200)]
    topics: Annotated[tuple[str, ...], Field(max_length=64)]


class PackFrame(Shape):
    """One side of a match that entry `entry` records: the frame at `at_ms` of those bytes, or why it is not here."""

    entry: NonNegativeInt
    side: Literal["file", "reference", "copy"]
    media: Digest | None = None
    at_ms: NonNegativeInt
    sha256: Digest | None = None
    """Of the JPEG, which is the member frames/<sha256>.jpg."""
    why: Line | None = None


class PackManifest(Shape):
    """pack.json."""

    format: Literal["countersign.evidence/1", "countersign.evidence/2"] = "countersign.evidence/2"
    origin: Line
    made_at: Instant
    rules: Slug
    """Version of the rules behind `claims` and `gaps`."""
    size: PositiveInt
    subject: PackSubject
    claims: Annotated[tuple[PackClaim, ...], Field(max_length=CLAIMS_MAX)]
    entries: Annotated[tuple[PackEntry, ...], Field(min_length=1, max_length=PACK_ENTRIES_MAX)]
    omitted: tuple[PackOmission, ...]
    gaps: tuple[PackGap, ...]
    members: dict[str, Digest]
    index: PackIndex | None = None
    complete: tuple[PackComplete, ...] | None = None
    """Both since format 2."""
    known: PackKnown | None = None
    reader: ActorId | None = None
    """To whom fields are shown in disclosures/."""
    frames: Annotated[tuple[PackFrame, ...], Field(max_length=PACK_FRAMES_MAX)] | None = None
    """Of matches, two sides each, in their order; None where the log records no match."""

    @property
    def bounded(self) -> bool:
        """Whether it holds what witnesses or time-stamping authorities saw of the log."""
        return any(name.startswith(("witnessed/", "stamps/")) for name in self.members)

    @property
    def has_pdf(self) -> bool:
        return "report.pdf" in self.members

    @property
    def told(self) -> tuple[int, datetime]:
        """Of which beginning of the log the claims are, and at which instant."""
        return (self.known.size, self.known.at) if self.known else (self.horizon, self.made_at)

    @property
    def horizon(self) -> int:
        """Up to which size of the log the pack speaks: its claims are of the entries before."""
        return self.index.size if self.index else self.size
