"""How much of anything a caller may ask for at once. Each bound is counted on what arrives, not on what is promised."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import Unavailable

BODY_BYTES_MAX = 4 * 2**20  # a sealed reference picture of 2 MB in base64, and a statement around it
FORM_OVERHEAD_BYTES_MAX = 64 * 2**10  # boundaries, part headers and small fields around an uploaded file
UPLOAD_CHUNK_BYTES = 2**20  # gathered before one write: a thread hop a megabyte, not a packet
RECEIVE_IDLE_S_MAX = 30.0  # between two pieces of a body; slower is a dead line, or somebody who holds the slot
UPLOADS_MAX = 8  # files on their way at once; each may fill upload_bytes_max of temporary disk
UPLOADS_WAITING_MAX = 256  # requests that wait for one of these places, none of their body read: 64 kB of buffer each
UPLOADS_WAITING_PER_CALLER_MAX = 128  # so that nobody fills the queue alone
UPLOAD_WAIT_S_MAX = 120.0  # our own client waits 150 s for an answer
EXAMINATIONS_MAX = 2  # decoding takes a whole core each; more only makes all of them late
EXAMINATION_WAIT_S = (
    2.0  # how long a request that holds no upload's place waits in a thread before it is told to come back
)
RETRY_AFTER_S = 5  # what 503 answers say; a typical examination is over by then
PAGE_ROWS_MAX = 500  # rows in one answer; who reads on passes the last index
VIEW_WAIT_S = 5.0  # how long a reader waits for a view to reach the log's present end
VIEW_LAG_ENTRIES_MAX = 1_000  # a view further behind than this makes the process not ready


class Slots:
    """A fixed number of places for one kind of work."""

    def __init__(self, work: str, places: int) -> None:
        self._work = work
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self, wait_s: float = 0.0) -> Iterator[None]:
        """A place for the length of the block. Raises Unavailable `busy` when none comes free in time."""
        got = self._places.acquire(timeout=wait_s) if wait_s else self._places.acquire(blocking=False)
        if not got:
            raise Unavailable("busy", f"every place for {self._work} is taken", "Try again in a few seconds.")
        try:
            yield
        finally:
            self._places.release()
