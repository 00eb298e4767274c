"""PostgresStore keeps the contract, and what is special to a server: what it refuses to open, edits, timeouts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.errors import LedgerError, Misuse, Unavailable, Untrusted
from ledger.store import newest, postgres_append
from ledger.store.contract import Appended, BoundaryMoved, Pending, Query, Seal, Store
from ledger.store.postgres import PostgresStore
from tests.contract.store.suite import StoreContract, event, one, plain_seal
from tests.postgres_of import Postgres, schema_of

CONNECTIONS = "ledger.store.postgres_connections"
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'countersign'"
Opens = Callable[..., PostgresStore]


@pytest.fixture
def opens(postgres: Postgres, tmp_path: Path) -> Iterator[Opens]:
    """Opens the test's log, as often as it is called, and closes all of them."""
    opened: list[PostgresStore] = []

    def open_log(seal: Seal = plain_seal, url: str = "") -> PostgresStore:
        opened.append(postgres.store(tmp_path, seal, url=url))
        return opened[-1]

    yield open_log
    for store in opened:
        store.close()


class TestPostgres(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres: Postgres) -> None:
        self.postgres = postgres

    def open(self, place: Path, seal: Seal = plain_seal) -> Store:
        return self.postgres.store(place, seal)


# -- conditions: what lies among the newest entries is judged in memory, what lies before by SQL ---------------------


def test_a_condition_reaches_past_the_newest_entries(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "NEWEST_ENTRIES_MAX", 5)
    store = opens()
    store.append_batch([one(b"%d" % n, f"n:{n}", "all:1") for n in range(20)])
    for n in (0, 13, 14, 15, 19):
        for query in (Query(tags=[f"n:{n}"]), Query(tags=[f"n:{n}", "all:1"], types=["noted.v1"])):
            before, behind = (Pending((event(b"x"),), (query,), after) for after in (n, n + 1))
            assert store.append_batch([before]).outcomes == (BoundaryMoved(n),)
            assert isinstance(store.append_batch([behind]).outcomes[0], Appended)


def test_a_batch_of_near_and_far_conditions_is_judged_item_by_item(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "NEWEST_ENTRIES_MAX", 3)
    store = opens()
    store.append_batch([one(b"%d" % n, f"n:{n}") for n in range(10)])

    def claim(tag: str, after: int) -> Pending:
        return Pending((event(b"c", tag),), (Query(tags=[tag]),), after)

    outcomes = store.append_batch([claim("n:2", 2), claim("n:2", 3), claim("n:2", 3), claim("n:9", 10)]).outcomes
    assert outcomes == (BoundaryMoved(2), Appended(10), BoundaryMoved(10), Appended(11))


