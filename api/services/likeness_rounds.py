"""The work that new words about faces make: destroy what ended, compare who was enrolled, judge anew what may have changed.

The view says what is to be done and the rules whether it still is, so any number of processes may run this, a crash leaves
only work, and what was said once is not said again. Progress is what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from api.services.faces import embeddings_of, judge, scan
from api.services.likeness import STRAY_AFTER, destroy_ended, destroy_scan, destroy_strays, templates_of
from api.services.services import Services
from ledger.errors import Conflict, Refused, Unavailable
from ledger.faces.comparing import SIGHTINGS_MIN, SPEC, nearest
from ledger.rules.faces import Scan, newest_scan
from ledger.rules.likeness import enrolment
from projections.likeness import ScannedFile
from schemas.statements.faces import LikenessSwept

Progress = Callable[[int, int], None]
"""(files done, files in all)."""


@dataclass
class LikenessReport:
    """What one round did. `waiting`: files that need an engine which is not installed here."""

    destroyed: int = 0
    scanned: int = 0
    judged: int = 0
    swept: list[str] = field(default_factory=list)
    waiting: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class LikenessRounds:
    """`scan_new`: whether files that nobody looked at are scanned, which measures strangers (ADR 031)."""

    def __init__(self, services: Services, *, scan_new: bool) -> None:
        self._services, self._scan_new = services, scan_new
        self._strays_at: datetime | None = None  # when strays were looked for last
        self._settled: dict[str, int] = {}  # what was judged anew without news, by the entry that asked for it

    def run_once(self, progress: Progress = lambda done, total: None) -> LikenessReport:
        """One pass. Raises Unavailable when a view stopped."""
        report = LikenessReport()
        self._services.views.catch_up()
        report.destroyed += len(destroy_ended(self._services))
        now = self._services.clock.now()
        if self._strays_at is None or now - self._strays_at >= STRAY_AFTER:
            self._strays_at, strays = now, destroy_strays(self._services)
            report.destroyed += strays
        self._forget(report)
        if self._scan_new:
            self._scan(report)
        self._services.views.catch_up()
        for name in self._services.views.likeness.not_swept():
            self._sweep(name, report, progress)
        self._services.views.catch_up()
        self._judge(report)
        self._services.views.catch_up()
        return report

    def _forget(self, report: LikenessReport) -> None:
        view, now = self._services.views.likeness, self._services.clock.now()
        due = [(*one, "retention") for one in view.scans_due(now)]
        due += [(*one, "superseded") for one in view.scans_superseded()]
        for name, asset, cause in due:
            report.destroyed += destroy_scan(self._services, name, asset, cause) is not None

    def _scan(self, report: LikenessReport) -> None:
        for asset in self._services.views.likeness.not_scanned():
            try:
                scan(self._services, asset)
            except Unavailable as error:
                if error.code != "faces_not_installed":
                    raise
                report.waiting += 1
                return
            report.scanned += 1

    def _judge(self, report: LikenessReport) -> None:
        for asset, index, cause in self._services.views.likeness.to_judge():
            if self._settled.get(asset) != index:
                report.judged += self._anew(asset, cause, report)
                self._settled[asset] = index

    def _anew(self, asset: str, cause: str, report: LikenessReport) -> bool:
        """Measures again first where the embeddings are gone."""
        one = newest_scan(self._services.ledger.history(), asset)
        if one is not None and embeddings_of(self._services, one) is None:
            report.scanned += 1
            scan(self._services, asset, cause)
            return True
        return judge(self._services, asset, cause) is not None

    def _sweep(self, name: str, report: LikenessReport, progress: Progress) -> None:
        """Every scanned file against one new enrolment. Matches are said first: a crash leaves work, never a false clear."""
        sweep = _Sweep(self._services, name, report)
        if not sweep.run(progress):
            return
        try:
            self._services.ledger.say(sweep.said())
        except Conflict:
            return  # somebody else is at it; the next round looks again
        except Refused as refused:
            if refused.code != "swept_already":
                raise
        report.swept.append(name)


class _Sweep:
    """One enrolment against every scanned file, page by page."""

    def __init__(self, services: Services, name: str, report: LikenessReport) -> None:
        self._services, self._name, self._report = services, name, report
        history = services.ledger.history()
        self._upto, self._enrolment = history.upto, enrolment(history, name)
        self._templates = templates_of(services, self._enrolment) if self._enrolment else []
        self._assets = self._matched = self._blind = 0

    def run(self, progress: Progress) -> bool:
        """False when files are left that only an engine could measure again, and none is installed here."""
        view, after = self._services.views.likeness, ""
        total = view.files_with_faces()
        while page := view.with_faces(after):
            for one in page:
                try:
                    self._file(one)
                except Unavailable as error:
                    if error.code != "faces_not_installed":
                        raise
                    self._report.waiting += 1
                    return False
                progress(self._assets, total)
            after = page[-1].asset
        return True

    def said(self) -> LikenessSwept:
        counts = {"assets": self._assets, "matched": self._matched, "not_compared": self._blind}
        return LikenessSwept.model_validate({"enrolment": self._name, "upto": self._upto, "spec": SPEC, **counts})

    def _file(self, one: ScannedFile) -> None:
        if not one.kept:
            self._report.scanned += 1
            scan(self._services, one.asset, "enrolment")  # judges too
        newest = newest_scan(self._services.ledger.history(), one.asset)
        self._assets += 1
        if newest is None or newest[1].state == "failed":
            self._blind += 1
        elif self._shows(newest):
            self._matched += 1
            self._report.judged += judge(self._services, one.asset, "enrolment") is not None

    def _shows(self, newest: Scan) -> bool:
        engine, known = newest[1].engine, self._enrolment
        if engine is None or known is None or engine.model_sha256 != known.body.engine.model_sha256:
            return False  # a decision asks for the engine too, and then says that nobody compared them
        measured, named = embeddings_of(self._services, newest), [(self._name, self._templates)]
        return bool(self._templates) and any(
            nearest(face, named, sightings_min=min(SIGHTINGS_MIN, len(face))) for face in measured or ()
        )
