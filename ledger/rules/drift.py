"""The lab's measurements, month by month, and the months that went by without one (SPEC S13.3). Time decides which did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.drift import DriftMeasured, DriftMonthMissed

MONTHS_MAX = 1_200  # a century of months; a clock beyond that is broken


def month_of(at: datetime) -> str:
    """The calendar month in UTC, such as 2026-11."""
    return at.astimezone(UTC).strftime("%Y-%m")


def measurements(history: History) -> list[tuple[Said, DriftMeasured]]:
    """Oldest first."""
    return bodies(history.about("drift:all", DriftMeasured), DriftMeasured)


def missed_months(history: History, at: datetime) -> list[str]:
    """Whole months since the first measurement that ended by now without one. The month in hand is not missed yet."""
    measured = {body.month for _, body in measurements(history)}
    if not measured:
        return []
    return [month for month in _months(min(measured), month_of(at)) if month not in measured]


def _months(first: str, end: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:])
    for _ in range(MONTHS_MAX):
        name = f"{year:04}-{month:02}"
        if name >= end:
            return
        yield name
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def accept_measurement(proposal: Proposal, body: DriftMeasured, history: History, at: datetime) -> None:
    """Under a new number, in the month that it says, each preset of a transcoder once; by the worker once a month."""
    if body.month != month_of(at):
        refuse("drift_other_month", f"it is {month_of(at)}; nobody measures {body.month} now")
    cells = [(cell.transcoder, cell.preset) for cell in body.cells]
    if len(set(cells)) != len(cells):
        refuse("drift_cell_twice", "a preset of a transcoder stands there once")
    for said, before in bodies(history.about(f"drift:{body.month}", DriftMeasured), DriftMeasured):
        if before.run == body.run:
            refuse("drift_known", f"run {body.run} was recorded before", said.index)
        if body.scheduled:
            refuse("drift_month_measured", f"{body.month} was measured already", said.index)


def accept_missed(proposal: Proposal, body: DriftMonthMissed, history: History, at: datetime) -> None:
    """Of a month that went by, once."""
    for said in history.about(f"drift:{body.month}", DriftMonthMissed):
        refuse("drift_missed_before", f"that {body.month} was missed is recorded already", said.index)
    if body.month not in missed_months(history, at):
        refuse("drift_not_missed", f"{body.month} was measured, is not over, or was before the first measurement")
