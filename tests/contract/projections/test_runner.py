"""Pages, positions, stops and rebuilds: a view is never stale silently and never skips."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import Misuse, NotFound, Unavailable
from ledger.statement import Said
from projections import database, pages
from projections.database import View, ViewsDatabase
from projections.runner import Runner
from projections.views import Views
from schemas.catalogue import TYPES
from tests.house_of import House, raises_code
from tests.unit.projections.material import Story, clip, codes, dump, open_views


class Tally(View):
    """Counts every statement; `trouble` is called before a row is written."""

    name = "tally"
    version = 1
    schema = "CREATE TABLE tally_row (idx INTEGER PRIMARY KEY, type TEXT NOT NULL)"
    handled: frozenset[str] = TYPES
    ignored: frozenset[str] = frozenset()

    def __init__(self, db: ViewsDatabase, trouble: Callable[[Said], None] = lambda said: None) -> None:
        super().__init__(db)
        self.trouble = trouble

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        db.execute("INSERT INTO tally_row VALUES (?, ?)", (said.index, said.type))
        self.trouble(said)

    def indices(self) -> list[int]:
        return [index for (index,) in self._rows("SELECT idx FROM tally_row ORDER BY idx")]


class Other(Tally):
    name = "other"
    schema = "CREATE TABLE other_row (idx INTEGER PRIMARY KEY, type TEXT NOT NULL)"

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        db.execute("INSERT INTO other_row VALUES (?, ?)", (said.index, said.type))

    def indices(self) -> list[int]:
        return [index for (index,) in self._rows("SELECT idx FROM other_row ORDER BY idx")]


class Running:
    """A runner with two small views on a house's log."""

    def __init__(self, house: House, trouble: Callable[[Said], None] = lambda said: None, version: int = 1) -> None:
        self.path = house.folder / "tally.sqlite"
        base = ViewsDatabase(self.path)
        self.tally, self.other = Tally(base, trouble), Other(base)
        self.tally.version = version
        self.runner = Runner(self.path, house.ledger.store, base, (self.tally, self.other))

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()


def raising(at: int, error: BaseException) -> Callable[[Said], None]:
    def trouble(said: Said) -> None:
        if said.index == at:
            raise error

    return trouble


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 4)


def test_every_entry_is_applied_once_page_by_page(house: House) -> None:
    with Running(house) as it:
        assert it.runner.catch_up() == house.size == 11
        assert it.tally.indices() == list(range(11))
        assert it.runner.catch_up() == 11
        assert it.runner.positions() == {"tally": 11, "other": 11}
        assert [one.condition for one in it.runner.health()] == ["ready", "ready"]


def test_a_crash_inside_a_page_leaves_none_of_it(house: House) -> None:
    with Running(house, raising(6, KeyboardInterrupt())) as it, pytest.raises(KeyboardInterrupt):
        it.runner.catch_up()
    with Running(house) as it:
        assert it.runner.positions() == {"tally": 4, "other": 4}
        assert {row[0] for row in dump(it.path)["tally_row"]} == {0, 1, 2, 3}
        it.runner.catch_up()
        assert it.tally.indices() == it.other.indices() == list(range(11))


def test_a_crash_after_a_page_was_committed_applies_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Running(house) as it:
        monkeypatch.setattr(it.runner, "_tell", lambda: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            it.runner.catch_up()
        assert it.runner.positions() == {"tally": 4, "other": 4}
    with Running(house) as it:
        it.runner.catch_up()
        assert it.tally.indices() == list(range(11))


def test_a_poisoned_view_stops_at_its_entry_and_the_others_go_on(house: House) -> None:
    with Running(house, raising(6, ValueError("Inês lives here"))) as it:
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 6, "other": 11}
        assert [row[0] for row in dump(it.path)["tally_row"]] == [0, 1, 2, 3, 4, 5]
        assert it.other.indices() == list(range(11))
        error = raises_code("view_stopped", it.tally.indices)
        assert isinstance(error, Unavailable) and "entry 6" in error.what and "Inês" not in error.what
        (stopped,) = [one for one in it.runner.health() if one.name == "tally"]
        assert (stopped.condition, stopped.position, stopped.error) == ("stopped", 6, "ValueError")
        assert isinstance(it.runner.failures()["tally"], ValueError)


