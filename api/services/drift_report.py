"""What the lab's measurements say together: the newest word on each preset, how it went by month, and what is alarming."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from api.services.drift import compared
from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History
from ledger.media.findings import Examination
from ledger.proof.canonical import parse_json
from ledger.rules.drift import measurements, missed_months, month_of
from ledger.rules.lineage import ancestors, arrival, derivation, descendants, examination
from schemas.api.drift import (
    COLUMNS,
    DriftAlert,
    DriftCellShape,
    DriftPoint,
    DriftReport,
    DriftTrend,
    RenditionReport,
    RenditionShape,
)
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived
from schemas.statements.drift import DriftCell

_BAD = frozenset({"lost", "invalid"})
Cells = dict[tuple[str, str], list[tuple[str, int, DriftCell]]]


def drift_report(services: Services, at: datetime | None = None) -> DriftReport:
    """As of now, or as it was known then."""
    instant = at or services.clock.now()
    history = services.ledger.history(as_of=at)
    cells = _by_preset(history)
    missed = missed_months(history, instant)
    due = month_of(instant) not in {body.month for _, body in measurements(history)}
    return DriftReport(
        at=format_instant(instant),
        month=month_of(instant),
        measured=not due,
        missed=tuple(missed),
        alerts=(*_months(missed), *_alarms(cells)),
        cells=tuple(
            DriftCellShape(month=found[-1][0], entry_index=found[-1][1], cell=found[-1][2]) for found in cells.values()
        ),
        trend=tuple(_trend(key, found) for key, found in cells.items()),
    )


def preset_alarms(report: DriftReport, preset: str) -> tuple[DriftAlert, ...]:
    """What the newest measurements have against a preset. Raises NotFound `preset_unmeasured`: not measured is not a yes."""
    if all(one.cell.preset != preset for one in report.cells):
        what = f"nobody measured preset {preset} here"
        raise NotFound("preset_unmeasured", what, "Run `countersign drift run`.")
    return tuple(alert for alert in report.alerts if alert.preset == preset)


def _by_preset(history: History) -> Cells:
    """Of each preset the newest measurement of every month, oldest month first."""
    found: dict[tuple[str, str], dict[str, tuple[str, int, DriftCell]]] = {}
    for said, body in measurements(history):
        for cell in body.cells:
            found.setdefault((cell.transcoder, cell.preset), {})[body.month] = (body.month, said.index, cell)
    return {key: [months[month] for month in sorted(months)] for key, months in sorted(found.items())}


def _months(missed: list[str]) -> Iterator[DriftAlert]:
    for month in missed:
        yield DriftAlert(code="month_missed", month=month, detail=f"nobody measured anything in {month}")


def _alarms(cells: Cells) -> Iterator[DriftAlert]:
    """Every signal that the newest measurement saw go, by the preset's name; and which of them stood it before."""
    for (transcoder, preset), found in cells.items():
        month, index, newest = found[-1]
        for column in COLUMNS:
            outcome = getattr(newest, column).outcome
            if outcome not in _BAD:
                continue
            survived = any(getattr(cell, column).outcome == "survived" for _, _, cell in found[:-1])
            turned = ", which it survived before" if survived else ""
            words = {"lost": "takes away", "invalid": "breaks"}[outcome]
            name = column.replace("_", " ")
            yield DriftAlert(
                code=f"{column}_{outcome}",
                month=month,
                transcoder=transcoder,
                preset=preset,
                worse=survived,
                entry_index=index,
                detail=f"preset {preset} of {transcoder} {words} {name}{turned}",
            )


def _trend(key: tuple[str, str], found: list[tuple[str, int, DriftCell]]) -> DriftTrend:
    return DriftTrend(
        transcoder=key[0],
        preset=key[1],
        points=tuple(
            DriftPoint(
                month=month,
                entry_index=index,
                outcomes={column: getattr(cell, column).outcome for column in COLUMNS},
                fingerprint_permille=cell.fingerprint_permille,
            )
            for month, index, cell in found
        ),
    )


def rendition_report(services: Services, asset: str) -> RenditionReport:
    """The same columns for real renditions: every step in the file's line, from what was recorded of both ends.

    Raises NotFound `asset_unknown`.
    """
    history = services.ledger.history()
    if arrival(history, asset) is None:
        raise NotFound("asset_unknown", "no file with this digest is in the ledger", "Import it first.")
    line = [*reversed(ancestors(history, asset)), *descendants(history, asset)]
    steps = [made for name in line if (made := derivation(history, name)) is not None]
    rows = [
        row
        for said, body in steps
        for parent in body.parents
        if (row := _rendition(services, history, body, parent, said.index)) is not None
    ]
    return RenditionReport(asset_sha256=asset, steps=tuple(rows))


def _rendition(
    services: Services, history: History, body: AssetDerived, parent: str, index: int
) -> RenditionShape | None:
    before, after = _recorded(services, history, parent), _recorded(services, history, body.asset)
    if before is None or after is None:
        return RenditionShape(
            parent=parent, child=body.asset, relation=body.relation, tool=body.tool, entry_index=index, columns={}
        )
    columns, permille = compared(before, after)
    return RenditionShape(
        parent=parent,
        child=body.asset,
        relation=body.relation,
        tool=body.tool,
        entry_index=index,
        columns=columns,
        fingerprint_permille=permille,
    )


def _recorded(services: Services, history: History, asset: str) -> Examination | None:
    found = examination(history, asset)
    if found is None or not services.blobs.has(found[1].examination_sha256):
        return None
    return Examination.from_json(parse_json(services.blobs.get(found[1].examination_sha256)))
