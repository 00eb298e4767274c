"""What a round of publishing does, and what it refuses to publish. The memory it writes to has a conscience."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import Conflict, Misuse, Untrusted
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, VKEYS
from ledger.log.publisher import Publisher
from ledger.proof.merkle import leaf_hash, root_of
from ledger.proof.tiles import unbundled
from tests.log_of import ManyEntries, log_keys
from tests.published_of import ConscientiousMemory


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ManyEntries]:
    made = ManyEntries(tmp_path / "ledger.sqlite")
    yield made
    made.close()


def publisher(log: ManyEntries, memory: ConscientiousMemory) -> Publisher:
    return Publisher(log.store, memory, log.verifiers, with_entries=memory.with_entries)


def test_a_published_log_is_whole_at_every_size_on_the_way(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    rounds = publisher(log, memory)
    for more in (1, 4, 250, 1, 1, 254, 2, 600):
        size = log.grow(more)
        assert rounds.publish().size == size
        report = audit_published(memory, log.verifiers)
        assert report.checkpoint.size == size
        assert report.checkpoint.root == root_of([leaf_hash(log.entry(number)) for number in range(size)])


def test_a_round_without_news_writes_nothing(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    log.grow(300)
    publisher(log, memory).publish()
    written = len(memory.writes)
    done = publisher(log, memory).publish()
    assert (done.tiles, done.bundles, done.published_before, len(memory.writes)) == (0, 0, 300, written)


def test_the_checkpoint_is_the_last_thing_written(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    log.grow(257)
    publisher(log, memory).publish()
    assert memory.writes[-1] == CHECKPOINT and memory.writes.count(CHECKPOINT) == 1


def test_partial_tiles_go_when_their_full_tile_is_there(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    rounds = publisher(log, memory)
    for size in (3, 200, 255):
        log.grow(size - log.store.size())
        rounds.publish()
    assert {name for name in memory.files if ".p/" in name and "tile/0" in name} == {
        "tile/0/000.p/3", "tile/0/000.p/200", "tile/0/000.p/255",
    }  # fmt: skip
    log.grow(2)
    assert rounds.publish().partials_removed == 6
    assert sorted(memory.files) == [
        CHECKPOINT, VKEYS, "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1",
    ]  # fmt: skip


def test_without_entries_only_hashes_are_published_and_they_can_follow_later(log: ManyEntries) -> None:
    memory = ConscientiousMemory(with_entries=False)
    log.grow(700)
    publisher(log, memory).publish()
    assert not [name for name in memory.files if "entries" in name]
    assert audit_published(memory, log.verifiers).bundles == 0
    memory.with_entries = True
    assert publisher(log, memory).publish().bundles == 3
    assert unbundled(memory.files["tile/entries/002.p/188"])[-1] == log.entry(699)


def test_an_empty_log_has_nothing_to_publish(log: ManyEntries) -> None:
    with pytest.raises(Misuse) as caught:
        publisher(log, ConscientiousMemory()).publish()
    assert caught.value.code == "log_empty"


def test_a_log_restored_from_an_older_copy_is_not_published(log: ManyEntries, tmp_path: Path) -> None:
    memory = ConscientiousMemory()
    log.grow(10)
    log.close()
    shutil.copyfile(log.path, tmp_path / "older.sqlite")
    log.store = ManyEntries(log.path).store
    log.grow(1)
    publisher(log, memory).publish()
    older = ManyEntries(tmp_path / "older.sqlite")
    before = dict(memory.files)
    with pytest.raises(Untrusted) as caught:
        publisher(older, memory).publish()
    assert caught.value.code == "log_behind_published"
    older.grow(5, mark="another past ")
    with pytest.raises(Untrusted) as caught:
        publisher(older, memory).publish()
    assert caught.value.code == "log_forked"
    assert memory.files == before
    older.close()


def test_of_two_logs_of_one_size_only_the_published_one_is_published(log: ManyEntries, tmp_path: Path) -> None:
    memory, other = ConscientiousMemory(), ManyEntries(tmp_path / "other.sqlite")
    log.grow(7)
    other.grow(7, mark="otherwise ")
    publisher(log, memory).publish()
    with pytest.raises(Untrusted) as caught:
        publisher(other, memory).publish()
    assert caught.value.code == "log_forked"
    other.close()


@pytest.mark.parametrize("number", [1, 300, 599])
def test_an_edited_entry_is_never_published(log: ManyEntries, number: int) -> None:
    memory = ConscientiousMemory()
    log.grow(600)
    with sqlite3.connect(log.path) as connection:
        connection.execute("UPDATE entry SET data = x'00' WHERE position = ?", (number + 1,))
    connection.close()
    with pytest.raises(Untrusted) as caught:
        publisher(log, memory).publish()
    assert caught.value.code == "store_corrupt" and not memory.files


def test_an_entry_edited_after_its_hash_was_published_is_never_published(log: ManyEntries) -> None:
    memory = ConscientiousMemory(with_entries=False)
    log.grow(600)
    publisher(log, memory).publish()
    with sqlite3.connect(log.path) as connection:
        connection.execute("UPDATE entry SET data = x'00' WHERE position = 300")
    connection.close()
    memory.with_entries = True
    with pytest.raises(Untrusted) as caught:
        publisher(log, memory).publish()
    assert caught.value.code == "store_corrupt" and "tile/entries/001" not in memory.files


def test_altered_published_tiles_are_not_built_upon(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    log.grow(10)
    publisher(log, memory).publish()
    memory.files["tile/0/000.p/10"] = bytes(320)
    log.grow(1)
    with pytest.raises(Untrusted) as caught:
        publisher(log, memory).publish()
    assert caught.value.code == "published_differs"


def test_another_logs_checkpoint_is_not_moved(log: ManyEntries, tmp_path: Path) -> None:
    memory = ConscientiousMemory()
    other = ManyEntries(tmp_path / "other.sqlite", log_keys(seed=b"\x08" * 32))
    other.grow(3)
    publisher(other, memory).publish()
    log.grow(9)
    with pytest.raises(Untrusted) as caught:
        publisher(log, memory).publish()
    assert caught.value.code == "note_signature_missing"
    other.close()


def test_who_loses_the_race_goes_on_from_the_winners_checkpoint(log: ManyEntries) -> None:
    memory = ConscientiousMemory()
    log.grow(5)
    loser = publisher(log, memory)

    def overtaken(name: str) -> None:
        if name == "tile/0/000.p/5":
            memory.before = lambda name: None
            log.grow(400)
            publisher(log, memory).publish()

    memory.before = overtaken
    assert loser.publish().published_before == 405
    assert audit_published(memory, log.verifiers).checkpoint.size == 405


def test_a_race_that_never_ends_is_told(log: ManyEntries, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise Conflict("published_moved", "by somebody")

    memory = ConscientiousMemory()
    monkeypatch.setattr(memory, "replace", lost)
    log.grow(1)
    with pytest.raises(Conflict):
        publisher(log, memory).publish()
