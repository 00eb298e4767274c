"""Files: taken in, examined, signed, searched for, and everything the ledger says of one."""

from __future__ import annotations

from schemas.api.opinions import OpinionAnswer
from schemas.api.problems import example
from schemas.base import Digest, Shape
from schemas.statements.asset import EvidenceGrade, FindingRecord

_DIGEST, _SIGNED = "11" * 32, "55" * 32
_CONSENT = "019a9b00-0000-7000-8000-000000000001"
_FINDING = {"extractor": "pdq", "algorithm": "pdq256@512px", "version": "0.2.8", "state": "found", "detail": {}}


class ImportAnswer(Shape):
    """A file that is now in the ledger. `existing`: the same bytes were here before and nothing new was said."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "existing": False,
            "entry_indices": [20, 21],
            "c2pa_state": "absent",
            "c2pa_ingredients_state": "none",
            "findings": [_FINDING],
            "not_checked": ["faces"],
        }
    )

    asset_sha256: Digest
    existing: bool
    entry_indices: tuple[int, ...]
    c2pa_state: str
    c2pa_ingredients_state: str
    findings: tuple[FindingRecord, ...]
    not_checked: tuple[str, ...]


class ProgressAnswer(Shape):
    """How far the examination of a file is, in ms of its duration; `total_ms` is 0 where the file does not say."""

    model_config = example({"asset_sha256": _DIGEST, "done_ms": 61_500, "total_ms": 600_000})

    asset_sha256: Digest
    done_ms: int
    total_ms: int


class SignedAnswer(Shape):
    """The signed twin: a new file, derived from `parent`, and what its manifest reads back as."""

    model_config = example(
        {"asset_sha256": _SIGNED, "parent": _DIGEST, "entry_indices": [22, 23], "c2pa_state": "trusted"}
    )

    asset_sha256: Digest
    parent: Digest
    entry_indices: tuple[int, ...]
    c2pa_state: str


class ArrivalShape(Shape):
    """How the file entered the ledger: imported, or derived from others."""

    entry_index: int
    at: str
    actor: str
    type: str
    title: str | None
    media_type: str
    size_bytes: int
    evidence_grade: str | None
    generation: str | None
    relation: str | None
    parents: tuple[str, ...]


class RecordShape(Shape):
    """A kept job record of the provider's. That it is about this file is the importer's word; prompts in it are sealed."""

    entry_index: int
    provider: str
    job: str
    model: str
    created_at: str
    paired_by: str
    downloaded_on: str | None
    downloaded_by: str | None
    sealed_under: str


class EvidenceShape(Shape):
    """How the file's origin is known, best word first: `gateway_captured`, `provider_record`, `self_declared`."""

    grade: EvidenceGrade
    entry_index: int
    records: tuple[RecordShape, ...]


class ExaminationShape(Shape):
    """What the file says of itself. A finding `not_checked` means that nothing looked; it is never a clean bill."""

    entry_index: int
    at: str
    c2pa_state: str
    c2pa_ingredients_state: str
    c2pa_signing_state: str
    """Under the trust lists that counted when it was signed; `not_checked` where no trusted time stamp says when."""
    c2pa_signed_at: str | None
    c2pa_issuer: str | None
    c2pa_engine: str | None
    c2pa_trust_sha256: str | None
    """Of the anchors and lists that were used, and by which engine, at `c2pa_checked_at`."""
    c2pa_checked_at: str | None
    c2pa_report_sha256: str | None
    """Blob: the engine's own report, as it came."""
    manifest_sha256: str | None
    essence_sha256: str | None
    frames: int
    findings: tuple[FindingRecord, ...]


class ReviewShape(Shape):
    """An answer at a gate, for exactly these bytes."""

    entry_index: int
    at: str
    gate: str
    actor: str
    approved: bool
    comment: str


class FlagShape(Shape):
    """The file hangs on something that ended."""

    entry_index: int
    at: str
    cause: str
    consent: str | None
    detail: str


