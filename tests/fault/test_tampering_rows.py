"""A thief with SQL at the log's rows, in SQLite and in PostgreSQL: the default fsck names each change, the same in both.

One home a store is made once: SIZE entries, everything published, and a copy of its rows from when it had OLDER. The rows
are then copied for each test. What lies beside the rows (vault, blobs, keys, public/) is in test_tampering_home.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.clock import SystemClock
from ops.cli.main import main
from ops.home import init_home
from tests.cli_of import Command
from tests.postgres_of import Postgres, schema_of

ORIGIN = "countersign.example/rows"
OLDER, SIZE = 6, 10  # publishing names the root of the tag index first
Found = dict[str, list[tuple[str, str]]]


class Rows:
    """SQL on a log's tables, past every rule; `?` stands for values in both stores."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        postgres = isinstance(self._connection, psycopg.Connection)
        cursor = self._connection.execute(sql.replace("%", "%%").replace("?", "%s") if postgres else sql, values)
        return list(cursor.fetchall()) if cursor.description else []


class InSqlite:
    def __init__(self, folder: Path) -> None:
        self.url = ""
        self._file = folder / "home" / "ledger.sqlite"

    def copy_to(self, folder: Path, home: Path) -> InSqlite:
        shutil.copyfile(self._file, home / "ledger.sqlite")
        return InSqlite(folder)

    def tamper(self, change: Callable[[Rows], object]) -> None:
        with closing(sqlite3.connect(self._file)) as db, db:
            change(Rows(db))

    def drop(self) -> None:
        pass


class InPostgres:
    """A database for each home; PostgreSQL copies a whole one with TEMPLATE."""

    def __init__(self, server: Postgres, folder: Path, template: str = "template0") -> None:
        self._server, self._name = server, schema_of(folder)
        server.run(folder, f"CREATE DATABASE {self._name} TEMPLATE {template}")
        self.url = server.url.removesuffix("/postgres") + f"/{self._name}"

    def copy_to(self, folder: Path, home: Path) -> InPostgres:
        copy = InPostgres(self._server, folder, self._name)
        settings = home / "settings.toml"
        settings.write_text(settings.read_text().replace(self.url, copy.url))
        return copy

    def tamper(self, change: Callable[[Rows], object]) -> None:
        with psycopg.connect(self.url, options="-c search_path=countersign") as connection:
            change(Rows(connection))

    def drop(self) -> None:
        self._server.run(Path(), f"DROP DATABASE {self._name} WITH (FORCE)")


@dataclass
class Made:
    """A home of SIZE entries and the rows that it had when it was OLDER."""

    home: Path
    rows: Any
    older: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp(f"rows-{request.param}")
    home = folder / "home"
    if request.param == "postgres":
        rows: Any = InPostgres(request.getfixturevalue("postgres"), folder)
    else:
        rows = InSqlite(folder)
    init_home(home, SystemClock(), ORIGIN, rows.url)
    _enrol(home, "ines:talent", "ivy:ip-steward", "lena:legal", "rob:reviewer", "pia:platform")
    older: dict[str, list[tuple[Any, ...]]] = {}
    rows.tamper(lambda db: older.update({name: db.run(f"SELECT * FROM {name}") for name in ("tile", "head")}))
    _enrol(home, "mara:producer", "paul:producer", "lib:librarian")
    assert main(["--home", str(home), "log", "publish"]) == 0
    yield Made(home, rows, older)
    rows.drop()


def _enrol(home: Path, *actors: str) -> None:
    for actor, role in (one.split(":") for one in actors):
        assert main(["--home", str(home), "actor", "enrol", actor, "--role", role]) == 0


@dataclass
class Tampered:
    cli: Command
    tamper: Callable[[Callable[[Rows], object]], None]
    made: Made

    def found(self) -> Found:
        document = self.cli.json("fsck", code=5)
        told = {check["name"]: check["findings"] for check in document["checks"] if check["findings"]}
        return {name: [(one["code"], one["item"]) for one in findings] for name, findings in told.items()}


