"""Figures of an evidence report as plain geometry in millimetres: what happened when, and which file came from which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.facts import FileFact, PackFacts

WIDTH_MM = 180.0  # between the margins of an A4 page
EVENTS_MAX = 40  # marks that can be told apart on one page; the tables have all of them
FILES_MAX = 24
_ROW_MM, _BOX_MM, _GAP_MM = 5.0, (54.0, 12.0), 9.0


@dataclass(frozen=True)
class Mark:
    """An event at `x` on the axis, with its label on line `row` below it."""

    x: float
    row: int
    label: str
    bad: bool


@dataclass(frozen=True)
class Timeline:
    """`left_out`: events that found no room."""

    since: datetime
    until: datetime
    marks: tuple[Mark, ...]
    left_out: int

    @property
    def height(self) -> float:
        return 8.0 + _ROW_MM * len(self.marks)


@dataclass(frozen=True)
class Box:
    """A file: where its box stands, and whether it is one in question."""

    x: float
    y: float
    asset: str
    how: str
    disputed: bool


@dataclass(frozen=True)
class Lineage:
    """`arrows`: from a parent's box to a child's, by number."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    left_out: int

    @property
    def height(self) -> float:
        return max((box.y for box in self.boxes), default=0.0) + _BOX_MM[1] + 4.0


def timeline(facts: PackFacts) -> Timeline | None:
    """Oldest first; None where nothing has a time."""
    events = sorted(set(_events(facts)))
    if not events:
        return None
    shown = events[:EVENTS_MAX]
    since, until = shown[0][0], max(shown[-1][0], shown[0][0] + timedelta(seconds=1))
    span = (until - since).total_seconds()
    marks = tuple(
        Mark(WIDTH_MM * (at - since).total_seconds() / span, row, f"{at:%Y-%m-%d %H:%M:%S}  {label}", bad)
        for row, (at, label, bad) in enumerate(shown)
    )
    return Timeline(since, until, marks, len(events) - len(shown))


def _events(facts: PackFacts) -> Iterator[tuple[datetime, str, bool]]:
    for one in facts.status:
        if one.moment != "now":
            yield one.at, f"{one.moment}: consent of {one.person} {one.state.replace('_', ' ')}", one.state != "given"
    for review in facts.approvals:
        yield review.at, f"{review.gate} gate: {'approved' if review.approved else 'rejected'}", not review.approved
    for placed in facts.labels:
        yield placed.starts_at, f"shown on {placed.platform} ({placed.territory})", placed.differs
    for end in facts.endings:
        yield end.at, f"{end.kind} {end.how.replace('_', ' ')}", True
    for event in facts.custody:
        yield event.at, f"{event.event} by {event.handler}", False
    for dispute in facts.disputes:
        for clock in dispute.clocks:
            yield clock.due_at, f"clock {clock.rule.rpartition(' ')[2]}: {clock.state}", clock.state == "missed"


def lineage(facts: PackFacts) -> Lineage:
    """Files in columns by how many steps they are from one that came from outside, in the order of their arrival."""
    shown = facts.files[:FILES_MAX]
    depth = _depths(shown)
    rows: dict[int, int] = {}
    boxes = []
    for file in shown:
        column = depth[file.asset]
        row = rows[column] = rows.get(column, -1) + 1
        x, y = column * (_BOX_MM[0] + _GAP_MM), row * (_BOX_MM[1] + 3.0)
        boxes.append(Box(x, y, file.asset, file.how, file.disputed))
    place = {box.asset: number for number, box in enumerate(boxes)}
    arrows = [(place[parent], place[file.asset]) for file in shown for parent in file.parents if parent in place]
    return Lineage(tuple(boxes), tuple(arrows), len(facts.files) - len(shown))


def _depths(files: Sequence[FileFact]) -> dict[str, int]:
    """A parent arrives before its child, so one pass is enough; past the third column there is no room."""
    depth: dict[str, int] = {}
    for file in files:
        depth[file.asset] = min(max((depth.get(parent, -1) + 1 for parent in file.parents), default=0), 2)
    return depth
