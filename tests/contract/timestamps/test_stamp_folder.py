"""The folder of stamps: whole or absent, whatever happens while one is written."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ledger.log.stamps import KeptStamp, StampFolder
from tests.house_of import raises_code

STAMP = KeptStamp(7, b"the checkpoint\n", b"the token")
WRITES = 3  # file, file, folder of both; then the rename and the folder around


class PowerCut(BaseException):
    """Nothing may handle this."""


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    stamps = StampFolder(tmp_path / "stamps")
    assert stamps.sizes() == []
    assert stamps.add(STAMP) and stamps.add(KeptStamp(12, b"a", b"b"))
    assert stamps.sizes() == [7, 12] and stamps.read(7) == STAMP


def test_the_first_stamp_of_a_size_stays(tmp_path: Path) -> None:
    stamps = StampFolder(tmp_path)
    assert stamps.add(STAMP)
    assert not stamps.add(KeptStamp(7, b"another", b"token"))
    assert stamps.read(7) == STAMP


def test_names_that_are_no_sizes_are_passed_over(tmp_path: Path) -> None:
    for name in (".incoming", "007", "-1", "7x", "notes"):
        (tmp_path / name).mkdir()
    assert StampFolder(tmp_path).sizes() == []


def test_a_stamp_that_is_not_there_or_not_whole_is_told(tmp_path: Path) -> None:
    stamps = StampFolder(tmp_path)
    raises_code("stamp_unknown", lambda: stamps.read(7))
    stamps.add(STAMP)
    (tmp_path / "7" / "checkpoint").unlink()
    raises_code("stamp_incomplete", lambda: stamps.read(7))


@pytest.mark.parametrize("persisted", [False, True])
@pytest.mark.parametrize("number", range(WRITES + 2))
def test_power_cut_at_any_write_leaves_a_stamp_whole_or_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, persisted: bool
) -> None:
    """Each flush, and the rename, fails once before and once after it was done."""
    calls = iter(range(100))

    def cut(real: Any) -> Any:
        def called(*arguments: Any) -> Any:
            hit = next(calls) == number
            if hit and not persisted:
                raise PowerCut
            result = real(*arguments)
            if hit:
                raise PowerCut
            return result

        return called

    stamps = StampFolder(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", cut(os.fsync))
        patched.setattr(Path, "rename", cut(Path.rename))
        with pytest.raises(PowerCut):
            stamps.add(STAMP)
    there = stamps.sizes() == [7]
    assert there == ((number, persisted) >= (WRITES, True)), "after the rename, and not before"
    if there:
        assert stamps.read(7) == STAMP
    assert stamps.add(STAMP) is not there
    assert stamps.read(7) == STAMP and [path.name for path in tmp_path.iterdir()] == ["7"]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "stamps").write_text("a file stands where the folder should")
    stamps = StampFolder(tmp_path / "stamps")
    raises_code("stamps_unavailable", lambda: stamps.add(STAMP))
    assert stamps.sizes() == []


def test_many_at_once_leave_one_stamp_a_size(tmp_path: Path) -> None:
    stamps, added = StampFolder(tmp_path), []

    def add(number: int) -> None:
        added.append(stamps.add(KeptStamp(number % 5 + 1, b"c%d" % number, b"t%d" % number)))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 5 and stamps.sizes() == [1, 2, 3, 4, 5]
    for size in stamps.sizes():
        kept = stamps.read(size)
        assert kept.checkpoint[1:] == kept.token[1:], "two writers' files are mixed"
