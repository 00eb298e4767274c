"""A measured figure and the baseline it is held against."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`seconds` for one unit of work, and for the baseline's. `per_second` shows rates instead of times."""

    name: str
    seconds: float
    baseline: str
    baseline_seconds: float
    per_second: bool = False

    @property
    def ratio(self) -> float:
        """How many times the baseline's time; for rates, which part of the baseline's rate is reached."""
        return self.baseline_seconds / self.seconds if self.per_second else self.seconds / self.baseline_seconds

    def cells(self) -> tuple[str, str, str, str, str]:
        ours, theirs = _shown(self.seconds, self.per_second), _shown(self.baseline_seconds, self.per_second)
        return self.name, ours, self.baseline, theirs, f"{self.ratio:.2f} ×"


def _shown(seconds: float, per_second: bool) -> str:
    return f"{1 / seconds:,.0f}/s" if per_second else f"{seconds * 1000:,.1f} ms"


def median_seconds(work: Callable[[], object], runs: int, units: int = 1) -> float:
    """The median time of one unit over several runs, after one that doesn't count."""
    work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) / units)
    return statistics.median(times)