def test_a_stopped_view_goes_on_from_where_it_stood_once_the_cause_is_gone(house: House) -> None:
    with Running(house, raising(6, ValueError())) as it:
        it.runner.catch_up()
        house.enrol("anna", "reviewer")
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 6, "other": 12}
        it.tally.trouble = lambda said: None
        it.runner.catch_up()
        assert it.tally.indices() == list(range(12))


def test_a_stop_is_seen_by_another_process(house: House) -> None:
    with Running(house, raising(6, ValueError())) as it, Running(house) as reader:
        it.runner.catch_up()
        raises_code("view_stopped", reader.tally.indices)


def test_a_broken_table_stops_the_view_that_owns_it(house: House) -> None:
    with Running(house, raising(6, sqlite3.IntegrityError("CHECK failed"))) as it:
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 6, "other": 11}


def test_a_full_disk_stops_nobody_and_loses_nothing(house: House) -> None:
    error = sqlite3.OperationalError("full")
    error.sqlite_errorname = "SQLITE_FULL"
    with Running(house, raising(6, error)) as it:
        raises_code("views_full", it.runner.catch_up)
        assert it.runner.positions() == {"tally": 4, "other": 4}
        it.tally.trouble = lambda said: None
        it.runner.catch_up()
        assert it.tally.indices() == list(range(11))


def test_a_type_that_a_view_does_not_list_stops_it(house: House) -> None:
    with Running(house) as it:
        it.tally.handled = TYPES - {"actor.enrolled.v1"}
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 1, "other": 11}
        raises_code("view_stopped", it.tally.indices)


def test_an_entry_listed_as_another_kind_than_it_says_stops_who_reads_it(house: House) -> None:
    def reads(said: Said) -> None:
        assert said.body

    with Running(house, reads) as it, sqlite3.connect(house.folder / "ledger.sqlite") as db:
        db.execute("UPDATE entry SET type = 'asset.flagged.v1' WHERE position = 6")
        db.commit()
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 5, "other": 11}
        raises_code("view_stopped", it.tally.indices)


def test_a_view_that_asks_for_place_and_type_has_no_entry_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.statement._read", lambda raw, kind: pytest.fail("an entry was read"))
    with Running(house) as it:
        it.runner.catch_up()
        assert it.tally.indices() == list(range(11))


def test_views_that_were_never_built_do_not_answer(house: House) -> None:
    with Running(house) as it:
        raises_code("view_rebuilding", it.tally.indices)
        it.runner.catch_up()
        assert len(it.tally.indices()) == 11


def test_another_version_of_a_view_is_built_anew(house: House) -> None:
    with Running(house) as it:
        it.runner.catch_up()
    with Running(house, version=2) as it:
        assert it.runner.positions() == {"tally": 0, "other": 11}
        raises_code("view_rebuilding", it.tally.indices)
        it.runner.catch_up()
        assert it.tally.indices() == list(range(11))


