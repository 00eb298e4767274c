"""The lab's months as a picture: a row a preset, a column a month, four small bars in the order of the columns."""

from __future__ import annotations

from markupsafe import Markup

from schemas.api.drift import COLUMNS, DriftReport
from schemas.statements.drift import Outcome

MONTHS_DRAWN_MAX = 24  # two years; the API has the rest
_LABEL_WIDTH, _CELL, _BAR, _ROW, _TOP = 190, 44, 9, 24, 26
_CLASSES = {"survived": "kept", "lost": "gone", "invalid": "gone", "not_checked": "unseen", "not_present": "none"}


def draw_drift(report: DriftReport) -> Markup:
    """The SVG, every text escaped; nothing where nothing was measured."""
    measured = {point.month for row in report.trend for point in row.points}
    months = sorted(measured | set(report.missed))[-MONTHS_DRAWN_MAX:]
    if not months:
        return Markup("")
    width, height = _LABEL_WIDTH + _CELL * len(months) + 8, _TOP + _ROW * len(report.trend) + 8
    head = Markup(
        '<svg class="drift" xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">'
    )
    parts = [head.format(width, height)]
    for column, month in enumerate(months):
        missed = Markup(' class="gone"') if month in report.missed else Markup("")
        parts.append(Markup('<text x="{}" y="16"{}>{}</text>').format(_LABEL_WIDTH + _CELL * column, missed, month[2:]))
    for row, trend in enumerate(report.trend):
        y = _TOP + _ROW * row
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + 13, f"{trend.preset} ({trend.transcoder})"))
        for point in trend.points:
            if point.month in months:
                parts.append(_bars(_LABEL_WIDTH + _CELL * months.index(point.month), y, point.outcomes, point.month))
    return Markup("").join([*parts, Markup("</svg>")])


def _bars(x: int, y: int, outcomes: dict[str, Outcome], month: str) -> Markup:
    bar = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="15"><title>{}</title></rect>')
    return Markup("").join(
        bar.format(
            _CLASSES[outcomes[name]],
            x + number * _BAR,
            y,
            _BAR - 2,
            f"{month} {name} {outcomes[name]}".replace("_", " "),
        )
        for number, name in enumerate(COLUMNS)
    )