class ClearanceSummary(Shape):
    """One verdict about this file and what became of it. `standing`: issued, refused or revoked, at the time asked."""

    clearance: str
    entry_index: int
    standing: str
    in_force: bool
    use: str
    channel: str
    territory: str
    valid_from: str
    valid_until: str
    revoked_by: int | None


class AssetAnswer(Shape):
    """Everything about one file at an instant. `not_checked` lists what nobody looked at."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "at": "2026-10-05T00:00:00.000000Z",
            "arrival": {
                "entry_index": 20,
                "at": "2026-10-02T10:00:00.000001Z",
                "actor": "mara",
                "type": "asset.imported.v1",
                "title": "clip.mp4",
                "media_type": "video/mp4",
                "size_bytes": 688526,
                "evidence_grade": "self_declared",
                "generation": "019a9b00-0000-7000-8000-000000000003",
                "relation": None,
                "parents": [],
            },
            "evidence": {"grade": "self_declared", "entry_index": 20, "records": []},
            "examination": None,
            "opinions": [],
            "reviews": [],
            "clearances": [],
            "flags": [],
            "ancestors": [],
            "descendants": [_SIGNED],
            "not_checked": ["examination"],
            "reviewable": False,
        }
    )

    asset_sha256: Digest
    at: str
    arrival: ArrivalShape
    evidence: EvidenceShape | None
    examination: ExaminationShape | None
    opinions: tuple[OpinionAnswer, ...]
    """What others say of it, beside our own findings: every source that this version knows, asked or not."""
    reviews: tuple[ReviewShape, ...]
    clearances: tuple[ClearanceSummary, ...]
    flags: tuple[FlagShape, ...]
    ancestors: tuple[str, ...]
    descendants: tuple[str, ...]
    not_checked: tuple[str, ...]
    reviewable: bool
    """Whether its provenance was looked at: nobody reviews what was not."""


class TrailRowShape(Shape):
    """One statement and a sentence about it. `occurred_at` is the actor's word, `recorded_at` the log's."""

    entry_index: int
    recorded_at: str
    occurred_at: str
    type: str
    actor: str
    sentence: str


class TrailAnswer(Shape):
    """All that the log says on a file and on what it rests on, oldest first; `next_after` asks for the next page."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "rows": [
                {
                    "entry_index": 20,
                    "recorded_at": "2026-10-02T10:00:00.000001Z",
                    "occurred_at": "2026-10-02T10:00:00.000000Z",
                    "type": "asset.imported.v1",
                    "actor": "mara",
                    "sentence": "mara brought in file 111111111111… (video/mp4, 688526 bytes; self declared)",
                }
            ],
            "next_after": None,
        }
    )

    asset_sha256: Digest
    rows: tuple[TrailRowShape, ...]
    next_after: int | None


class EdgeShape(Shape):
    """`child` was made from `parent`, as entry `entry_index` says."""

    child: Digest
    parent: Digest
    relation: str
    entry_index: int


class OriginShape(Shape):
    """A generation in the family: its brief and the people in it, each with the consent."""

    generation: str
    brief: str
    brief_version: int
    entry_index: int
    cameos: tuple[tuple[str, str], ...]


class LineageAnswer(Shape):
    """The file's line: ancestors oldest first, itself, descendants; how each was made; the generations behind them."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "family": [_DIGEST, _SIGNED],
            "edges": [{"child": _SIGNED, "parent": _DIGEST, "relation": "signed", "entry_index": 22}],
            "origins": [
                {
                    "generation": "019a9b00-0000-7000-8000-000000000003",
                    "brief": "019a9b00-0000-7000-8000-000000000002",
                    "brief_version": 1,
                    "entry_index": 18,
                    "cameos": [["p-7f3a", _CONSENT]],
                }
            ],
        }
    )

    asset_sha256: Digest
    family: tuple[str, ...]
    edges: tuple[EdgeShape, ...]
    origins: tuple[OriginShape, ...]
