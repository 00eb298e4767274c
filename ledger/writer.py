"""One writer per log: group commit without a timer (DESIGN 7).

Callers prepare in their own threads and wait. The writer takes all that queued while its last commit ran, and puts it in
one transaction; each caller still gets its own condition, receipt and error. A caller that got no answer may say the same
statement again: its id makes that safe.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ledger.errors import Unavailable
from ledger.store.contract import Outcome, Pending, Store
from ledger.store.frontier import Growth

BATCH_ENTRIES_MAX = 1_000  # keeps one transaction under a second on a slow disk


@dataclass(frozen=True)
class Committed:
    """One caller's part of a commit, with the checkpoint that covers it."""

    outcomes: tuple[Outcome, ...]
    size: int
    checkpoint: bytes
    growth: Growth | None = None


NOTHING = Committed((), 0, b"")

_Job = tuple[Sequence[Pending], "Future[Committed]"]


class Writer:
    """A thread that owns all appends of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="countersign-writer", daemon=True)
        self._closed = False
        self._door = threading.Lock()
        self._thread.start()

    def write(self, pending: Sequence[Pending]) -> Committed:
        """Blocks until this caller's entries are durable or were refused. Raises what the store raises."""
        return self.submit(pending).result()

    def submit(self, pending: Sequence[Pending]) -> Future[Committed]:
        """The answer to come, once the entries are durable or were refused. Raises Unavailable `writer_closed`."""
        answer: Future[Committed] = Future()
        with self._door:  # nothing is queued behind the end, where nobody would answer
            if self._closed:
                raise Unavailable("writer_closed", "the ledger was closed")
            self._queue.put((pending, answer))
        return answer

    def close(self) -> None:
        """Finishes what is queued, then stops."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs, last = self._drain(job)
            self._commit(jobs)
            if last:
                return

    def _drain(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs, count = [first], len(first[0])
        while count < BATCH_ENTRIES_MAX:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
            if job is None:
                return jobs, True
            jobs.append(job)
            count += len(job[0])
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            receipts = self._store.append_batch([item for pending, _ in jobs for item in pending])
        except BaseException as error:  # every waiting caller learns of it; none of them was written
            for _, answer in jobs:
                answer.set_exception(error)
            return
        start = 0
        for pending, answer in jobs:
            outcomes = receipts.outcomes[start : start + len(pending)]
            start += len(pending)
            answer.set_result(Committed(outcomes, receipts.size, receipts.checkpoint, receipts.growth))
