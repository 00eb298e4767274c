"""What survives which preset: the lab's report, and the same for real renditions."""

from __future__ import annotations

from typing import Final

from schemas.api.problems import example
from schemas.base import Digest, Shape
from schemas.statements.drift import DriftCell, DriftMeasured, Outcome, Survival

COLUMNS: Final = ("visible_mark", "c2pa", "invisible_watermark", "fingerprint")
_CELL = DriftMeasured.example().cells[0].model_dump(mode="json")
_OUTCOMES = {
    "visible_mark": "not_checked",
    "c2pa": "lost",
    "invisible_watermark": "not_checked",
    "fingerprint": "survived",
}


class DriftAlert(Shape):
    """A month without a measurement, or a signal that a preset takes away or breaks. `worse`: it survived there before."""

    code: str
    month: str
    detail: str
    transcoder: str | None = None
    preset: str | None = None
    worse: bool = False
    entry_index: int | None = None


class DriftCellShape(Shape):
    """The newest measurement of one preset, and the entry that it stands in."""

    month: str
    entry_index: int
    cell: DriftCell


class DriftPoint(Shape):
    """One month of one preset."""

    month: str
    entry_index: int
    outcomes: dict[str, Outcome]
    fingerprint_permille: int


class DriftTrend(Shape):
    """One preset over the months, oldest first."""

    transcoder: str
    preset: str
    points: tuple[DriftPoint, ...]


class DriftReport(Shape):
    """`measured`: whether the month in hand was measured. `missed`: months that went by without a measurement."""

    model_config = example(
        {
            "at": "2026-11-26T00:00:00.000000Z",
            "month": "2026-11",
            "measured": False,
            "missed": [],
            "alerts": [
                {
                    "code": "c2pa_lost",
                    "month": "2026-10",
                    "detail": "preset mp4-copy of libav takes away c2pa",
                    "transcoder": "libav",
                    "preset": "mp4-copy",
                    "worse": False,
                    "entry_index": 50,
                }
            ],
            "cells": [{"month": "2026-10", "entry_index": 50, "cell": _CELL}],
            "trend": [
                {
                    "transcoder": "libav",
                    "preset": "mp4-copy",
                    "points": [
                        {"month": "2026-10", "entry_index": 50, "outcomes": _OUTCOMES, "fingerprint_permille": 1000}
                    ],
                }
            ],
        }
    )

    at: str
    month: str
    measured: bool
    missed: tuple[str, ...]
    alerts: tuple[DriftAlert, ...]
    cells: tuple[DriftCellShape, ...]
    trend: tuple[DriftTrend, ...]


class RenditionShape(Shape):
    """A step in a file's line. No columns where one end was never examined."""

    parent: Digest
    child: Digest
    relation: str
    tool: str
    entry_index: int
    columns: dict[str, Survival]
    fingerprint_permille: int = 0


class RenditionReport(Shape):
    """What each step in a file's line did to its signals, from what was recorded of both ends."""

    model_config = example(
        {
            "asset_sha256": "55" * 32,
            "steps": [
                {
                    "parent": "11" * 32,
                    "child": "55" * 32,
                    "relation": "transcoded",
                    "tool": "an editor",
                    "entry_index": 30,
                    "columns": {"c2pa": {"outcome": "lost", "before": "trusted", "after": "absent"}},
                    "fingerprint_permille": 980,
                }
            ],
        }
    )

    asset_sha256: Digest
    steps: tuple[RenditionShape, ...]
