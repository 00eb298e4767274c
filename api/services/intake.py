"""Taking a file in: examine it in the sandbox, keep its bytes, say that it came and what it says of itself.

In this order, so that nothing unexamined is kept and a crash can be followed by the same call: a blob that no entry
names is harmless, an imported file without an examination is completed by importing it again. What is here and examined is
not examined again, so a folder that was imported half goes on where it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from api.services.comparing import compare_files
from api.services.looking import recorded
from api.services.services import Services
from ledger.blobs import read_chunks
from ledger.door import Receipt
from ledger.errors import Misuse, Refused, Unavailable
from ledger.media.evidence import evidence_of
from ledger.media.findings import Examination
from ledger.media.sandbox import Progress
from ledger.rules.lineage import arrival, examination
from schemas.statements.asset import AssetExamined, AssetImported, EvidenceGrade, FindingRecord


@dataclass(frozen=True)
class Origin:
    """Where a file is said to come from, and how well we know it."""

    grade: EvidenceGrade = "self_declared"
    generation: str | None = None
    provider_job: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Imported:
    """`existing`: these bytes were here before; nothing new was said, and `examination` is what was recorded then."""

    asset_sha256: str
    existing: bool
    examination: Examination
    entry_indices: tuple[int, ...]


def import_file(
    services: Services, path: Path, origin: Origin, *, actor: str, method: str, progress: Progress | None = None
) -> Imported:
    """Raises Misuse (`file_…`, `media_unsupported`), Refused, Forbidden, Unavailable."""
    if (here := _here(services, services.examiner.digest(path))) is not None:
        return here
    found = services.examiner.examine(path, progress=progress)
    require_media(found)
    if (here := _here(services, found.sha256)) is not None:  # somebody else brought it meanwhile
        return here
    known = arrival(services.ledger.history(), found.sha256)
    keep_file(services, path, found.sha256)
    came = known.index if known else _say_import(services, found, origin, actor, method).index
    said = say_examination(services, found)
    compare_files(services, [found.sha256])
    return Imported(found.sha256, known is not None, found, (came, said.index))


def _here(services: Services, sha256: str) -> Imported | None:
    """What is known of bytes that came and were examined, as it is recorded."""
    history = services.ledger.history()
    known, examined, found = arrival(history, sha256), examination(history, sha256), recorded(services, history, sha256)
    if known is None or examined is None or found is None:
        return None
    return Imported(sha256, True, found, (known.index, examined[0].index))


def require_media(found: Examination) -> None:
    """Refuses what no part of us can look at: it could never be checked, so it can never be cleared."""
    state = found.finding("probe").state
    if state == "unsupported" or (found.probe is None and state == "absent"):
        raise Misuse("media_unsupported", "no video, picture or sound could be read in this file", "Send a media file.")
    if state == "failed" or found.probe is None:
        raise Misuse(
            "media_unreadable", "the file looks like media but could not be read", "Check it and send it again."
        )


def keep_file(services: Services, path: Path, sha256: str) -> None:
    """Into the blobs, under the digest that was examined; a file that changed meanwhile is refused."""
    digest, _ = services.blobs.put_stream(read_chunks(path), bytes_max=services.upload_bytes_max)
    if digest != sha256:
        raise Misuse("file_changed", "the file changed while it was being examined", "Import it again.")


def say_examination(services: Services, found: Examination) -> Receipt:
    """`asset.examined.v1`; the whole examination, raw C2PA report, manifest store, features and descriptors as blobs."""
    for content in (found.c2pa.manifest_store, found.c2pa.raw_report, found.features, found.described):
        if content:
            services.blobs.put(content)
    for picture in evidence_of(found.apart).values():  # first: a finding never names a picture that isn't here
        services.blobs.put(picture)
    report = json.dumps(found.as_json(), sort_keys=True, separators=(",", ":")).encode()
    body = AssetExamined(
        asset=found.sha256,
        examination_sha256=services.blobs.put(report),
        essence_sha256=found.essence_sha256,
        c2pa_state=found.c2pa.state,
        c2pa_ingredients_state=found.c2pa.ingredients_state,
        manifest_sha256=found.c2pa.manifest_sha256,
        frames=len(found.fingerprints.frames) if found.fingerprints else 0,
        findings=tuple(FindingRecord.model_validate(finding.as_json()) for finding in found.findings),
    )
    return services.ledger.say(body)


def _say_import(services: Services, found: Examination, origin: Origin, actor: str, method: str) -> Receipt:
    if found.probe is None:
        raise Unavailable("examination_failed", "the file could not be examined", "Try again.")
    body = AssetImported(
        asset=found.sha256,
        size_bytes=found.size_bytes,
        media_type=found.probe.media_type,
        evidence_grade=origin.grade,
        generation=origin.generation,
        provider_job=origin.provider_job,
        title=origin.title,
    )
    try:
        return services.ledger.say(body, actor=actor, method=method)
    except Refused as refused:
        if refused.code == "asset_known" and refused.reasons[0].entry_index is not None:
            return services.ledger.receipt(refused.reasons[0].entry_index)  # two importers met; the first one stands
        raise
