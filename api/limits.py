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
EXAMINATIONS_MAX = 2  # decoding takes a whole core each; more only makes all of them late
EXAMINATION_WAIT_S = 2.0  # how long a request waits for its turn before it is told to come back
RETRY_AFTER_S = 5  # what 503 answers say; a typical examination is over by then
PAGE_ROWS_MAX = 500  # rows in one answer; who reads on passes the last index
VIEW_WAIT_S = 5.0  # how long a reader waits for a view to reach the log's present end
VIEW_LAG_ENTRIES_MAX = 1_000  # a view further behind than this makes the process not ready


class Slots:
    """A fixed number of places for one kind of work."""

    def __init__(self, work: str, places: int, wait_s: float = 0.0) -> None:
        self._work, self._wait_s = work, wait_s
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for the length of the block. Raises Unavailable `busy` when none comes free in time."""
        got = self._places.acquire(timeout=self._wait_s) if self._wait_s else self._places.acquire(blocking=False)
        if not got:
            raise Unavailable("busy", f"every place for {self._work} is taken", "Try again in a few seconds.")
        try:
            yield
        finally:
            self._places.release()
