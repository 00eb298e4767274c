"""Where statements wait that nobody holds a thread for: judged together, committed together, answered one by one.

One thread takes all that came while it judged the last ones, and hands those that passed to the writer, whose commit runs
while the next are judged. An answer is called in a thread of ours and must not block. Each statement has its own
outcome; those of one submission come together, in order.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence

from ledger.errors import Misuse, Unavailable
from ledger.proof.dsse import Envelope
from ledger.receipt import Receipt
from ledger.statement import Opening

BATCH_STATEMENTS_MAX = 1_000  # one call's worth; the writer's own bound on a transaction
WAITING_MAX = 20_000  # statements; at the slowest disk we know this is half a minute's work, and nobody waits longer
TOGETHER_MAX = 250  # judged in one go: about what one commit takes, so that judging and committing overlap

Unparsed = tuple[bytes | Envelope, Mapping[str, Opening]]
"""A statement as it came, and the openings of what it seals."""
Answer = Callable[[list[Receipt | BaseException]], None]

_Job = tuple[Sequence[Unparsed], Answer]


class Intake:
    """A thread between callers and the writer. `handle(asked, answer)` judges and commits; it may answer later."""

    def __init__(self, handle: Callable[[list[Unparsed], Answer], None]) -> None:
        self._handle = handle
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._waiting, self._closed, self._lock = 0, False, threading.Lock()

    def submit(self, asked: Sequence[Unparsed], answer: Answer) -> None:
        """Returns at once. Raises Unavailable `busy`, `writer_closed`; after that `answer` is never called."""
        with self._lock:
            if self._closed:
                raise Unavailable("writer_closed", "the ledger was closed")
            if self._waiting + len(asked) > WAITING_MAX:
                raise Unavailable("busy", f"{self._waiting} statements wait already", "Try again in a few seconds.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="countersign-intake", daemon=True)
                self._thread.start()
            self._waiting += len(asked)
            self._queue.put((asked, answer))

    def close(self) -> None:
        """Judges what is queued, then stops; the writer is closed after this."""
        with self._lock:
            self._closed, thread = True, self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs, last = self._together(job)
            asked = [each for some, _ in jobs for each in some]
            with self._lock:
                self._waiting -= len(asked)
            self._handle(asked, _each_its_own(jobs))
            if last:
                return

    def _together(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs, count = [first], len(first[0])
        while count < TOGETHER_MAX:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
            if job is None:
                return jobs, True
            jobs.append(job)
            count += len(job[0])
        return jobs, False


def bound_batch(statements: Sequence[object]) -> None:
    """Raises Misuse `batch_too_large`."""
    if len(statements) > BATCH_STATEMENTS_MAX:
        raise Misuse("batch_too_large", f"more than {BATCH_STATEMENTS_MAX} statements", "Send them in parts.")


def _each_its_own(jobs: Sequence[_Job]) -> Answer:
    def answer(outcomes: list[Receipt | BaseException]) -> None:
        start = 0
        for asked, each in jobs:
            each(outcomes[start : start + len(asked)])
            start += len(asked)

    return answer
