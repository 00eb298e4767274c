"""A home that searches codes in PostgreSQL: found, kept over a start, forgotten when withdrawn; clear words where it can't."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from PIL import Image
from pydantic import ValidationError

from api.services.comparing import compare_all
from ledger.clock import SteppedClock
from ledger.errors import Unavailable
from ops.bench.postgres_server import PostgresServer
from ops.home import init_home
from ops.settings import INDEX_PASSWORD_VARIABLE, Settings, read_settings, write_settings
from ops.stores import open_indexes
from ops.wiring import open_services
from projections.index.memory import MemoryIndex
from projections.index.pgvector import PgvectorIndex
from projections.views import Views
from tests.cli_of import Command
from tests.house_of import House
from tests.matching_of import Desk
from tests.unit.projections.material import clip, codes, fingerprints, turned

ORIGIN = "countersign.example/codes"


@pytest.fixture
def database(pgvector_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"codes_{abs(hash(tmp_path))}"
    with psycopg.connect(pgvector_url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    yield pgvector_url.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(pgvector_url, autocommit=True) as db:
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")


def views_over(house: House, url: str, name: str = "views.sqlite") -> Views:
    settings = Settings(origin=ORIGIN, code_index=url)
    views = Views(house.folder / name, house.ledger, house.blobs, open_indexes(settings))
    views.catch_up()
    return views


def found(views: Views, run: list[bytes]) -> list[str]:
    views.catch_up()
    return [match.asset_sha256 for match in views.matches.search(fingerprints(run))]


def stored(url: str) -> list[int]:
    """How many codes lie in each table of codes."""
    with psycopg.connect(url, autocommit=True) as db:
        names = [row[0] for row in db.execute("SELECT name FROM countersign_index ORDER BY name").fetchall()]
        return [row[0] for name in names for row in db.execute(f"SELECT count(*) FROM {name}").fetchall()]


def on_disk(url: str) -> bytes:
    """The files that the tables of codes lie in."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CHECKPOINT")
        sql = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(name::regclass) FROM countersign_index"
        return b"".join(Path(path).read_bytes() for (path,) in db.execute(sql).fetchall())


