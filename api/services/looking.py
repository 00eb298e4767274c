"""What is known of a file before anything is weighed: its digest, and a look into it only where no older look still holds.

For bytes that the ledger knows nothing is decoded, and the C2PA report of when they came in stands, as long as the same engine
under the same lists would say the same: none of these changed, and `stands_until` has not come. All else is looked at anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History
from ledger.media.beside import Beside
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import ALL, CHEAP, QUERY_VARIANTS, Examination
from ledger.rules.lineage import arrival, examination

_READ_MAX: Final = (
    64  # parsed examinations that are kept: some ten kilobytes each; one verification asks for its own thrice
)


@dataclass(frozen=True)
class Seen:
    """`found` is None where an older look still holds, and where bytes stay with the caller."""

    sha256: str
    found: Examination | None
    report: C2paReport | None

    @property
    def detached(self) -> bool:
        """A manifest store was shown, and no file."""
        return self.report is not None and self.report.detached


def known_already(services: Services, history: History, path: Path, at: datetime) -> Seen | None:
    """The answer that needs no look into the file; None when there is none. Raises what `Examiner.digest` raises."""
    sha256 = services.examiner.digest(path)
    if arrival(history, sha256) is None:
        return None
    report = recorded_c2pa(services, history, sha256)
    return Seen(sha256, None, report) if report is not None and still_says(services, history, report, at) else None


def look(services: Services, history: History, path: Path, at: datetime, beside: Beside | None = None) -> Seen:
    """A look into the file, in the fenced child: into its manifest if the bytes are known, else at everything."""
    known = arrival(history, services.examiner.digest(path)) is not None
    found = services.examiner.examine(
        path,
        extractors=CHEAP if known else ALL | {QUERY_VARIANTS},
        beside=beside,
        trust=services.trust_at(history),
        at=at,
    )
    return Seen(found.sha256, found, found.c2pa)


def recorded(services: Services, history: History, asset: str) -> Examination | None:
    """The newest examination of a file as it is kept; None where nobody looked, or the report is no longer here."""
    examined = examination(history, asset)
    if examined is None:
        return None
    try:
        return Examination.from_json(json.loads(services.blobs.get(examined[1].examination_sha256)))
    except NotFound:
        return None


def recorded_c2pa(services: Services, history: History, asset: str | None) -> C2paReport | None:
    """What was read when the file came in; None where nobody looked, or the report is no longer here."""
    kept = _kept(services, history, asset)
    return None if kept is None else _report(kept)


def recorded_json(services: Services, history: History, asset: str | None) -> dict[str, Any] | None:
    """The same as it is kept, with `raw_report_sha256`: the blob of the engine's own report."""
    kept = _kept(services, history, asset)
    return None if kept is None else _c2pa(kept)


def _kept(services: Services, history: History, asset: str | None) -> bytes | None:
    examined = examination(history, asset) if asset else None
    if examined is None:
        return None
    try:
        return services.blobs.get(examined[1].examination_sha256)
    except NotFound:
        return None


@lru_cache(_READ_MAX)
def _report(kept: bytes) -> C2paReport:
    """By the bytes, which are read and checked each time: a blob that is gone or altered is told."""
    return C2paReport.from_json(_c2pa(kept))


def _c2pa(kept: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kept)["c2pa"]
    return found


def still_says(services: Services, history: History, report: C2paReport, at: datetime) -> bool:
    """Whether the same look would say the same at that instant."""
    if report.state == "not_checked" or report.version != services.examiner.engine:
        return False
    if report.stands_until is not None and at >= datetime.fromisoformat(report.stands_until):
        return False
    return report.trust_sha256 == services.trust_at(history).sha256
