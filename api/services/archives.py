"""Taking in the archive of a generator that is gone: its clips, each with what its provider's kept record says (SPEC S13.1).

A clip is three statements: it came, what it says of itself, and the record. Each is said once, whoever asks again; so a crash
anywhere is followed by the same call, which goes on where it stopped and says nothing twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from api.services.intake import Origin, import_file
from api.services.looking import recorded_c2pa
from api.services.services import Services
from ledger.errors import Conflict, NotFound, Refused
from ledger.generators.archive import ArchivedClip
from ledger.generators.port import Generator, ProviderRecord
from ledger.generators.sora import SoraLegacy
from ledger.history import History
from ledger.media.c2pa_report import C2paReport
from ledger.rules.grades import evidence, records
from ledger.rules.lineage import arrival, examination
from schemas.statements.asset import EvidenceGrade
from schemas.statements.provider import ProviderRecordImported

GENERATORS: dict[str, Generator] = {SoraLegacy.name: SoraLegacy()}
TRIES_MAX = 4  # a boundary that moves more often than this has somebody else importing the same file
Outcome = Literal["imported", "completed", "existing"]


@dataclass(frozen=True)
class Taken:
    """What became of one clip. `completed`: it was here, and its record or examination was not yet."""

    clip: ArchivedClip
    outcome: Outcome
    asset_sha256: str
    grade: EvidenceGrade
    c2pa: C2paReport
    entry_indices: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "asset_sha256": self.asset_sha256,
            "evidence_grade": self.grade,
            **planned_json(self.clip),
            "c2pa_state": self.c2pa.state,
            "c2pa_signing_state": self.c2pa.signing_state,
            "c2pa_signed_at": self.c2pa.signed_at,
            "entry_indices": list(self.entry_indices),
        }


def generator_named(name: str) -> Generator:
    """Raises NotFound `provider_unknown`."""
    if name not in GENERATORS:
        raise NotFound("provider_unknown", f"no provider is called {name}", f"Known: {', '.join(sorted(GENERATORS))}.")
    return GENERATORS[name]


def planned_json(clip: ArchivedClip) -> dict[str, Any]:
    """What is known of a clip without touching its bytes."""
    record, (day, by) = clip.job.record if clip.job else None, _downloaded(clip)
    return {
        "job": record.job if record else None,
        "model": record.model if record else None,
        "paired_by": clip.paired_by,
        "downloaded_on": day.isoformat() if day else None,
        "downloaded_by": by,
        "notes": clip.notes is not None,
        "problem": {"code": clip.problem[0], "why": clip.problem[1]} if clip.problem else None,
    }


def take_in(
    services: Services,
    clip: ArchivedClip,
    provider: Generator,
    *,
    actor: str,
    method: str,
    sealed_under: str | None = None,
) -> Taken:
    """Raises what `import_file` raises, and Refused from the rule about records.

    `sealed_under`: the pseudonym under which prompts are sealed; a name of the job's own when None.
    """
    if (problem := _against(clip, provider, sealed_under)) is not None:
        clip = replace(clip, job=None, paired_by=None, problem=problem)
    history, digest = services.ledger.history(), _digest(clip.path)
    known = arrival(history, digest) is not None
    indices: tuple[int, ...] = ()
    whole = known and examination(history, digest) is not None
    if not whole:
        job = clip.job.record.job if clip.job else None
        origin = Origin("provider_record" if job else "self_declared", provider_job=job, title=clip.path.name[:300])
        done = import_file(services, clip.path, origin, actor=actor, method=method)
        digest, indices = done.asset_sha256, done.entry_indices
    said = _say_record(services, clip, digest, provider, actor, method, sealed_under)
    outcome: Outcome = "imported" if not known else "existing" if whole and said is None else "completed"
    return _taken(services, clip, digest, outcome, indices if said is None else (*indices, said))


def _taken(
    services: Services, clip: ArchivedClip, asset: str, outcome: Outcome, entry_indices: tuple[int, ...]
) -> Taken:
    history = services.ledger.history()
    graded = evidence(history, asset)
    report = recorded_c2pa(services, history, asset) or C2paReport("not_checked", "not_checked")
    return Taken(clip, outcome, asset, graded.grade if graded else "self_declared", report, entry_indices)


def _against(clip: ArchivedClip, provider: Generator, sealed_under: str | None) -> tuple[str, str] | None:
    """A record that says what can't be is no evidence; the file comes in as somebody's own word then."""
    if clip.job is None:
        return clip.problem
    record, retired = clip.job.record, provider.retired_on
    if record.created_at is None:
        return "record_undated", "the record does not say when the job was made"
    try:
        created = _body(clip, record, "0" * 64, provider, sealed_under).created_at.date()
    except (ValueError, OverflowError, OSError):
        return "record_malformed", f"the record of job {record.job[:128]} holds values that no job has"
    if retired is not None and created > retired:
        return "record_after_retirement", f"the record is of {created}, and {provider.name} ended on {retired}"
    return clip.problem


def _say_record(
    services: Services,
    clip: ArchivedClip,
    asset: str,
    provider: Generator,
    actor: str,
    method: str,
    sealed_under: str | None,
) -> int | None:
    """The entry that now ties the record to the file; None when there is none to tie, or it was tied before."""
    if clip.job is None:
        return None
    body = _body(clip, clip.job.record, asset, provider, sealed_under)
    sealed = {"/body/record": clip.job.text} | ({"/body/notes": clip.notes} if clip.notes else {})
    for _ in range(TRIES_MAX):
        if _tied(services.ledger.history(), asset, provider.name, body.job):
            return None
        try:
            return services.ledger.say(body, actor=actor, method=method, sealed=sealed, subject=body.sealed_under).index
        except Conflict:
            continue
        except Refused as refused:
            if refused.code == "record_known":
                return None  # somebody else tied it meanwhile
            raise
    raise Conflict("boundary_moved", "somebody else is importing the same file", "Run it again.")


def _tied(history: History, asset: str, provider: str, job: str) -> bool:
    return any((body.provider, body.job) == (provider, job) for _, body in records(history, asset))


def _body(
    clip: ArchivedClip, record: ProviderRecord, asset: str, provider: Generator, sealed_under: str | None
) -> ProviderRecordImported:
    day, by = _downloaded(clip)
    own = f"job-{hashlib.sha256(f'{provider.name}:{record.job}'.encode()).hexdigest()[:24]}"
    expires = record.raw.get("expires_at")
    return ProviderRecordImported.model_validate(
        {
            "asset": asset,
            "provider": provider.name,
            "job": record.job,
            "status": record.status,
            "model": record.model,
            "seconds": record.seconds,
            "size": record.size,
            "created_at": _instant(record.created_at or 0),
            "completed_at": _instant(record.completed_at) if record.completed_at else None,
            "expires_at": _instant(expires) if isinstance(expires, int) else None,
            "remixed_from": record.remixed_from,
            "paired_by": clip.paired_by,
            "downloaded_on": day,
            "downloaded_by": by,
            "sealed_under": sealed_under or own,
        }
    )


def _downloaded(clip: ArchivedClip) -> tuple[date | None, Literal["note", "file_time"] | None]:
    """The day that a note says, else that of the file's own time, which says less."""
    if clip.downloaded_on is not None:
        return clip.downloaded_on, "note"
    try:
        return datetime.fromtimestamp(clip.path.stat().st_mtime, UTC).date(), "file_time"
    except OSError:
        return None, None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _digest(path: Path) -> str:
    """SHA-256 of a file; "" when it can't be read, which its import then explains."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