def test_clips_are_found_and_a_start_reads_only_what_came_since(
    house: House, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = [clip(house, codes(5, n)) for n in range(3)]
    views = views_over(house, database)
    assert [found(views, codes(5, n)) for n in range(3)] == [[asset] for asset in assets]
    views.close()
    added: list[int] = []
    add = PgvectorIndex.add
    monkeypatch.setattr(PgvectorIndex, "add", lambda self, codes, ids: added.append(len(ids)) or add(self, codes, ids))
    later, again = clip(house, codes(5, 9)), views_over(house, database)
    assert found(again, codes(5, 1)) == [assets[1]] and found(again, codes(5, 9)) == [later] and added == [5]
    again.close()


def test_views_that_were_built_anew_go_on_with_the_same_codes_and_others_rows_are_dropped(
    house: House, database: str, tmp_path: Path
) -> None:
    asset = clip(house, codes(5, 1))
    first = views_over(house, database)
    assert found(first, codes(5, 1)) == [asset] and stored(database)[-1] + stored(database)[0] == 5
    first.rebuild("matches")
    assert found(first, codes(5, 1)) == [asset] and sum(stored(database)) == 5
    first.close()
    (tmp_path / "other").mkdir()
    other = House(
        tmp_path / "other"
    )  # another log under the same name and in the same database: a restored copy that went on
    theirs = [clip(other, codes(5, n)) for n in (7, 8)]
    views = views_over(other, database)
    assert [found(views, codes(5, n)) for n in (1, 7, 8)] == [[], [theirs[0]], [theirs[1]]]
    assert sum(stored(database)) == 10
    views.close()
    other.close()


def test_codes_of_a_withdrawn_reference_leave_the_database(house: House, database: str) -> None:
    views = views_over(house, database)
    desk = Desk(house, views)
    work, kept = desk.reference(codes(8, 1)), codes(8, 2)
    desk.reference(kept)
    clip(house, [turned(code, 3) for code in codes(8, 1)])
    compare_all(desk.services)
    assert len(desk.matches()) == 1 and sum(stored(database)) == 24
    assert {codes(8, 1)[0], kept[0]} == {code for code in (codes(8, 1)[0], kept[0]) if code in on_disk(database)}
    desk.withdraw(work)
    views.catch_up()
    assert sum(stored(database)) == 16
    assert codes(8, 1)[0] not in on_disk(database) and kept[0] in on_disk(database)
    views.close()


def test_an_index_whose_place_was_deleted_is_filled_anew(house: House, database: str) -> None:
    """What the runbook says to do where somebody may have touched it."""
    asset = clip(house, codes(5, 1))
    views = views_over(house, database)
    assert found(views, codes(5, 1)) == [asset]
    with psycopg.connect(database, autocommit=True) as db:
        for (name,) in db.execute("SELECT name FROM countersign_index").fetchall():
            db.execute(f"DELETE FROM {name}")
    assert found(views, codes(5, 1)) == []
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("DELETE FROM countersign_index")
    assert found(views, codes(5, 1)) == [asset] and sum(stored(database)) == 5
    views.close()


def test_a_connection_that_was_cut_is_made_anew(house: House, database: str) -> None:
    asset = clip(house, codes(5, 1))
    views = views_over(house, database)
    assert found(views, codes(5, 1)) == [asset]
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    for _ in ("frames", "framings"):  # each has a connection of its own, and says once that it was cut
        with pytest.raises(Unavailable, match="index_unavailable"):
            found(views, codes(5, 1))
    assert found(views, codes(5, 1)) == [asset]
    views.close()


def test_a_filling_that_was_cut_adds_nothing_and_moves_nothing(database: str) -> None:
    index, other = PgvectorIndex(database, "cut"), PgvectorIndex(database, "cut")
    run = np.frombuffer(b"".join(codes(4)), dtype=np.uint8).reshape(-1, 32)
    with pytest.raises(Unavailable, match="index_unavailable"), index.following() as place:
        index.add(run, np.arange(4))
        place.number = 4
        other._db.execute("SELECT pg_terminate_backend(%s)", (index._db.info.backend_pid,))
    with other.following() as place:
        assert (place.number, other.count) == (0, 0)
    with index.following() as place:
        index.add(run, np.arange(4))
        place.number = 4
    assert (index.count, other.count) == (4, 4)
    index.close(), other.close()


def test_codes_of_a_log_that_was_put_back_are_dropped_even_if_the_first_look_failed(
    house: House, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five files were followed; the log that comes back has two, and its next one takes the third's number."""
    for n in range(5):
        clip(house, codes(5, n))
    views = views_over(house, database)
    assert len(found(views, codes(5, 2))) == 1
    views.close()
    (tmp_path / "back").mkdir()
    back = House(tmp_path / "back")
    kept = [clip(back, codes(5, n)) for n in (0, 1)]
    again, clear = views_over(back, database), PgvectorIndex.clear
    monkeypatch.setattr(PgvectorIndex, "clear", lambda self: self._run("SELECT 1/0"))
    with pytest.raises(Unavailable, match="index_unavailable"):
        found(again, codes(5, 1))
    monkeypatch.setattr(PgvectorIndex, "clear", clear)
    later = clip(back, codes(5, 8))
    assert [found(again, codes(5, n)) for n in (1, 2, 8)] == [[kept[1]], [], [later]]
    again.close()
    back.close()


def test_two_processes_fill_one_after_the_other(house: House, database: str) -> None:
    assets = [clip(house, codes(5, n)) for n in range(4)]
    both = [views_over(house, database, f"{n}.sqlite") for n in range(2)]
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda views=views, n=n: answers.append(found(views, codes(5, n))))
        for n, views in enumerate(both * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted([asset] for asset in assets) and sum(stored(database)) == 20
    for views in both:
        views.close()


def test_a_copy_is_found_by_the_commands_of_a_home_with_this_setting(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, _ = init_home(tmp_path / "home", SteppedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)), ORIGIN)
    write_settings(home.path, read_settings(home.path).model_copy(update={"code_index": database}))
    given: list[str | None] = []
    init = PgvectorIndex.__init__

    def opened(self: Any, url: str, table: str, password: str | None = None) -> None:
        given.append(password)
        init(self, url, table, password)

    monkeypatch.setattr(PgvectorIndex, "__init__", opened)
    monkeypatch.setenv(INDEX_PASSWORD_VARIABLE, "hunter2")  # this server asks nobody for one
    picture = Image.effect_mandelbrot((512, 384), (-0.9, 0.1, -0.7, 0.25), 100)
    picture.save(tmp_path / "picture.png")
    picture.resize((400, 300)).save(tmp_path / "copy.jpg")
    cli = Command(home.path, capsys)
    (asset,) = cli.json("import", tmp_path / "picture.png")["assets"]
    (result,) = cli.json("search", "--all", tmp_path / "copy.jpg")["results"]
    assert [match["asset_sha256"] for match in result["matches"]] == [asset["asset_sha256"]]
    assert sum(stored(database)) > 0 and set(given) == {"hunter2"}


# -- where it can't be -------------------------------------------------------------------------------------------------


def test_a_server_without_pgvector_says_what_is_missing(house: House) -> None:
    try:
        server = PostgresServer()
    except Unavailable as error:
        pytest.skip(error.what)
    try:
        with psycopg.connect(server.url) as db:
            if db.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone():
                pytest.skip("this machine's own server has pgvector")
        views = views_over(house, server.url)
        with pytest.raises(Unavailable, match=r"pgvector_missing.*CREATE EXTENSION vector"):
            found(views, codes(3, 1))
        views.close()
    finally:
        server.close()


def test_a_server_that_does_not_answer_is_said_at_the_search_and_the_views_follow_on(house: House) -> None:
    clip(house, codes(5, 1))
    views = views_over(house, "postgresql://me@127.0.0.1:9/nothing?connect_timeout=2")
    with pytest.raises(Unavailable, match="index_unavailable"):
        found(views, codes(5, 1))
    assert {one.condition for one in views.health()} == {"ready"}
    views.close()


def test_without_its_driver_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _ = init_home(tmp_path / "home", SteppedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)), ORIGIN)
    write_settings(home.path, Settings(origin=ORIGIN, code_index="postgresql://me@127.0.0.1/codes"))
    monkeypatch.setitem(sys.modules, "projections.index.pgvector", None)
    with pytest.raises(Unavailable, match=r"extra_missing.*the code index.*pip install 'countersign\[postgres\]'"):
        open_services(home.path)


@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@host/db", "postgresql://me@host/db?password=hunter2", "sqlite:x"]
)
def test_an_index_with_a_password_in_it_or_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="code_index") as caught:
        Settings(origin=ORIGIN, code_index=url)
    assert "hunter2" not in str(caught.value)


def test_in_memory_is_what_a_home_has_without_the_setting() -> None:
    assert isinstance(open_indexes(Settings(origin=ORIGIN))(("any", "own")), MemoryIndex)