def test_views_of_another_log_are_built_anew(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, second = House(tmp_path / "one"), House(tmp_path / "two")
    try:
        with Running(first) as it:
            it.runner.catch_up()
        (tmp_path / "one" / "tally.sqlite").rename(tmp_path / "two" / "tally.sqlite")
        with Running(second) as it:
            assert it.runner.positions() == {"tally": 0, "other": 0}
            it.runner.catch_up()
            assert it.tally.indices() == list(range(11))
    finally:
        first.close()
        second.close()


def test_views_that_are_ahead_of_a_restored_log_are_built_anew(house: House) -> None:
    with Running(house) as it:
        it.runner.catch_up()
        with sqlite3.connect(it.path) as db:
            db.execute("UPDATE view SET position = 400")
        db.close()
        it.runner.catch_up()
        assert it.runner.positions() == {"tally": 11, "other": 11}
        assert it.tally.indices() == list(range(11))


def test_a_file_that_is_no_database_is_thrown_away(house: House) -> None:
    (house.folder / "tally.sqlite").write_bytes(b"not a database at all" * 1000)
    with Running(house) as it:
        it.runner.catch_up()
        assert it.tally.indices() == list(range(11))


def test_deleting_the_file_loses_nothing(house: House) -> None:
    Story(house, 5).tell(12)
    views = open_views(house)
    views.catch_up()
    views.close()
    before = dump(views.path)
    for file in house.folder.glob("views.sqlite*"):
        file.unlink()
    views = open_views(house)
    views.catch_up()
    views.close()
    assert dump(views.path) == before


def test_the_follower_is_woken_by_a_commit(house: House) -> None:
    with Running(house) as it:
        it.runner.start()
        it.runner.start()
        it.runner.wait_for(house.size, 10)
        house.enrol("anna", "reviewer")
        it.runner.wait_for(house.size, 10)
        assert it.tally.indices() == list(range(12))
        it.runner.stop()
        it.runner.stop()
        house.enrol("bert", "reviewer")
        assert it.runner.positions()["tally"] == 12
        it.runner.start()
        it.runner.wait_for(13, 10)


def test_waiting_for_what_was_not_said_ends_with_the_views_named(house: House) -> None:
    with Running(house) as it:
        error = raises_code("view_behind", lambda: it.runner.wait_for(house.size + 1, 0.05))
        assert "tally" in error.what and "other" in error.what


def test_a_stopped_view_is_not_waited_for(house: House) -> None:
    with Running(house, raising(6, ValueError())) as it:
        it.runner.start()
        it.runner.wait_for(house.size, 10)
        raises_code("view_stopped", it.tally.indices)


def test_the_follower_outlives_a_locked_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("projections.runner.RETRY_AFTER_S", 0.02)
    with Running(house) as it:
        holder = sqlite3.connect(it.path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        raises_code("views_busy", it.runner.catch_up)
        it.runner.start()
        holder.execute("ROLLBACK")
        holder.close()
        it.runner.wait_for(house.size, 10)
        assert it.tally.indices() == list(range(11))


def test_two_processes_on_one_file_apply_each_entry_once(house: House) -> None:
    with Running(house) as one, Running(house) as two:
        threads = [threading.Thread(target=it.runner.catch_up) for it in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.tally.indices() == two.tally.indices() == list(range(11))


def test_one_view_is_rebuilt_alone(house: House) -> None:
    with Running(house) as it:
        it.runner.catch_up()
        with sqlite3.connect(it.path) as db:
            db.execute("DELETE FROM tally_row WHERE idx > 3")
            db.execute("DELETE FROM other_row WHERE idx > 3")
        db.close()
        it.runner.rebuild("tally")
        assert it.tally.indices() == list(range(11))
        assert it.other.indices() == [0, 1, 2, 3]
        with pytest.raises(NotFound, match="view_unknown"):
            it.runner.rebuild("talley")


def test_closed_views_say_so(house: House) -> None:
    with Running(house) as it:
        it.runner.catch_up()
    with pytest.raises(Misuse, match="views_closed"):
        it.tally.indices()
    with pytest.raises(Misuse, match="views_closed"):
        it.runner.catch_up()


def test_readers_in_many_threads_see_whole_pages_while_views_follow(house: House, views: Views) -> None:
    views.catch_up()
    seen: list[list[str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(views.lineage.assets_under_consent(consent))

    consent = house.consent()
    generation = house.generation(consents=[consent])
    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    views.start()
    assets = []
    for n in range(12):
        assets.append(house.asset(generation))
        if n % 4 == 0:
            clip(house, codes(2, n))
    views.wait_for(house.size, 10)
    done.set()
    for thread in readers:
        thread.join()
    assert all(found == assets[: len(found)] for found in seen)
    assert views.lineage.assets_under_consent(consent) == assets
