"""An index in a file is used only if it is whole and of these very rows; otherwise the rows are read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from projections.index import held
from projections.index.memory import MemoryIndex
from projections.index.snapshot import load, read_position, save
from projections.views import Views
from tests.house_of import House
from tests.unit.projections.material import clip, codes, fingerprints, open_views

POSITION = {"idx": 7, "chain": "aa"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    index, path = MemoryIndex(), tmp_path / "some.codes"
    index.add(np.arange(320, dtype=np.uint8).reshape(10, 32), np.arange(10))
    save(path, index, POSITION)
    return path


def test_a_file_holds_what_the_index_held(file: Path) -> None:
    index = load(file, POSITION)
    assert index is not None and index.count == 10
    assert index.near(np.arange(32, dtype=np.uint8).reshape(1, 32), 0).votes() == {0: 1, 8: 1}
    assert [one.name for one in file.parent.iterdir()] == ["some.codes"]


def test_one_flipped_bit_anywhere_is_no_file(file: Path) -> None:
    """faiss's own files load those silently (FORMATS 8)."""
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert load(file, POSITION) is None, place


@pytest.mark.parametrize("kept", [0, 5, 20, 40, 100, 300])
def test_a_file_that_was_cut_is_no_file(file: Path, kept: int) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    assert load(file, POSITION) is None


@pytest.mark.parametrize("other", [{"idx": 8, "chain": "aa"}, {"idx": 7, "chain": "ab"}, {"idx": 7, "more": 1}])
def test_a_file_of_another_position_is_no_file(file: Path, other: dict[str, object]) -> None:
    assert load(file, other) is None


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none", POSITION) is None and read_position(tmp_path / "none") is None


# -- what the view does with it ----------------------------------------------------------------------------------------


def files_of(views: Views) -> list[Path]:
    return sorted(views.path.with_name(f"{views.path.stem}-codes").glob("*.codes"))


def found(views: Views, seed: int) -> list[str]:
    views.catch_up()
    return [match.asset_sha256 for match in views.matches.search(fingerprints(codes(5, seed)))]


@pytest.fixture
def kept(house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose index was written to a file after two clips; two more came since."""
    monkeypatch.setattr(held, "SNAPSHOT_CODES", 10)
    views = open_views(house)
    clip(house, codes(5, 1)), clip(house, codes(5, 2))
    assert len(found(views, 1)) == 1
    (file,) = files_of(views)
    clip(house, codes(5, 3)), clip(house, codes(3, 4))
    views.close()
    return file


def test_a_start_reads_the_file_and_only_the_rows_after_it(
    house: House, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    rows = held._codes_after
    monkeypatch.setattr(
        held, "_codes_after", lambda look, part, number: read.append(number) or rows(look, part, number)
    )
    views = open_views(house)
    assert all(len(found(views, seed)) == 1 for seed in (1, 2, 3)) and read[0] == 2
    views.close()


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_a_harmed_file_is_replaced_by_the_rows(
    house: House, kept: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = bytearray(kept.read_bytes())
    raw[-60] ^= 1
    kept.write_bytes({"flip": bytes(raw), "cut": bytes(raw[:-9]), "gone": b""}[harm])
    views = open_views(house)
    assert all(len(found(views, seed)) == 1 for seed in (1, 2, 3))
    views.close()


def test_a_file_of_other_rows_is_not_used(house: House, kept: Path) -> None:
    views = open_views(house)
    views.catch_up()
    with sqlite3.connect(views.path) as db:
        db.execute("UPDATE matches_asset SET chain = zeroblob(32)")
        db.execute("DELETE FROM matches_frame WHERE number = 1")
    db.close()
    assert found(views, 1) == [] and len(found(views, 2)) == 1
    views.close()
