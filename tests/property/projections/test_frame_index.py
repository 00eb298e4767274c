"""The index in memory equals brute force, also while it grows."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import frame_index
from projections.frame_index import Codes, FrameIndex


def random_codes(count: int, seed: int) -> Codes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def brute_force(codes: Codes, numbers: list[int], queries: Codes, radius: int) -> dict[int, int]:
    votes: Counter[int] = Counter()
    for query in queries:
        bits = np.bitwise_count(codes ^ query).sum(axis=1)
        votes.update({number for number, distance in zip(numbers, bits, strict=True) if distance <= radius})
    return dict(votes)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 60),
    assets=st.integers(1, 6),
    queries=st.integers(0, 40),
    radius=st.integers(0, 255),
    parts=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_search_equals_brute_force(count: int, assets: int, queries: int, radius: int, parts: int, seed: int) -> None:
    codes, asked = random_codes(count, seed), random_codes(queries, seed + 1)
    asked[: min(count, queries) // 2] = codes[: min(count, queries) // 2]
    numbers = [1 + n % assets for n in range(count)]
    index = FrameIndex()
    for part in np.array_split(np.arange(count), parts):
        index.add(codes[part], np.array(numbers, dtype=np.int64)[part])
    assert index.codes == count
    assert index.near(asked, radius) == brute_force(codes, numbers, asked, radius)


@pytest.mark.parametrize("bits", [30, 31, 32])
def test_the_radius_is_inclusive(bits: int) -> None:
    code = random_codes(1, 3)
    near = code.copy()
    near.ravel()[:4] ^= np.array([255, 255, 255, (1 << (bits - 24)) - 1], dtype=np.uint8)
    index = FrameIndex()
    index.add(code, np.array([7], dtype=np.int64))
    assert index.near(near, 31) == ({7: 1} if bits <= 31 else {})


def test_full_segments_are_kept_and_only_the_tail_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_index, "SEGMENT_CODES", 8)
    codes, index = random_codes(50, 1), FrameIndex()
    index.add(codes[:20], np.arange(20))
    first, second, tail = index._segments
    index.add(codes[20:], np.arange(20, 50))
    assert index._segments[0] is first and index._segments[1] is second and index._segments[2] is not tail
    assert [len(segment.codes) for segment in index._segments] == [8] * 6 + [2]
    assert index.near(codes, 0) == dict.fromkeys(range(50), 1)


def test_an_empty_index_knows_nothing() -> None:
    assert FrameIndex().near(random_codes(3, 1), 255) == {}


def test_adding_while_others_search_crashes_nobody_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bare faiss crashed the process four times out of four here (FORMATS 8)."""
    monkeypatch.setattr(frame_index, "SEGMENT_CODES", 900)
    codes, index, wrong = random_codes(2_400, 1), FrameIndex(), list[object]()
    index.add(codes[:100], np.arange(100))
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            if index.near(codes[:32], 31) != dict.fromkeys(range(32), 1):
                wrong.append("a code that was there is missing")

    def add(start: int) -> None:
        for n in range(start, 2_400, 100):
            index.add(codes[n : n + 50], np.arange(n, n + 50))

    searchers = [threading.Thread(target=search) for _ in range(3)]
    adders = [threading.Thread(target=add, args=(start,)) for start in (100, 150)]
    for thread in searchers + adders:
        thread.start()
    for thread in adders:
        thread.join()
    done.set()
    for thread in searchers:
        thread.join()
    assert not wrong
    assert index.near(codes, 0) == dict.fromkeys(range(2_400), 1)
