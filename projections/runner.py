"""Follows the log for a set of views: synchronously when asked, or in a thread that each commit wakes.

Catching up after a restart, after an error and after years are one and the same code (STYLE 2). Several processes may
follow one file: each page is applied by whoever takes the write lock first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ledger.errors import LedgerError, NotFound, Unavailable
from ledger.store.contract import Store
from projections.contract import Condition, Projection, ViewHealth
from projections.database import ViewsDatabase
from projections.pages import Pages

FOLLOW_WAIT_S = 0.2  # how often a follower with nothing to do looks whether it is to stop; `wake` ends it sooner
RETRY_AFTER_S = 1.0  # after a full disk or a locked file; long enough not to spin, short enough not to be noticed
POLL_S = 0.02  # how often wait_for looks at positions that another process moves
_LOG = logging.getLogger("countersign.projections")


class Runner:
    """Owns one views file. Opening it makes the tables and drops what is of another log or version; it applies nothing:
    call `catch_up` or `start`. Thread-safe.
    """

    def __init__(self, path: Path, store: Store, database: ViewsDatabase, projections: Sequence[Projection]) -> None:
        self.path, self._store, self._database = path, store, database
        self._names = tuple(projection.name for projection in projections)
        self._pages = Pages(database, store, projections)
        self._applying, self._moved = threading.Lock(), threading.Condition()
        self._moves = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            self._pages.prepare()
        except BaseException:
            database.close()
            raise

    # -- following -----------------------------------------------------------------------------------------------

    def catch_up(self) -> int:
        """Applies all that the log holds now and returns its size. A view that stopped is tried once more.

        Raises Unavailable (`views_busy`, `views_full`, …) and what the log raises; a view's own error stops that view
        and shows in `health` and in its queries.
        """
        target, failed = self._store.size(), set[str]()
        with self._applying:
            while self._pages.apply_next(target, failed):
                self._tell()
        return target

    def start(self) -> None:
        """Follows in a thread until `stop`; a second call changes nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._follow, name="countersign-views", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the page in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._store.wake()
            self._thread.join()
            self._thread = None

    def _follow(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            try:
                if seen < 0 or self._store.wait(seen, FOLLOW_WAIT_S) > seen:
                    seen = self.catch_up()
            except Exception as error:  # a full disk or a locked file ends no thread: the same pages come again
                _LOG.error("following the log failed: %s", error if isinstance(error, LedgerError) else type(error))
                self._stopping.wait(RETRY_AFTER_S)

    def wait_for(self, size: int, timeout_s: float) -> None:
        """Blocks until every view that goes on has applied `size` entries; without a follower it applies them itself.

        Raises Unavailable `view_behind`. A stopped view is not waited for: its queries say that it stopped.
        """
        if self._thread is None:
            self.catch_up()
        deadline = time.monotonic() + timeout_s
        while True:
            moves = self._moves  # before the positions: a page applied in between must not be slept through
            behind, left = self._behind(size), deadline - time.monotonic()
            if not behind or left <= 0:
                break
            with self._moved:
                if self._moves == moves:
                    self._moved.wait(min(left, POLL_S))
        if behind:
            what = f"{', '.join(behind)} did not reach entry {size} within {timeout_s} s"
            raise Unavailable("view_behind", what, "Ask again in a moment.")

    def _behind(self, size: int) -> list[str]:
        return [name for name, _, at, _, error in self._database.states() if error is None and at < size]

    def _tell(self) -> None:
        with self._moved:
            self._moves += 1
            self._moved.notify_all()

    # -- standing ------------------------------------------------------------------------------------------------

    def rebuild(self, name: str | None = None) -> int:
        """Drops one view, or all, and replays the log; returns the size it reached. Raises NotFound `view_unknown`."""
        if name is not None and name not in self._names:
            raise NotFound("view_unknown", f"there is no view {name}", f"Views: {', '.join(self._names)}.")
        self._pages.begin_anew(self._names if name is None else (name,))
        return self.catch_up()

    def positions(self) -> dict[str, int]:
        """How many entries each view has applied."""
        return {name: position for name, _, position, _, _ in self._database.states()}

    def health(self) -> list[ViewHealth]:
        """Where each view stands against the log, and what stopped it."""
        size = self._store.size()
        return [
            ViewHealth(name, version, position, size, _condition(position, ready_at, size, error), error)
            for name, version, position, ready_at, error in self._database.states()
        ]

    def failures(self) -> dict[str, Exception]:
        """The exceptions that stopped views in this process, as they were raised."""
        return dict(self._pages.failures)

    def close(self) -> None:
        """Stops following and gives back the files; the log stays open."""
        self.stop()
        self._database.close()


def _condition(position: int, ready_at: int, size: int, error: str | None) -> Condition:
    if error is not None:
        return "stopped"
    if position < ready_at:
        return "rebuilding"
    return "behind" if position < size else "ready"
