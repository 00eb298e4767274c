"""Seeded stories of a log and what lies outside it. SIM_SEED tells one again; `make simulate SEEDS=…` tells many."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.simulation.outside import Outside

STEPS = 250
SEEDS = int(os.environ.get("SIM_SEEDS", "2"))  # stories told in one run of the suite
FIRST = int(os.environ.get("SIM_SEED", time.time_ns() % 2**32))


def story(folder: Path, seed: int, patch: pytest.MonkeyPatch, steps: int = STEPS) -> Outside:
    outside = Outside(folder, random.Random(seed), patch)
    for _ in range(steps):
        outside.step()
    return outside


@pytest.mark.parametrize("number", range(SEEDS))
def test_everything_outside_catches_up_and_nothing_goes_back(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = FIRST + number
    print(f"seed {seed}; run again with SIM_SEED={seed} SIM_SEEDS=1")
    started = time.perf_counter()
    outside = story(tmp_path, seed, monkeypatch)
    happened = outside.settle()
    seconds = time.perf_counter() - started
    print(f"{outside.operations / seconds:.0f} operations a second in {STEPS} steps; {dict(happened)}")
    assert happened["publish: done"] and happened["publish: published_unavailable"], happened
    outside.log.close()


def test_the_same_seed_is_the_same_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        told = story(tmp_path / name, 4711, monkeypatch, steps=60)
        traces.append(told.trace)
        told.log.close()
    assert traces[0] == traces[1] and len({told for _, told in traces[0]}) > 3
