"""Codes lie packed in blocks beside their runs: what an index is filled with is the same, whichever it is read from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from projections import matchcodes
from projections.index import held
from projections.matchcodes import after
from projections.matches import Matches
from projections.matchpolicy import current
from projections.views import Views
from tests.house_of import House
from tests.unit.projections.material import ALGORITHM, clip, codes, fingerprints, open_views

PART = (ALGORITHM, "own")


@pytest.fixture
def views(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Views]:
    """Ten runs of five codes in blocks of four runs: two whole blocks, and two runs in none yet."""
    monkeypatch.setattr(matchcodes, "RUNS_PACKED", 4)
    views = open_views(house)
    for n in range(9):
        clip(house, codes(5, n))
    clip(house, codes(5, 9), quality=current().quality_min - 1)
    views.catch_up()
    yield views
    views.close()


def told(views: Views, number: int = 0) -> list[tuple[int, bytes]]:
    with views._database.snapshot("matches") as look:
        blocks = list(after(look, PART, number))
    return [(int(one), code.tobytes()) for found, numbers in blocks for code, one in zip(found, numbers, strict=True)]


def expected(first: int) -> list[tuple[int, bytes]]:
    return [(n + 1, code) for n in range(first, 9) for code in codes(5, n)]


def change(views: Views, sql: str) -> None:
    with sqlite3.connect(views.path) as db:
        db.execute(sql)
    db.close()


def found(views: Views, seed: int) -> int:
    views.catch_up()
    return len(views.matches.search(fingerprints(codes(5, seed))))


@pytest.mark.parametrize("number", range(11))
def test_what_came_after_any_run_is_read_once_and_in_order(views: Views, number: int) -> None:
    assert told(views, number) == expected(number)


def test_a_whole_block_is_read_without_its_runs(views: Views) -> None:
    change(views, "DELETE FROM matches_run WHERE number <= 8")
    assert told(views) == expected(0)


@pytest.mark.parametrize(
    "harm",
    [
        "codes = zeroblob(length(codes))",
        "codes = substr(codes, 1, 95)",
        "numbers = substr(numbers, 1, 7)",
        "numbers = zeroblob(8)",
        "parity = parity + 1",
    ],
)
def test_a_harmed_block_is_read_from_its_runs(views: Views, harm: str) -> None:
    change(views, f"UPDATE matches_block SET {harm} WHERE last = 4")
    assert told(views) == expected(0) and all(found(views, n) == 1 for n in range(9))


def test_one_flipped_bit_anywhere_is_no_block(views: Views) -> None:
    """faiss's own files load those silently (FORMATS 8)."""
    with views._database.snapshot("matches") as look:
        raw, numbers, parity = look.rows("SELECT codes, numbers, parity FROM matches_block LIMIT 1")[0]
    for place in range(len(raw)):
        assert not matchcodes._whole(raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1 :], numbers, parity)
    assert matchcodes._whole(raw, numbers, parity)


def test_equal_frames_of_a_run_are_one_code(house: House, views: Views) -> None:
    clip(house, [*codes(3, 20), *codes(3, 20)])
    views.catch_up()
    assert told(views, 10) == [(11, code) for code in codes(3, 20)]


def test_a_start_fills_the_index_with_all_and_later_only_with_what_is_new(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(held, "after", lambda look, part, number: read.append(number) or after(look, part, number))
    fresh = open_views(house)
    assert all(found(fresh, n) == 1 for n in range(9)) and read[:2] == [0, 0]  # frames and framings
    clip(house, codes(5, 11))
    assert found(fresh, 11) == 1 and read == [0, 0, 10, 10]  # nothing new: nothing read
    fresh.close()


@pytest.mark.parametrize("size", [1, 3, 45, 46])
def test_blocks_reach_the_index_whole_whatever_its_own_pieces(
    views: Views, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "LARGE_CODES", size)
    with views._database.snapshot("matches") as look:
        pieces = [(found.copy(), numbers) for found, numbers in held._in_pieces(after(look, PART, 0))]
    assert [len(numbers) for _, numbers in pieces] == [size] * (45 // size) + ([45 % size] if 45 % size else [])
    joined = np.concatenate([one for one, _ in pieces]), np.concatenate([numbers for _, numbers in pieces])
    assert [(int(n), code.tobytes()) for code, n in zip(*joined, strict=True)] == expected(0)


def test_blocks_hold_what_may_vote_under_the_policy_in_force() -> None:
    """Another bound is another layout: then `Matches.version` has to rise, so that blocks are packed anew."""
    assert (current().quality_min, Matches.version) == (50, 5)
