"""What every code index does, whichever keeps the codes: held against brute force."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.index.memory import MemoryIndex
from projections.index.pgvector import PgvectorIndex
from projections.index.port import CodeIndex, Codes, Hits

Make = Callable[[], CodeIndex]
ADAPTERS = ("flat", "hashed", "pgvector")


def codes_of(count: int, seed: int) -> Codes:
    """Half of them near each other, so that every radius has hits."""
    chance = np.random.default_rng(seed)
    found = chance.integers(0, 256, (count, 32), dtype=np.uint8)
    for n in range(1, count, 2):
        flips = np.zeros(256, dtype=np.uint8)
        flips[chance.choice(256, chance.integers(0, 90), replace=False)] = 1
        found[n] = found[n - 1] ^ np.packbits(flips)
    return found


def brute_force(held: list[tuple[bytes, int]], queries: Codes, radius: int) -> list[tuple[int, int, int]]:
    best: dict[tuple[int, int], int] = {}
    for row, query in enumerate(queries):
        for code, one in held:
            bits = int(np.bitwise_count(np.frombuffer(code, dtype=np.uint8) ^ query).sum())
            if bits <= radius:
                best[row, one] = min(bits, best.get((row, one), 256))
    return [(row, one, bits) for (row, one), bits in sorted(best.items())]


def told(hits: Hits) -> list[tuple[int, int, int]]:
    return list(zip(hits.rows.tolist(), hits.ids.tolist(), hits.bits.tolist(), strict=True))


@pytest.fixture(params=ADAPTERS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    opened: list[PgvectorIndex] = []

    def in_postgres() -> CodeIndex:
        url = request.getfixturevalue("pgvector_url")
        opened.append(PgvectorIndex(url, f"codes_{next(_TABLES)}"))
        return opened[-1]

    made: dict[str, Make] = {
        "flat": lambda: MemoryIndex(tail=8, large=32),
        "hashed": lambda: MemoryIndex(tail=8, large=32, hashed=True),
        "pgvector": in_postgres,
    }
    yield made[request.param]
    for index in opened:
        index.close()


_TABLES = itertools.count()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.sampled_from(("add", "add", "remove", "forget")), st.integers(0, 40)), max_size=8),
    radius=st.sampled_from([0, 1, 30, 31, 32, 60, 90, 255]),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_finds_what_brute_force_finds_after_any_changes(
    make: Make, steps: list[tuple[str, int]], radius: int, seed: int
) -> None:
    index, held = make(), list[tuple[bytes, int]]()
    for step, size in steps:
        if step == "add":
            codes, ids = codes_of(size, seed + size), np.arange(size, dtype=np.int64) % 7
            index.add(codes, ids)
            held += [(code.tobytes(), int(one)) for code, one in zip(codes, ids, strict=True)]
        elif step == "remove":
            gone = {size % 9, 3}
            assert index.remove(gone) == sum(one in gone for _, one in held)
            held = [(code, one) for code, one in held if one not in gone]
        else:
            index.forget()
        assert index.count == len(held)
    queries = codes_of(10, seed + 1)
    for n, (code, _) in enumerate(held[:3]):
        queries[n] = np.frombuffer(code, dtype=np.uint8)
    assert told(index.near(queries, radius)) == brute_force(held, queries, radius)


@pytest.mark.parametrize("radius", [31, 60])
def test_the_radius_is_inclusive(make: Make, radius: int) -> None:
    index, code = make(), codes_of(1, 3)
    index.add(np.repeat(code, 40, axis=0), np.arange(40, dtype=np.int64))
    flips = np.zeros((2, 256), dtype=np.uint8)
    flips[0, :radius] = flips[1, : radius + 1] = 1
    hits = index.near(code ^ np.packbits(flips, axis=1), radius)
    assert told(hits) == [(0, n, radius) for n in range(40)]
    assert hits.votes() == dict.fromkeys(range(40), 1)


def test_removing_one_id_renumbers_no_other(make: Make) -> None:
    """What faiss's bare Flat does, silently."""
    index, codes = make(), codes_of(60, 5)
    index.add(codes, np.arange(60, dtype=np.int64))
    assert index.remove([0, 17, 99]) == 2
    assert index.near(codes, 0).votes() == {n: 1 for n in range(60) if n not in (0, 17)}


def test_an_id_that_was_removed_may_come_again(make: Make) -> None:
    index, codes = make(), codes_of(50, 6)
    index.add(codes, np.full(50, 4, dtype=np.int64))
    index.remove([4])
    index.add(codes[:1], np.array([4], dtype=np.int64))
    assert index.near(codes[::2], 0).votes() == {4: 1} and index.count == 1


def test_an_empty_index_and_an_empty_query_find_nothing(make: Make) -> None:
    index = make()
    assert told(index.near(codes_of(3, 1), 255)) == [] and index.remove([1]) == 0 and index.count == 0
    index.add(codes_of(3, 1), np.arange(3, dtype=np.int64))
    assert told(index.near(codes_of(0, 1), 255)) == []


def test_searching_while_others_add_remove_and_forget(make: Make) -> None:
    """Bare faiss crashed the process four times out of four here (FORMATS 8)."""
    index, codes, wrong = make(), codes_of(600, 1), list[object]()
    index.add(codes[:60:2], np.arange(0, 60, 2, dtype=np.int64))
    expected, done = index.near(codes[:60:2], 0).votes(), threading.Event()

    def search() -> None:
        while not done.is_set():
            if index.near(codes[:60:2], 0).votes() != expected:
                wrong.append("a code that was there is missing")

    def change(start: int) -> None:
        for n in range(start, 600, 100):
            index.add(codes[n : n + 50], np.arange(n + 1_000, n + 1_050, dtype=np.int64))
            index.remove(range(n + 1_000, n + 1_025))
            index.forget()

    searchers = [threading.Thread(target=search) for _ in range(2)]
    changers = [threading.Thread(target=change, args=(start,)) for start in (100, 150)]
    for thread in searchers + changers:
        thread.start()
    for thread in changers:
        thread.join()
    done.set()
    for thread in searchers:
        thread.join()
    assert not wrong and index.count == 30 + 10 * 25
