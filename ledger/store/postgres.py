"""The log in PostgreSQL: entries, tags, Merkle tiles and the checkpoint, always in one transaction.

Several processes, on several machines, may append to one database and read from it: appenders queue for the log's lock,
readers take none. What is appended how: `postgres_append`; which connections there are: `postgres_connections`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from ledger.errors import LedgerError, NotFound
from ledger.store.contract import READ_PAGE_ENTRIES, Pending, Query, Receipts, Seal, Stored
from ledger.store.postgres_append import Memory, append, evict
from ledger.store.postgres_connections import Connection, Connections
from ledger.store.postgres_rows import COLUMNS, NO_END, TILE, UNHEARD, is_retryable, select, translated
from ledger.store.sqlite_rows import stored

SCHEMA_NAME = "countersign"  # one log a database, beside whatever else the database is for
RETRY_PAUSES_S = (0.0, 0.05, 0.2, 0.8)  # after a deadlock or a lost connection; a server's restart takes about a second
POLL_S = 0.25  # how late an append is noticed whose NOTIFY was lost


def _unsealed(size: int, root: bytes, before: bytes) -> bytes:
    return b""


class PostgresStore:
    """The Store port on PostgreSQL 15 or later. One connection writes under a lock, one listens, readers borrow others.

    `url` is what libpq takes; `password`, when given, is not part of it. Raises Misuse `store_url_invalid`,
    `store_not_durable` (fsync off), `store_encoding`; Unavailable as every method.
    """

    def __init__(
        self, url: str, seal: Seal = _unsealed, *, schema: str = SCHEMA_NAME, password: str | None = None
    ) -> None:
        self._seal, self._memory = seal, Memory()
        self._connections = Connections(url, schema, password)
        self._write_lock = threading.Lock()
        self._listen_lock = threading.Lock()
        self._grown, self._growth, self._wakes = threading.Condition(), 0, 0
        self._listener: Connection | None = None
        with translated():
            self._writer: Connection | None = self._connections.open_writer()
            try:
                self._connections.make_tables(self._writer)
            except BaseException:
                self._writer.close()
                raise

    # -- writing -------------------------------------------------------------------------------------------------

    def append_batch(self, pending: Sequence[Pending]) -> Receipts:
        with self._write_lock, translated():
            self._connections.check_open()
            receipts = self._append(pending)
        self._tell()
        return receipts

    def _append(self, pending: Sequence[Pending]) -> Receipts:
        """Tries again what surely left nothing behind. Without an answer to COMMIT nothing is tried: see `append`."""
        for pause in RETRY_PAUSES_S:
            try:
                return self._append_once(pending)
            except psycopg.Error as error:
                if not (is_retryable(error) or self._was_frozen_out(error)):
                    raise
            time.sleep(pause)
        return self._append_once(pending)

    def _append_once(self, pending: Sequence[Pending]) -> Receipts:
        connection = self._writer = self._writer or self._connections.open_writer()
        try:
            return append(connection, self._seal, pending, self._memory)
        except BaseException:
            self._settle(connection)
            raise

    def _was_frozen_out(self, error: psycopg.Error) -> bool:
        """Whether the log's lock was held by a process that is not there any more, and now is free."""
        if self._writer is None or not isinstance(error, psycopg.errors.LockNotAvailable):
            return False
        return evict(self._writer) > 0

    def _settle(self, connection: Connection) -> None:
        """Leaves no transaction open: the log's lock is given back, or the connection that holds it is gone."""
        try:
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                connection.execute("ROLLBACK")
            if connection.info.transaction_status == TransactionStatus.IDLE:
                return
        except psycopg.Error:
            pass  # told by the error that brought us here
        connection.close()
        self._writer = None

    # -- reading -------------------------------------------------------------------------------------------------

    def size(self) -> int:
        return int(self._fetch("SELECT size FROM head")[0][0])

    def head(self) -> tuple[int, bytes]:
        size, checkpoint = self._fetch("SELECT size, checkpoint FROM head")[0]
        return size, checkpoint

    def tile(self, level: int, index: int) -> bytes:
        rows = self._fetch(TILE, (level, index))
        return rows[0][0] if rows else b""

    def entry(self, index: int) -> Stored:
        rows = self._fetch(f"{COLUMNS} WHERE position = %s", (index + 1,))
        if not rows:
            raise NotFound("entry_unknown", f"the log has no entry {index}")
        return stored(rows[0])

    def by_statement(self, statement_id: str) -> Stored | None:
        rows = self._fetch(f"{COLUMNS} WHERE statement_id = %s", (statement_id,))
        return stored(rows[0]) if rows else None

    def surely_silent(self, query: Query, after: int, upto: int) -> bool:
        return self._memory.newest.surely_silent(query, after, upto)

    def unheard(self, tags: Collection[str]) -> list[str]:
        return [name for (name,) in self._fetch(UNHEARD, (list(tags),))]

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        left, end = limit, NO_END if upto is None else upto
        while left is None or left > 0:
            page = READ_PAGE_ENTRIES if left is None else min(left, READ_PAGE_ENTRIES)
            rows = self._page(queries, after, end, page)
            yield from map(stored, rows)
            if len(rows) < page:
                return
            after = rows[-1][0]
            left = None if left is None else left - len(rows)

    def _page(self, queries: Sequence[Query], after: int, upto: int, page: int) -> list[tuple[Any, ...]]:
        if not queries or any(not query.tags and not query.types for query in queries):
            sql = f"{COLUMNS} WHERE position > %s AND position <= %s ORDER BY position LIMIT %s"
            return self._fetch(sql, (after, upto, page))
        found: set[int] = set()
        for sql, parameters in select(queries, after, upto):
            paged = f"SELECT DISTINCT position FROM ({sql}) AS p ORDER BY position LIMIT %s"
            found.update(row[0] for row in self._fetch(paged, [*parameters, page]))
        positions = sorted(found)[:page]
        return self._fetch(f"{COLUMNS} WHERE position = ANY(%s) ORDER BY position", (positions,)) if positions else []

    def _fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with translated():
            return self._connections.fetch(sql, parameters)

    # -- following -----------------------------------------------------------------------------------------------

    def wait(self, after: int, timeout_s: float) -> int:
        deadline, wakes = time.monotonic() + timeout_s, self._wakes
        while True:
            growth = self._growth  # before the size: an append in between must not be slept through
            size, left = self.size(), deadline - time.monotonic()
            if size > after or left <= 0 or self._wakes != wakes:
                return size
            self._pause(growth, min(left, POLL_S))

    def wake(self) -> None:
        """The one that listens hears of it from PostgreSQL, like the listeners of other processes, who look and wait on."""
        self._wakes += 1
        self._tell()
        with contextlib.suppress(psycopg.Error, LedgerError):  # unreachable, or closed: then POLL_S ends the wait
            self._connections.attempt("SELECT pg_notify(current_schema(), '')")

    def _pause(self, growth: int, seconds: float) -> None:
        """Until there may be more. One waiting thread listens to PostgreSQL and wakes the others."""
        if self._listen_lock.acquire(blocking=False):
            try:
                heard = self._listen(seconds)
            finally:
                self._listen_lock.release()
            if heard:
                self._tell()
                return
        with self._grown:
            self._grown.wait_for(lambda: self._growth != growth, seconds)

    def _listen(self, seconds: float) -> bool:
        """True when it was worth looking; False when there is nothing to listen with, and polling has to do."""
        try:
            if self._listener is None:
                self._listener = self._connections.open()
                self._listener.execute(f"LISTEN {self._connections.schema}")
                return True  # what was appended before we listened has no notice for us
            for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                pass
            return True
        except psycopg.Error:
            if self._listener is not None:
                self._listener.close()
            self._listener = None
            return False

    def _tell(self) -> None:
        with self._grown:
            self._growth += 1
            self._grown.notify_all()

    # -- the end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """A thread that waits is told within POLL_S."""
        self._connections.close()
        with self._write_lock, self._listen_lock:
            for connection in (self._writer, self._listener):
                if connection is not None:
                    connection.close()
            self._writer = self._listener = None
        self._tell()
