"""Instants with several codes each: the fewest bits between any two, in bounded work."""

from __future__ import annotations

import numpy as np
import pytest

from projections import alignment
from projections.alignment import Frames, comparable, distances

CHANCE = np.random.default_rng(9)


def frames(counts: list[int]) -> Frames:
    t_ms = np.repeat(np.arange(len(counts)) * 500, counts).astype(np.int64)
    return Frames(t_ms, CHANCE.integers(0, 256, (len(t_ms), 32), dtype=np.uint8))


def test_two_instants_are_as_near_as_their_nearest_codes() -> None:
    query, reference = frames([3, 1, 2]), frames([1, 4])
    between = distances(query, reference)
    assert between.shape == (3, 2)
    for i, at in enumerate(query.instants):
        for j, known in enumerate(reference.instants):
            mine, theirs = query.codes[query.t_ms == at], reference.codes[reference.t_ms == known]
            bits = np.bitwise_count(mine[:, None] ^ theirs[None]).sum(axis=2)
            assert between[i, j] == bits.min()


def test_long_clips_are_thinned_evenly_with_all_codes_of_an_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "PAIRS_MAX", 600)
    query, reference = comparable(frames([10] * 20), frames([5] * 20))
    assert len(query.t_ms) * len(reference.t_ms) <= 600 and len(query) >= 2
    assert {(query.t_ms == at).sum() for at in query.instants} == {10}
    assert (query.instants[0], query.instants[-1]) == (0, 9_500)
