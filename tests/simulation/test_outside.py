"""Seeded stories of a log and what lies outside it. SIM_SEED tells one again; `make simulate SEEDS=…` tells many."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.house_of import House
from tests.simulation.outside import Outside
from tests.simulation.told import house_with_clips

STEPS = 250
SEEDS = int(os.environ.get("SIM_SEEDS", "2"))  # stories told in one run of the suite
FIRST = int(os.environ.get("SIM_SEED", time.time_ns() % 2**32))


Clips = tuple[House, list[str]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return house_with_clips(tmp_path_factory.mktemp("clips"))


def story(folder: Path, seed: int, patch: pytest.MonkeyPatch, clips: Clips, steps: int = STEPS) -> Outside:
    outside = Outside(folder, random.Random(seed), patch, clips)
    for _ in range(steps):
        outside.step()
    return outside


@pytest.mark.parametrize("number", range(SEEDS))
def test_everything_outside_catches_up_and_nothing_goes_back(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch, clips: Clips
) -> None:
    seed = FIRST + number
    print(f"seed {seed}; run again with SIM_SEED={seed} SIM_SEEDS=1")
    started, worked = time.perf_counter(), time.process_time()
    outside = story(tmp_path, seed, monkeypatch, clips)
    happened = outside.settle()
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    print(f"{outside.done / seconds:.0f} operations a second, {outside.done / worked:.0f} a second of processor time")
    print(f"{STEPS} steps: {dict(happened)}")
    assert happened["publish: done"] and happened["publish: published_unavailable"], happened
    outside.close()


def test_the_same_seed_is_the_same_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: Clips) -> None:
    traces = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        told = story(tmp_path / name, 4711, monkeypatch, clips, steps=60)
        traces.append(told.trace)
        told.close()
    assert traces[0] == traces[1] and len({told for _, told in traces[0]}) > 3
