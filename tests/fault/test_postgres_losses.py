"""Connections cut, the server restarted, a commit without an answer, deadlocks, errors half way: all of it or none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from ledger.errors import LedgerError, Unavailable
from ledger.proof.merkle import leaf_hash, root_of
from ledger.store import postgres as store_module
from ledger.store import postgres_append
from ledger.store.contract import Appended, Query
from ledger.store.postgres import PostgresStore
from tests.contract.store.suite import one, plain_seal
from tests.depth_of import times
from tests.fault.lossy_proxy import LossyProxy
from tests.fault.postgres_loops import batch
from tests.postgres_of import Postgres

ROUNDS = times(20)


@pytest.fixture
def store(postgres: Postgres, tmp_path: Path) -> Iterator[PostgresStore]:
    store = postgres.store(tmp_path)
    yield store
    store.close()


def _audit(store: PostgresStore, size: int) -> None:
    entries = list(store.read_entries())
    assert [entry.index for entry in entries] == list(range(size))
    root = root_of([leaf_hash(entry.entry) for entry in entries])
    assert store.head() == ((size, plain_seal(size, root)) if size else (0, b""))
    by_tag = store.read_entries([Query(tags=[tag]) for tag in {tag for entry in entries for tag in entry.tags}])
    assert [entry.index for entry in by_tag] == [entry.index for entry in entries if entry.tags]


def _say_until_answered(store: PostgresStore, number: int) -> tuple[int, int]:
    """(where the batch begins, how often the store was unavailable)"""
    for failures in range(200):
        try:
            first = store.append_batch(batch(0, number)).outcomes[0]
            assert isinstance(first, Appended)
            return first.index, failures
        except Unavailable:
            time.sleep(0.02)
    raise AssertionError("never answered")


def test_connections_cut_all_the_time_lose_and_double_nothing(
    store: PostgresStore, postgres: Postgres, tmp_path: Path
) -> None:
    done, cuts = threading.Event(), [0]

    def cut() -> None:
        while not done.wait(0.03):
            cuts[0] += postgres.cut(tmp_path)

    def read() -> None:
        while not done.is_set():
            size = store.size()
            assert sum(1 for _ in store.read_entries(upto=size)) == size

    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(cut), pool.submit(read)]
        begins: list[int] = []
        while len(begins) < ROUNDS or (cuts[0] <= 5 and len(begins) < 10 * ROUNDS):
            begins.append(_say_until_answered(store, len(begins))[0])
        done.set()
        for other in others:
            other.result(30)
    assert begins == [100 * number for number in range(len(begins))]
    assert cuts[0] > 5
    _audit(store, 100 * len(begins))


def test_a_restarted_server_is_found_again_by_writers_readers_and_followers(
    store: PostgresStore, postgres: Postgres, tmp_path: Path
) -> None:
    def say() -> list[int]:
        return [_say_until_answered(store, number)[0] for number in range(2 * ROUNDS)]

    def follow() -> int:
        size = 0
        while size < 200 * ROUNDS:
            try:
                size = store.wait(size, 5)
            except Unavailable:
                time.sleep(0.02)
        return size

    with ThreadPoolExecutor(2) as pool:
        saying, following = pool.submit(say), pool.submit(follow)
        time.sleep(0.1)
        postgres.restart()
        assert saying.result(60) == [100 * number for number in range(2 * ROUNDS)]
        assert following.result(60) == 200 * ROUNDS
    _audit(store, 200 * ROUNDS)


@pytest.mark.parametrize(("lost", "kept"), [("answer", True), ("request", False)])
def test_a_commit_without_an_answer_is_unavailable_and_saying_it_again_is_safe(
    postgres: Postgres, tmp_path: Path, lost: str, kept: bool
) -> None:
    with LossyProxy(postgres.url) as proxy:
        store = postgres.store(tmp_path, url=proxy.url)
        store.append_batch(batch(0, 0))
        proxy.lose(b"COMMIT\0", lost)
        with pytest.raises(Unavailable, match=r"store_unavailable.*again"):
            store.append_batch(batch(0, 1))
        assert store.size() == (200 if kept else 100)
        again = store.append_batch(batch(0, 1)).outcomes
        assert again == tuple(Appended(100 + n, existing=kept) for n in range(100))
        _audit(store, 200)
        store.close()


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("at", [b"pg_advisory_xact_lock", b"COPY entry"])
def test_a_connection_lost_before_the_commit_is_replaced_unseen(
    postgres: Postgres, tmp_path: Path, at: bytes, lost: str
) -> None:
    with LossyProxy(postgres.url) as proxy:
        store = postgres.store(tmp_path, url=proxy.url)
        proxy.lose(at, lost)
        assert store.append_batch(batch(0, 0)).outcomes == tuple(map(Appended, range(100)))
        assert proxy.losses == 1
        _audit(store, 100)
        store.close()


def test_a_deadlock_is_rolled_back_and_tried_again(
    store: PostgresStore, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[BaseException] = []

    def watching(error: BaseException) -> bool:
        errors.append(error)
        return is_retryable(error)

    is_retryable = store_module.is_retryable
    monkeypatch.setattr(store_module, "is_retryable", watching)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'countersign' AND wait_event_type = 'Lock'"
    )
    with postgres.connect(tmp_path) as rival, ThreadPoolExecutor(1) as pool:
        rival.execute("SET deadlock_timeout = '60s'")  # the other one is to be the victim
        with rival.transaction():
            rival.execute(postgres_append.HEAD)
            saying = pool.submit(store.append_batch, batch(0, 0))
            while postgres.run(tmp_path, waiting) != [(1,)]:
                time.sleep(0.005)
            rival.execute(postgres_append.LOCK)
        assert saying.result(30).size == 100
    assert [type(error) for error in errors] == [psycopg.errors.DeadlockDetected]
    _audit(store, 100)


def _fail_at(postgres: Postgres, place: Path, position: int, sqlstate: str, times: int) -> None:
    """From now on the row of a position is refused, so often."""
    postgres.run(
        place,
        f"""
        CREATE SEQUENCE refused;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.position = {position} AND nextval('refused') <= {times} THEN
            RAISE EXCEPTION 'injected' USING ERRCODE = '{sqlstate}';
          END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION refuse()""",
    )


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [("53100", "store_full"), ("XX001", "store_corrupt"), ("40001", "store_busy"), ("58030", "store_unavailable")],
)
def test_a_copy_that_fails_half_way_leaves_nothing(
    store: PostgresStore, postgres: Postgres, tmp_path: Path, sqlstate: str, code: str
) -> None:
    store.append_batch(batch(0, 0))
    _fail_at(postgres, tmp_path, 150, sqlstate, 1_000)
    with pytest.raises(LedgerError, match=code) as caught:
        store.append_batch([*batch(0, 1), one(b"last", "last:1")])
    assert "injected" not in str(caught.value), "the server's own words may hold values"
    _audit(store, 100)
    postgres.run(tmp_path, "DROP TRIGGER refuse ON entry")
    store.append_batch(batch(0, 1))
    _audit(store, 200)


def test_what_cannot_be_serialized_now_is_tried_again_and_no_more_than_that(
    store: PostgresStore, postgres: Postgres, tmp_path: Path
) -> None:
    _fail_at(postgres, tmp_path, 50, "40001", 3)
    assert store.append_batch(batch(0, 0)).size == 100
    assert postgres.run(tmp_path, "SELECT last_value FROM refused") == [(4,)]
    _audit(store, 100)
