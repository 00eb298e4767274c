"""Faces of a file: seen, held against who is enrolled, looked at by a person. What is measured is sealed (ADR 031).

A stranger has no name in here: a face that matches nobody enrolled is a number in one file, and stays one.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Instant, Line, NonNegativeInt, PositiveInt, Sealed, Shape, Slug
from schemas.statements.likeness import EXAMPLE_ENGINE, Engine, Packed

FACES_MAX = 50  # faces of one file; more are a crowd, and a person's work
Judged = Literal["consented", "unconsented", "unmatched", "drawn"]


class FaceSeen(Shape):
    """One face of a file: when it is there, in how many of the frames looked at, and where in its clearest frame (px)."""

    first_ms: NonNegativeInt
    last_ms: NonNegativeInt
    frames: PositiveInt
    best_ms: NonNegativeInt
    box: tuple[NonNegativeInt, NonNegativeInt, PositiveInt, PositiveInt]
    """x, y, width, height."""
    frame_px: tuple[PositiveInt, PositiveInt]
    quality_permille: NonNegativeInt


class LikenessScanned(Body):
    """The service looked for faces in a file. What it measured of them is sealed under a key of this scan's own."""

    TYPE: ClassVar[str] = "likeness.scanned.v1"
    scan: Id
    asset: Digest
    state: Literal["found", "absent", "unsupported", "failed"]
    engine: Engine | None = None
    frames: NonNegativeInt = 0
    until_ms: NonNegativeInt = 0
    ended_early: Slug | None = None
    """Why it did not get to the end, or failed."""
    small: NonNegativeInt = 0
    """Sightings too small to compare."""
    glimpses: NonNegativeInt = 0
    """Faces in one frame of a clip only."""
    faces: Annotated[tuple[FaceSeen, ...], Field(max_length=FACES_MAX)] = ()
    """Face 1 is the first of them."""
    keep_until: Instant | None = None
    """Exclusive. Embeddings are destroyed then; the file can be scanned again for as long as it is kept."""
    embeddings: Sealed[Annotated[tuple[Packed, ...], Field(max_length=FACES_MAX)]]

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> LikenessScanned:
        seen = {"first_ms": 500, "last_ms": 3500, "frames": 7, "best_ms": 2000, "box": (210, 80, 90, 121)}
        return cls.model_validate(
            {
                "scan": "019a9b00-0000-7000-8000-000000000023",
                "asset": "11" * 32,
                "state": "found",
                "engine": EXAMPLE_ENGINE,
                "frames": 16,
                "until_ms": 7500,
                "faces": (seen | {"frame_px": (512, 288), "quality_permille": 931},),
                "keep_until": "2027-02-24T00:00:00Z",
            }
        )

    @classmethod
    def example_sealed(cls) -> dict[str, Any]:
        return {"/body/embeddings": ["AACAPwAAAEA="]}


class FaceFinding(Shape):
    """What one face is, as far as anybody may know: one of four findings, and a pseudonym only for somebody enrolled."""

    face: PositiveInt
    finding: Judged
    person: Slug | None = None
    enrolment: Id | None = None
    distance_permille: NonNegativeInt | None = None
    consent: Id | None = None


class LikenessJudged(Body):
    """Each face of a scanned file, held against everybody enrolled and against the consents for the file's brief."""

    TYPE: ClassVar[str] = "likeness.judged.v1"
    asset: Digest
    scan: Id
    as_of: NonNegativeInt
    """Of the log's first so many entries."""
    spec: Line
    threshold_permille: PositiveInt
    cause: Literal["scan", "enrolment", "permission-ended", "consent-changed", "review"]
    findings: Annotated[tuple[FaceFinding, ...], Field(max_length=FACES_MAX)]

    def tags(self) -> tuple[str, ...]:
        people = dict.fromkeys(f"person:{one.person}" for one in self.findings if one.person is not None)
        return (f"asset:{self.asset}", *people)

    @classmethod
    def example(cls) -> LikenessJudged:
        found = {"person": "p-7f3a", "enrolment": "019a9b00-0000-7000-8000-000000000022", "distance_permille": 361}
        return cls.model_validate(
            {
                "asset": "11" * 32,
                "scan": "019a9b00-0000-7000-8000-000000000023",
                "as_of": 61,
                "spec": "nearest-reference/1",
                "threshold_permille": 550,
                "cause": "scan",
                "findings": ({"face": 1, "finding": "unconsented", **found}, {"face": 2, "finding": "unmatched"}),
            }
        )


class LikenessReviewed(Body):
    """A person looked at one face of a scanned file and says what it is. Names nobody."""

    TYPE: ClassVar[str] = "likeness.reviewed.v1"
    asset: Digest
    scan: Id
    face: PositiveInt
    verdict: Literal["drawn", "not-a-face", "released", "off-list"]
    """`released`: the house holds a release of whoever it is. `off-list`: nobody allowed it."""
    release_sha256: Digest | None = None
    reason: Line

    @model_validator(mode="after")
    def _a_release_is_a_document(self) -> Self:
        if (self.verdict == "released") != (self.release_sha256 is not None):
            raise ValueError("exactly a released face comes with the digest of the release")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> LikenessReviewed:
        return cls(
            asset="11" * 32,
            scan="019a9b00-0000-7000-8000-000000000023",
            face=2,
            verdict="drawn",
            reason="a poster in the background",
        )


class LikenessSwept(Body):
    """Every scanned file among the log's first `upto` entries was compared with a new enrolment, and what changed was said."""

    TYPE: ClassVar[str] = "likeness.swept.v1"
    enrolment: Id
    upto: NonNegativeInt
    spec: Line
    assets: NonNegativeInt
    matched: NonNegativeInt
    not_compared: NonNegativeInt
    """Files whose embeddings are gone and which could not be scanned again."""

    def tags(self) -> tuple[str, ...]:
        return (f"enrolment:{self.enrolment}",)

    @classmethod
    def example(cls) -> LikenessSwept:
        return cls(
            enrolment="019a9b00-0000-7000-8000-000000000022",
            upto=64,
            spec="nearest-reference/1",
            assets=12,
            matched=1,
            not_compared=0,
        )
