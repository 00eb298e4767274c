"""SQLiteStore keeps the contract, and what is special to one file: many processes, damage, leftovers."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.errors import LedgerError, Unavailable, Untrusted
from ledger.proof.merkle import leaf_hash, root_of
from ledger.store.contract import Appended, Pending, Query, Seal, Store
from ledger.store.dcb import StoreRecorder
from ledger.store.sqlite import SQLiteStore
from tests.contract.store.suite import StoreContract, event, one, plain_seal

PROCESSES, ROUNDS = 4, 60


class TestSQLite(StoreContract):
    def open(self, place: Path, seal: Seal = plain_seal) -> Store:
        return SQLiteStore(place / "log.sqlite", seal)


def _say_in_another_process(path: str, worker: int, start: object, answers: object) -> None:
    start.wait(60)
    done: list[int] = []
    try:
        store = SQLiteStore(Path(path), plain_seal)
        for n in range(ROUNDS):
            pending = [one(b"%d/%d/%d" % (worker, n, part), f"w:{worker}") for part in range(1 + n % 3)]
            done += [outcome.index for outcome in store.append_batch(pending).outcomes]
        store.close()
        answers.put((worker, done, None))
    except LedgerError as error:
        answers.put((worker, done, str(error)))


def test_processes_on_one_new_file_lose_nothing_and_leave_no_gap(tmp_path: Path) -> None:
    path, spawn = tmp_path / "log.sqlite", multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(PROCESSES), spawn.Queue()
    arguments = [(str(path), worker, start, answers) for worker in range(PROCESSES)]
    workers = [spawn.Process(target=_say_in_another_process, args=each) for each in arguments]
    for worker in workers:
        worker.start()
    said = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert [error for _, _, error in said if error] == []
    acknowledged = sorted(index for _, done, _ in said for index in done)
    expected = PROCESSES * sum(1 + n % 3 for n in range(ROUNDS))
    assert acknowledged == list(range(expected))
    store = SQLiteStore(path, plain_seal)
    entries = list(store.read_entries())
    assert [entry.index for entry in entries] == acknowledged
    assert store.head() == (expected, plain_seal(expected, root_of([leaf_hash(entry.entry) for entry in entries])))
    for worker, done, _ in said:
        mine = store.read_entries([Query(tags=[f"w:{worker}"])])
        assert [entry.index for entry in mine] == done
    store.close()


def test_many_openings_of_one_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    for attempt in range(5):
        path, gate, failures = tmp_path / f"{attempt}.sqlite", threading.Barrier(8), []

        def open_one(path: Path = path, gate: threading.Barrier = gate, failures: list[object] = failures) -> None:
            gate.wait(30)
            try:
                store = SQLiteStore(path, plain_seal)
                store.append_batch([one(b"a")])
                store.close()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=open_one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def test_a_thread_that_ended_leaves_no_open_file_behind(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "log.sqlite", plain_seal)
    store.append_batch([one(b"a")])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(30):
        thread = threading.Thread(target=store.size)
        thread.start()
        thread.join()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 6
    store.close()


def test_a_row_taken_out_by_hand_stops_every_append(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    store = SQLiteStore(path, plain_seal)
    store.append_batch([one(b"a"), one(b"b")])
    _edit(path, "DELETE FROM entry WHERE position = 2")
    with pytest.raises(Untrusted, match="store_corrupt"):
        store.append_batch([one(b"c")])
    store.close()


def test_a_row_put_in_by_hand_stops_every_append(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    store = SQLiteStore(path, plain_seal)
    store.append_batch([one(b"a")])
    _edit(path, "INSERT INTO entry VALUES (9, 'noted.v1', '', NULL, x'00')")
    with pytest.raises(Untrusted, match="store_corrupt"):
        store.append_batch([one(b"c")])
    store.close()


def test_a_tile_cut_short_stops_every_append_of_whoever_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    store = SQLiteStore(path, plain_seal)
    store.append_batch([one(b"a"), one(b"b")])
    store.close()
    _edit(path, "UPDATE tile SET hashes = substr(hashes, 1, 32)")
    store = SQLiteStore(path, plain_seal)
    with pytest.raises(Untrusted, match="tile_incomplete"):
        store.append_batch([one(b"c")])
    store.close()


def test_a_tile_edited_under_a_running_writer_is_written_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    store = SQLiteStore(path, plain_seal)
    store.append_batch([one(b"a"), one(b"b")])
    _edit(path, "UPDATE tile SET hashes = substr(hashes, 1, 32)")
    store.append_batch([one(b"c")])
    assert store.tile(0, 0) == b"".join(map(leaf_hash, (b"a", b"b", b"c")))
    store.close()


def test_a_file_that_is_no_database_is_untrusted(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(Untrusted, match="store_corrupt"):
        SQLiteStore(path, plain_seal)


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="store_unavailable"):
        SQLiteStore(tmp_path / "nowhere" / "log.sqlite", plain_seal)


def test_a_log_held_by_somebody_else_is_busy_and_not_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.sqlite_rows.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "log.sqlite"
    store = SQLiteStore(path, plain_seal)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="store_busy"):
        store.append_batch([one(b"a")])
    holder.execute("ROLLBACK")
    assert store.append_batch([one(b"a")]).outcomes == (Appended(0),)
    holder.close()
    store.close()


def test_one_bad_entry_of_a_recorder_is_refused_and_the_log_goes_on(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "log.sqlite", plain_seal)
    twice = Pending((event(b"a", statement_id="s-1"), event(b"b", statement_id="s-1")))
    with pytest.raises(LedgerError):
        store.append_batch([twice])
    assert StoreRecorder(store).read().head is None
    assert store.append_batch([one(b"a")]).outcomes == (Appended(0),)
    store.close()


def _edit(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()
