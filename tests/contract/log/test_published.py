"""What every Published promises, on the folder and on the fake that tests use."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ledger.errors import Conflict, Misuse, Untrusted
from ledger.log.published import Published, PublishedFolder
from ledger.proof.tiles import TileName
from tests.published_of import ConscientiousMemory

HASH = b"h" * 32


@pytest.fixture(params=["folder", "memory"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Published:
    return PublishedFolder(tmp_path / "public") if request.param == "folder" else ConscientiousMemory()


def test_what_is_not_there_is_none(published: Published) -> None:
    assert published.read("checkpoint") is None and published.read("tile/0/000") is None
    assert list(published.names()) == []


def test_a_tile_is_written_once_and_the_same_bytes_are_no_news(published: Published) -> None:
    assert published.create("tile/0/000.p/1", HASH) is True
    assert published.create("tile/0/000.p/1", HASH) is False
    assert published.read("tile/0/000.p/1") == HASH


def test_other_bytes_under_a_published_name_are_refused(published: Published) -> None:
    published.create("tile/0/000.p/1", HASH)
    with pytest.raises(Untrusted) as caught:
        published.create("tile/0/000.p/1", b"i" * 32)
    assert caught.value.code == "published_differs"
    assert published.read("tile/0/000.p/1") == HASH


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "tile/0/../../x", "tile/0/0", "tile/00/000", "tile/8/000", "tile/0/000.p/0", "tile/0/000.p/256",
     "tile/0/000.p/01", "tile/0/x000/001", "tile/0/001/000", "tile/entries/000.p/", "", "settings.toml", "tile/0/٠٠٠"],
)  # fmt: skip
def test_only_names_of_a_log_are_names(published: Published, name: str) -> None:
    for ask in (
        published.read,
        lambda name: published.create(name, b"x"),
        lambda name: published.replace(name, None, b"x"),
    ):
        with pytest.raises(Misuse):
            ask(name)


def test_a_checkpoint_is_no_tile_and_a_tile_no_checkpoint(published: Published) -> None:
    with pytest.raises(Misuse):
        published.create("checkpoint", b"x")
    with pytest.raises(Misuse):
        published.replace("tile/0/000", None, b"x")


def test_a_moving_file_moves_only_from_what_the_mover_saw(published: Published) -> None:
    published.replace("log.vkeys", None, b"1")
    published.replace("log.vkeys", b"1", b"2")
    for seen in (None, b"1"):
        with pytest.raises(Conflict) as caught:
            published.replace("log.vkeys", seen, b"3")
        assert caught.value.code == "published_moved"
    assert published.read("log.vkeys") == b"2"


def test_partials_go_once_the_full_tile_is_there_and_not_before(published: Published) -> None:
    full = TileName(0, 1001, 256)
    published.create("tile/0/x001/001.p/1", HASH)
    published.create("tile/0/x001/001.p/2", HASH * 2)
    with pytest.raises(Misuse):
        published.drop_partials(full)
    published.create("tile/0/x001/001", HASH * 256)
    assert published.drop_partials(full) == 2 and published.drop_partials(full) == 0
    assert list(published.names()) == ["tile/0/x001/001"]


def test_of_eight_who_move_at_once_one_wins(tmp_path: Path) -> None:
    folders = [PublishedFolder(tmp_path / "public") for _ in range(8)]  # as eight processes: nothing shared but files
    won: list[int] = []

    def move(number: int) -> None:
        try:
            folders[number].replace("checkpoint", None, str(number).encode())
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=move, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and folders[0].read("checkpoint") == str(won[0]).encode()


def test_a_folder_takes_over_what_a_crash_left_half_written(tmp_path: Path) -> None:
    folder = PublishedFolder(tmp_path)
    (tmp_path / ".incoming").write_bytes(b"half a ti")
    assert list(folder.names()) == []
    folder.create("tile/0/000", HASH * 256)
    assert [path.name for path in tmp_path.iterdir()] == ["tile"]
