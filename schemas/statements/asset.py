"""An asset is a file, named by its SHA-256: imported, examined, derived, flagged. New bytes are a new asset."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, PositiveInt, Shape, Slug
from schemas.statements.basis import OnBasis

EvidenceGrade = Literal["gateway_captured", "provider_record", "self_declared"]
"""How we know where a file came from: we fetched it; a provider's record says so; somebody says so."""
FindingState = Literal["found", "absent", "not_checked", "unsupported", "failed"]
Relation = Literal["signed", "transcoded", "edited", "composited", "recovered"]


class AssetImported(Body):
    """A file enters the ledger, as the result of a generation or from outside."""

    TYPE: ClassVar[str] = "asset.imported.v1"
    asset: Digest
    size_bytes: PositiveInt
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=80)]
    evidence_grade: EvidenceGrade
    generation: Id | None = None
    provider_job: Line | None = None
    title: Line | None = None

    def tags(self) -> tuple[str, ...]:
        generation = (f"generation:{self.generation}",) if self.generation else ()
        return (f"asset:{self.asset}", *generation)

    @classmethod
    def example(cls) -> AssetImported:
        return cls(
            asset="11" * 32,
            size_bytes=688_526,
            media_type="video/mp4",
            evidence_grade="self_declared",
            generation="019a9b00-0000-7000-8000-000000000003",
            title="clip.mp4",
        )


class FindingRecord(Shape):
    """One extractor's word on a file: what looked, in which version, and what it saw or that it did not look."""

    extractor: Slug
    algorithm: Line
    version: Line
    state: FindingState
    detail: dict[str, Any] = Field(default_factory=dict)


class AssetExamined(Body):
    """What the file says of itself. The whole report is a blob; findings stand in the entry."""

    TYPE: ClassVar[str] = "asset.examined.v1"
    asset: Digest
    examination_sha256: Digest
    """Blob: the full examination as JSON, frame fingerprints included."""
    essence_sha256: Digest | None = None
    """SHA-256 over the coded picture and sound without the container: equal for a file and its signed twin."""
    c2pa_state: Slug
    c2pa_ingredients_state: Slug
    manifest_sha256: Digest | None = None
    """Blob: the raw C2PA manifest store, kept unless it is over 4 MiB."""
    frames: NonNegativeInt = 0
    findings: Annotated[tuple[FindingRecord, ...], Field(min_length=1, max_length=40)]

    def tags(self) -> tuple[str, ...]:
        manifest = (f"manifest:{self.manifest_sha256}",) if self.manifest_sha256 else ()
        return (f"asset:{self.asset}", *manifest)

    @classmethod
    def example(cls) -> AssetExamined:
        return cls(
            asset="11" * 32,
            examination_sha256="22" * 32,
            essence_sha256="33" * 32,
            c2pa_state="expired",
            c2pa_ingredients_state="none",
            manifest_sha256="44" * 32,
            frames=20,
            findings=(
                FindingRecord(extractor="pdq", algorithm="pdq256@512px", version="0.2.8", state="found"),
                FindingRecord(extractor="faces", algorithm="none", version="0", state="not_checked"),
            ),
        )


class AssetDerived(Body):
    """A new file made from others. `signed` means: same essence, a C2PA manifest added by us."""

    TYPE: ClassVar[str] = "asset.derived.v1"
    asset: Digest
    parents: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=20)]
    relation: Relation
    size_bytes: PositiveInt
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=80)]
    tool: Line
    manifest_sha256: Digest | None = None

    def tags(self) -> tuple[str, ...]:
        manifest = (f"manifest:{self.manifest_sha256}",) if self.manifest_sha256 else ()
        return (f"asset:{self.asset}", *(f"asset:{parent}" for parent in self.parents), *manifest)

    @classmethod
    def example(cls) -> AssetDerived:
        return cls(
            asset="55" * 32,
            parents=("11" * 32,),
            relation="signed",
            size_bytes=702_001,
            media_type="video/mp4",
            tool="countersign c2pa signer",
            manifest_sha256="66" * 32,
        )


class ManifestIssued(Body):
    """A C2PA manifest store was issued for these very bytes, to be kept beside them. What is signed into a file is told by its
    `asset.derived.v1`; a manifest of ours that neither tells of was issued behind the log's back."""

    TYPE: ClassVar[str] = "asset.manifest-issued.v1"
    asset: Digest
    manifest_sha256: Digest
    """Blob: the manifest store, as it was handed out."""
    certificate_sha256: Digest
    """Of the certificate (DER) that signed it."""

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"manifest:{self.manifest_sha256}")

    @classmethod
    def example(cls) -> ManifestIssued:
        return cls(asset="11" * 32, manifest_sha256="66" * 32, certificate_sha256="77" * 32)


class AssetFlagged(OnBasis):
    """The asset hangs on something that ended; every holder should look again."""

    TYPE: ClassVar[str] = "asset.flagged.v2"
    asset: Digest
    cause: Literal["consent-ended", "licence-ended", "contract-changed", "right-ended", "rejected", "dispute"]
    detail: Line

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", *self.basis_tags())

    @classmethod
    def example(cls) -> AssetFlagged:
        return cls(
            asset="55" * 32,
            cause="licence-ended",
            licence="019a9b00-0000-7000-8000-000000000012",
            detail="the licence was terminated on 2026-11-02",
        )
