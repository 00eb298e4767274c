"""A measured figure, the baseline it is held against, and what was to be reached."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

HEADINGS = ("figure", "value", "baseline", "its value", "ratio", "reach", "reached")


@dataclass(frozen=True)
class Figure:
    """`seconds` for one unit of work, and for the baseline's. `per_second` shows rates instead of times.

    `reach` is the ratio aimed at: at least that for rates, at most that for times; None where nothing was promised. With
    the unit "B" the numbers are bytes instead of seconds, with "share" parts of one: more is better.
    """

    name: str
    seconds: float
    baseline: str
    baseline_seconds: float
    per_second: bool = False
    reach: float | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """How many times the baseline's time; for rates, how many times the baseline's rate."""
        if self.unit == "share":
            return self.seconds / self.baseline_seconds
        return self.baseline_seconds / self.seconds if self.per_second else self.seconds / self.baseline_seconds

    @property
    def reached(self) -> bool | None:
        if self.reach is None:
            return None
        return self.ratio >= self.reach if self.per_second else self.ratio <= self.reach

    def cells(self) -> tuple[str, ...]:
        ours, theirs = (_shown(value, self.per_second, self.unit) for value in (self.seconds, self.baseline_seconds))
        aim = "" if self.reach is None else f"{'≥' if self.per_second else '≤'} {self.reach:g} ×"
        said = {None: "", True: "yes", False: "no"}[self.reached]
        return self.name, ours, self.baseline, theirs, f"{self.ratio:.2f} ×", aim, said

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "ratio": round(self.ratio, 3), "reached": self.reached}


def _shown(seconds: float, per_second: bool, unit: str) -> str:
    if unit == "share":
        return f"{seconds:.3f}"
    if unit == "B":
        return f"{seconds:,.0f} B"
    if per_second:
        return f"{1 / seconds:,.0f}/s"
    return f"{seconds * 1000:,.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:,.0f} µs"


def median_seconds(work: Callable[[], object], runs: int, units: int = 1) -> float:
    """The median time of one unit over several runs, after one that doesn't count."""
    work()
    return in_turns([work], runs, units)[0]


def in_turns(works: Sequence[Callable[[], object]], runs: int, units: int = 1) -> list[float]:
    """The median time of one unit for each work, run in turns so that a busy minute hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for work, taken in zip(works, times, strict=True):
            begin = time.perf_counter()
            work()
            taken.append((time.perf_counter() - begin) / units)
    return [statistics.median(taken) for taken in times]


def percentile(times: Sequence[float], part: float) -> float:
    """The value below which `part` (0 to 1) of the times lie."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]
