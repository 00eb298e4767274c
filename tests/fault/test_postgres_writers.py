"""Eight processes write to one log and others follow: nobody misses an entry, sees one early, or sees two in one place."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from ledger.proof.merkle import leaf_hash, root_of, tree_root
from tests.fault.postgres_loops import BATCH, follow, say, seal
from tests.postgres_of import Postgres, schema_of

WRITERS, STATEMENTS = 8, 5_000
ANSWER_S_MAX = 180


def test_eight_writers_leave_one_log_and_followers_miss_nothing(postgres: Postgres, tmp_path: Path) -> None:
    postgres.store(tmp_path, seal).close()
    place, total = (postgres.url, schema_of(tmp_path)), WRITERS * STATEMENTS
    followed = {"follower []": ([], total), "follower ['w:3']": (["w:3"], STATEMENTS)}
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(WRITERS + len(followed)), spawn.Queue()
    workers = [(say, (*place, n, STATEMENTS // BATCH, start, answers)) for n in range(WRITERS)]
    workers += [(follow, (*place, *each, start, answers)) for each in followed.values()]
    processes = [spawn.Process(target=target, args=arguments) for target, arguments in workers]
    for process in processes:
        process.start()
    told = {name: (indexes, error) for name, indexes, error in (answers.get(timeout=ANSWER_S_MAX) for _ in workers)}
    for process in processes:
        process.join(30)
    assert [(name, error) for name, (_, error) in told.items() if error] == []
    said = {n: told[f"writer {n}"][0] for n in range(WRITERS)}
    assert sorted(index for indexes in said.values() for index in indexes) == list(range(total))
    assert told["follower []"][0] == list(range(total)), "missed, or out of order"
    assert told["follower ['w:3']"][0] == said[3], "missed, or out of order"
    _audit(postgres, tmp_path, total)


def _audit(postgres: Postgres, place: Path, total: int) -> None:
    store = postgres.store(place, seal)
    entries = list(store.read_entries())
    assert [entry.index for entry in entries] == list(range(total))
    assert len({entry.statement_id for entry in entries}) == total
    root = root_of([leaf_hash(entry.entry) for entry in entries])
    assert store.head() == (total, seal(total, root))
    assert tree_root(total, store) == root
    assert postgres.run(place, "SELECT count(*), count(DISTINCT position) FROM tag") == [(2 * total, total)]
    store.close()
