"""Figures of an evidence report as plain geometry in millimetres: what happened when, and which file came from which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.facts import FileFact, PackFacts

WIDTH_MM = 180.0  # between the margins of an A4 page
LABELS_MM = 92.0  # the left part of the timeline, in words; the right part is the axis
EVENTS_MAX = 40  # rows that fit on one page; the tables have all of them
FILES_MAX = 24
ROW_MM = 5.0
BOX_MM, _GAP_MM = (54.0, 12.0), 9.0


@dataclass(frozen=True)
class Mark:
    """An event on line `row`: when and what in words, and where on the axis, as a point or from `x` to `until`."""

    x: float
    until: float
    row: int
    when: str
    label: str
    bad: bool


@dataclass(frozen=True)
class Timeline:
    """The axis reaches from `since` to `until`. `left_out`: events that found no room."""

    since: datetime
    until: datetime
    marks: tuple[Mark, ...]
    left_out: int

    @property
    def height(self) -> float:
        return ROW_MM * (len(self.marks) + 1)


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
        return max((box.y for box in self.boxes), default=0.0) + BOX_MM[1] + 4.0


@dataclass(frozen=True, order=True)
class _Event:
    """`rank`: where there is too much for one figure, the lowest stay."""

    at: datetime
    until: datetime
    label: str
    bad: bool
    rank: int


def timeline(facts: PackFacts) -> Timeline | None:
    """Oldest first; None where nothing has a time."""
    events = sorted(set(_events(facts)))
    if not events:
        return None
    shown = sorted(sorted(events, key=lambda one: one.rank)[:EVENTS_MAX])
    since = shown[0].at
    until = max(*(one.until for one in shown), since + timedelta(seconds=1))
    marks = tuple(_mark(one, row, since, until) for row, one in enumerate(shown))
    return Timeline(since, until, marks, len(events) - len(shown))


def _mark(event: _Event, row: int, since: datetime, until: datetime) -> Mark:
    start, end = (_across(at, since, until) for at in (event.at, event.until))
    return Mark(start, end, row, f"{event.at:%Y-%m-%d %H:%M:%S}", event.label, event.bad)


def _across(at: datetime, since: datetime, until: datetime) -> float:
    share = (at - since).total_seconds() / (until - since).total_seconds()
    return LABELS_MM + 2 + (WIDTH_MM - LABELS_MM - 4) * share


def _events(facts: PackFacts) -> Iterator[_Event]:
    for one in facts.status:
        state = one.state.replace("_", " ")
        if one.moment != "now":
            yield _point(one.at, f"{one.moment}: consent of {one.person} {state}", one.state != "given", 0)
    for review in facts.approvals:
        answer = "approved" if review.approved else "rejected"
        yield _point(review.at, f"{review.gate} gate: {answer} by {review.actor}", not review.approved, 1)
    for placed in facts.labels:
        label = f"shown on {placed.platform} ({placed.territory})"
        yield _Event(placed.starts_at, max(placed.starts_at, placed.ended_at or facts.as_of), label, placed.differs, 0)
    for end in facts.endings:
        yield _point(end.at, f"{end.kind} {end.how.replace('-', ' ').replace('_', ' ')}", True, 0)
    for event in facts.custody:
        yield _point(event.at, f"{event.event} by {event.handler}", False, 3 if event.event == "examined" else 2)
    for dispute in facts.disputes:
        for seen in dispute.sightings:
            yield _point(seen.seen_at, f"copy seen on {seen.platform}", True, 0)
        for clock in dispute.clocks:
            label = f"clock {clock.rule.rpartition(' ')[2]}: {clock.state}"
            yield _Event(clock.received_at, clock.due_at, label, clock.state == "missed", 0)


def _point(at: datetime, label: str, bad: bool, rank: int) -> _Event:
    return _Event(at, at, label, bad, rank)


def lineage(facts: PackFacts) -> Lineage:
    """Files in columns by how many steps they are from one that came from outside, in the order of their arrival."""
    shown = facts.files[:FILES_MAX]
    depth = _depths(shown)
    rows: dict[int, int] = {}
    boxes = []
    for file in shown:
        column = depth[file.asset]
        row = rows[column] = rows.get(column, -1) + 1
        x, y = column * (BOX_MM[0] + _GAP_MM), row * (BOX_MM[1] + 3.0)
        grade = f", {file.grade.replace('_', ' ')}" if file.grade else ""
        boxes.append(Box(x, y, file.asset, f"{file.how}{grade}", file.disputed))
    place = {box.asset: number for number, box in enumerate(boxes)}
    arrows = [(place[parent], place[file.asset]) for file in shown for parent in file.parents if parent in place]
    return Lineage(tuple(boxes), tuple(arrows), len(facts.files) - len(shown))


def _depths(files: Sequence[FileFact]) -> dict[str, int]:
    """A parent arrives before its child, so one pass is enough; past the third column there is no room."""
    depth: dict[str, int] = {}
    for file in files:
        depth[file.asset] = min(max((depth.get(parent, -1) + 1 for parent in file.parents), default=0), 2)
    return depth