@pytest.fixture
def log(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Tampered]:
    home = tmp_path / "home"
    shutil.copytree(made.home, home, ignore=shutil.ignore_patterns("ledger.sqlite*"))
    rows = made.rows.copy_to(tmp_path, home)
    yield Tampered(Command(home, capsys), rows.tamper, made)
    rows.drop()


def test_untouched_rows_are_clean(log: Tampered) -> None:
    document = log.cli.json("fsck")
    assert document["log_size"] == SIZE
    checked = {check["name"]: check["checked"] for check in document["checks"]}
    assert (checked["rows"], checked["entries"], checked["signatures"]) == (SIZE, SIZE, SIZE)
    assert checked["tags"] >= SIZE and checked["tree"] == 1 and checked["published"] == 1


def test_an_edited_entry_is_altered(log: Tampered) -> None:
    def edit(db: Rows) -> None:
        ((data,),) = db.run("SELECT data FROM entry WHERE position = 4")
        db.run("UPDATE entry SET data = ? WHERE position = 4", bytes(data).replace(b"recorded_at", b"recorded_ad"))

    log.tamper(edit)
    told = log.found()
    assert told["tree"] == [("entry_altered", "entry 3")]
    assert {item for findings in told.values() for _, item in findings} >= {"entry 3", "checkpoint"}


@pytest.mark.parametrize(
    ("column", "value"), [("type", "brief.drafted.v1"), ("tags", "actor:mallory"), ("statement_id", "x")]
)
def test_an_edited_column_is_named(log: Tampered, column: str, value: str) -> None:
    log.tamper(lambda db: db.run(f"UPDATE entry SET {column} = ? WHERE position = 4", value))
    told = log.found()
    assert ("column_differs", "entry 3") in told["entries"]
    assert {item for findings in told.values() for _, item in findings} == {"entry 3"}


def test_two_swapped_rows_are_two_altered_entries(log: Tampered) -> None:
    def swap(db: Rows) -> None:
        for table in ("entry", "tag"):
            for old, new in ((4, 999), (5, 4), (999, 5)):
                db.run(f"UPDATE {table} SET position = ? WHERE position = ?", new, old)

    log.tamper(swap)
    told = log.found()
    assert told["tree"] == [("entry_altered", "entry 3"), ("entry_altered", "entry 4")]
    assert {"entries", "rows", "tags"}.isdisjoint(told)


def test_swapped_contents_are_two_altered_entries(log: Tampered) -> None:
    def swap(db: Rows) -> None:
        rows = dict(db.run("SELECT position, data FROM entry WHERE position IN (4, 5)"))
        db.run("UPDATE entry SET data = ? WHERE position = ?", rows[5], 4)
        db.run("UPDATE entry SET data = ? WHERE position = ?", rows[4], 5)

    log.tamper(swap)
    told = log.found()
    assert told["tree"] == [("entry_altered", "entry 3"), ("entry_altered", "entry 4")]
    assert {item for _, item in told["entries"]} == {"entry 3", "entry 4"}


def test_a_removed_row_is_the_one_that_is_missing(log: Tampered) -> None:
    log.tamper(lambda db: db.run("DELETE FROM entry WHERE position = 4"))
    told = log.found()
    assert told["rows"] == [("entry_missing", "entry 3")] and told["tags"] == [("tag_without_entry", "entry 3")]
    assert "tree" not in told and "checkpoint" not in told  # the hash that its tile kept stands in


def test_a_tail_without_its_rows_is_told_row_by_row(log: Tampered) -> None:
    log.tamper(lambda db: [db.run(f"DELETE FROM {table} WHERE position > ?", OLDER) for table in ("entry", "tag")])
    told = log.found()
    assert [code for code, _ in told["rows"]] == ["entry_missing"] * (SIZE - OLDER) + ["head_size_differs"]


