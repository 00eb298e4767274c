"""What the processes of test_postgres_writers do: say batches, or follow. Few imports: each process starts anew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ledger.errors import LedgerError
from ledger.store.contract import Appended, EntryEvent, Pending, Query
from ledger.store.postgres import PostgresStore

BATCH = 100
FOLLOW_S_MAX = 120
PAD = "x" * 200  # bytes


def seal(size: int, root: bytes, before: bytes = b"") -> bytes:
    return b"%d %b" % (size, root.hex().encode())


def batch(worker: int, number: int) -> list[Pending]:
    """Batch `number` of a worker: the same whenever it is asked for, so that it can be said again."""

    def pending(part: int) -> Pending:
        name = f"{worker}-{number}-{part}"
        tags = [f"w:{worker}", f"part:{part % 7}"]
        return Pending((EntryEvent("noted.v1", f"{name} {PAD}".encode(), tags, name),))

    return [pending(part) for part in range(BATCH)]


def say(url: str, schema: str, worker: int, batches: int, start: Any, answers: Any) -> None:
    """Answers (worker, indexes in the order they were said, None or the error)."""
    store = PostgresStore(url, seal, schema=schema)
    indexes: list[int] = []
    start.wait(60)
    try:
        for number in range(batches):
            outcomes = store.append_batch(batch(worker, number)).outcomes
            indexes += [outcome.index for outcome in outcomes if isinstance(outcome, Appended)]
        again = store.append_batch(batch(worker, batches - 1)).outcomes
        assert all(isinstance(outcome, Appended) and outcome.existing for outcome in again)
        answers.put((f"writer {worker}", indexes, None))
    except (LedgerError, AssertionError) as error:
        answers.put((f"writer {worker}", indexes, repr(error)))
    store.close()


def follow(url: str, schema: str, tags: Sequence[str], count: int, start: Any, answers: Any) -> None:
    """Answers the positions seen, in the order they were seen, going on each time from the last one."""
    store = PostgresStore(url, seal, schema=schema)
    queries = [Query(tags=list(tags))] if tags else []
    seen: list[int] = []
    start.wait(60)
    deadline = time.monotonic() + FOLLOW_S_MAX
    try:
        while len(seen) < count and time.monotonic() < deadline:
            after = seen[-1] + 1 if seen else 0
            store.wait(after, 0.05)
            seen += [entry.index for entry in store.read_entries(queries, after=after)]
        answers.put((f"follower {tags}", seen, None))
    except LedgerError as error:
        answers.put((f"follower {tags}", seen, repr(error)))
    store.close()