# -- what it refuses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["postgres:/secret@@", "postgresql://u:secret@[::1/x", "nonsense secret", ""])
def test_an_unreadable_url_is_misuse_and_is_not_repeated(url: str) -> None:
    with pytest.raises(Misuse, match="store_url_invalid") as caught:
        PostgresStore(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__ | (caught.value.__context__ is None)


def test_a_server_that_is_not_there_is_unavailable_and_the_password_stays_unsaid(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ledger.store.postgres.RETRY_PAUSES_S", ())
    caplog.set_level(0)
    with pytest.raises(Unavailable, match="store_unavailable") as caught:
        PostgresStore("postgresql://ledger@127.0.0.1:1/ledger", password="hunter2hunter2")
    seen = [str(caught.value), repr(caught.value.__cause__), str(caught.value.__cause__), caplog.text]
    assert "hunter2" not in "".join(seen)


def test_a_server_that_does_not_flush_is_refused(opens: Opens, postgres: Postgres, tmp_path: Path) -> None:
    postgres.run(tmp_path, "ALTER SYSTEM SET fsync = off")
    try:
        _reload(postgres, tmp_path, "fsync", "off")
        with pytest.raises(Misuse, match="store_not_durable"):
            opens()
    finally:
        postgres.run(tmp_path, "ALTER SYSTEM RESET fsync")
        _reload(postgres, tmp_path, "fsync", "on")


def _reload(postgres: Postgres, place: Path, name: str, value: str) -> None:
    postgres.run(place, "SELECT pg_reload_conf()")
    deadline = time.monotonic() + 10
    while postgres.run(place, "SELECT current_setting(%s)", name) != [(value,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_database_set_to_answer_before_it_flushed_is_made_to_flush(
    opens: Opens, postgres: Postgres, tmp_path: Path
) -> None:
    opens()
    postgres.run(tmp_path, "ALTER DATABASE postgres SET synchronous_commit = off")
    try:
        store = opens()
        assert store._writer is not None
        assert store._writer.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        postgres.run(tmp_path, "ALTER DATABASE postgres RESET synchronous_commit")


def test_a_role_that_may_not_make_tables_can_use_those_that_are_there(
    opens: Opens, postgres: Postgres, tmp_path: Path
) -> None:
    opens()
    schema, role = schema_of(tmp_path), f"clerk_{schema_of(tmp_path)}"
    postgres.run(tmp_path, f"CREATE ROLE {role} LOGIN")
    postgres.run(tmp_path, f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    postgres.run(tmp_path, f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    postgres.run(tmp_path, f"GRANT UPDATE ON {schema}.head, {schema}.tile TO {role}")
    store = opens(url=postgres.url.replace("postgres@", f"{role}@"))
    assert store.append_batch([one(b"a", "t:1"), one(b"b", "t:1")]).size == 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        store._connections.fetch("UPDATE entry SET data = '' RETURNING position")


def test_an_entry_that_postgresql_cannot_hold_is_refused_and_the_log_goes_on(opens: Opens) -> None:
    store = opens()
    with pytest.raises(Misuse, match="entry_not_storable"):
        store.append_batch([one(b"a"), one(b"b", "nul:\0")])
    twice = Pending((event(b"a", statement_id="s-1"), event(b"b", statement_id="s-1")))
    with pytest.raises(LedgerError):
        store.append_batch([twice])
    assert store.append_batch([one(b"a")]).outcomes == (Appended(0),)


# -- edits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ("DELETE FROM entry WHERE position = 2", "store_corrupt"),
        ("INSERT INTO entry VALUES (9, 'noted.v1', '', NULL, '')", "store_corrupt"),
        ("DELETE FROM head", "store_corrupt"),
        ("UPDATE tile SET hashes = substr(hashes, 1, 32)", "tile_incomplete"),
        ("DROP TABLE tile", "store_corrupt"),
    ],
)
def test_a_log_edited_by_hand_stops_every_append(
    opens: Opens, postgres: Postgres, tmp_path: Path, edit: str, code: str
) -> None:
    store = opens()
    store.append_batch([one(b"a"), one(b"b")])
    postgres.run(tmp_path, edit)
    for reader in (
        opens(),
        *([] if code == "tile_incomplete" else [store]),
    ):  # who wrote the tile writes it whole again
        for _ in range(2):
            with pytest.raises(Untrusted, match=code):
                reader.append_batch([one(b"c")])


# -- patience -----------------------------------------------------------------------------------------------------


def test_a_log_held_by_somebody_else_is_busy_and_not_broken(
    opens: Opens, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTIONS}.LOCK_TIMEOUT_MS", 50)
    store = opens()
    for lock in (postgres_append.LOCK, postgres_append.HEAD):
        with postgres.connect(tmp_path) as holder, holder.transaction():
            holder.execute(lock)
            with pytest.raises(Unavailable, match="store_busy"):
                store.append_batch([one(b"a")])
            assert store.size() == 0  # a reader waits for nobody
    assert store.append_batch([one(b"a")]).outcomes == (Appended(0),)


def test_an_appender_that_froze_in_its_transaction_does_not_hold_the_log_for_ever(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTIONS}.LOCK_TIMEOUT_MS", 300)
    thawed, freezes = threading.Event(), [1]

    def freezing(size: int, root: bytes, before: bytes) -> bytes:
        if freezes:
            freezes.pop()
            thawed.wait(10)
        return plain_seal(size, root)

    frozen, other = opens(freezing), opens()
    thread = threading.Thread(target=frozen.append_batch, args=([one(b"frozen", statement_id="s-1")],))
    thread.start()
    while freezes:
        time.sleep(0.01)
    assert other.append_batch([one(b"other")]).outcomes == (Appended(0),)
    thawed.set()
    thread.join(30)
    stood = other.by_statement("s-1")
    assert stood is not None and stood.index == 1, "said again on a new connection, behind what came meanwhile"


def test_more_readers_than_connections_take_turns(
    opens: Opens, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CONNECTIONS}.READERS_MAX", 2)
    store = opens()
    store.append_batch([one(b"a")] * 3)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(store.size())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [3] * 12
    assert postgres.run(tmp_path, OURS)[0][0] <= 3


def test_an_append_is_noticed_when_its_notice_was_lost(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = opens(), opens()
    monkeypatch.setattr(PostgresStore, "_listen", lambda self, seconds: False)
    woken: list[int] = []
    thread = threading.Thread(target=lambda: woken.append(other.wait(0, 30)))
    thread.start()
    time.sleep(0.05)
    store.append_batch([one(b"a")])
    thread.join(5)
    assert woken == [1]


def test_another_process_is_woken_by_the_notice_and_not_by_polling(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.postgres.POLL_S", 20)
    store, other = opens(), opens()
    assert other.wait(0, 0.1) == 0  # it listens from here on
    woken: list[int] = []
    threads = [threading.Thread(target=lambda: woken.append(other.wait(0, 30))) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    store.append_batch([one(b"a")])
    for thread in threads:
        thread.join(5)
    assert woken == [1, 1, 1]