def test_a_tail_cut_with_tiles_head_and_checkpoint_is_behind_what_was_published(log: Tampered) -> None:
    """Cut row by row until nothing in the database contradicts the rest: the same as an older copy put back."""

    def cut(db: Rows) -> None:
        for table in ("entry", "tag"):
            db.run(f"DELETE FROM {table} WHERE position > ?", OLDER)
        db.run("DELETE FROM tile")
        for row in log.made.older["tile"]:
            db.run("INSERT INTO tile VALUES (?, ?, ?)", *row)
        ((_, size, checkpoint),) = log.made.older["head"]
        db.run("UPDATE head SET size = ?, checkpoint = ?", size, checkpoint)

    log.tamper(cut)
    assert log.found() == {"published": [("log_behind_published", "public/checkpoint")]}
    log.cli.fails("log_behind_published", 5, "actor", "enrol", "mallory", "--role", "legal")


def test_tag_rows_are_the_statements_tags_and_nothing_else(log: Tampered) -> None:
    log.tamper(lambda db: db.run("UPDATE tag SET name = ? WHERE position = 4 AND name LIKE 'actor:%'", "actor:mallory"))
    assert {code for code, _ in log.found()["tags"]} == {"tag_missing", "tag_extra"}
    log.tamper(lambda db: db.run("DELETE FROM tag WHERE position = 4"))
    assert set(log.found()["tags"]) == {("tag_missing", "entry 3")}


def test_a_tag_row_of_an_entry_that_never_was_is_told(log: Tampered) -> None:
    log.tamper(lambda db: db.run("INSERT INTO tag VALUES (?, ?, ?)", "actor:x", "actor.enrolled.v1", SIZE + 5))
    assert log.found() == {"tags": [("tag_without_entry", f"entry {SIZE + 4}")]}


def test_an_edited_tile_is_the_tile_that_was_altered(log: Tampered) -> None:
    def edit(db: Rows) -> None:
        ((hashes,),) = db.run("SELECT hashes FROM tile WHERE level = 0")
        db.run("UPDATE tile SET hashes = ? WHERE level = 0", bytes(32) + bytes(hashes)[32:])

    log.tamper(edit)
    told = log.found()
    assert told["tree"] == [("tile_altered", "tile 0/0")] and "checkpoint" not in told


def test_a_tile_that_no_entry_gives_is_told(log: Tampered) -> None:
    log.tamper(lambda db: db.run("INSERT INTO tile VALUES (1, 0, ?)", bytes(32)))
    assert log.found() == {"tree": [("tile_extra", "tile 1/0")]}


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 0])
def test_a_head_of_another_size_is_told(log: Tampered, size: int) -> None:
    log.tamper(lambda db: db.run("UPDATE head SET size = ?", size))
    assert ("head_size_differs", "head") in log.found()["rows"]


def test_a_head_without_its_checkpoint_or_gone_is_told(log: Tampered) -> None:
    log.tamper(lambda db: db.run("UPDATE head SET checkpoint = ?", b""))
    assert "checkpoint" in log.found()
    log.tamper(lambda db: db.run("DELETE FROM head"))
    assert ("head_missing", "head") in log.found()["rows"]


def test_an_edited_view_is_told_by_the_default_fsck(log: Tampered) -> None:
    log.cli.json("expire")  # opens the views, which follow the log
    log.cli.json("fsck")
    with closing(sqlite3.connect(log.cli.home / "views.sqlite")) as db, db:
        db.execute("DELETE FROM audit_trail_entry WHERE rowid IN (SELECT rowid FROM audit_trail_entry LIMIT 1)")
    assert [code for code, _ in log.found()["views"]] == ["view_differs"]


def test_missing_tables_are_a_corrupt_store_and_no_crash(log: Tampered) -> None:
    log.tamper(lambda db: db.run("DROP TABLE tile"))
    assert [code for code, _ in log.found()["file"]] == ["store_corrupt"]
