"""The log in one SQLite file: entries, tags, Merkle tiles and the checkpoint, always in one transaction.

WAL with synchronous=FULL: an answered append survives power loss; a crash leaves all of a transaction or none of it.
Writers begin IMMEDIATE, so two processes on one file queue instead of failing halfway. Positions are given explicitly
and must be contiguous: a gap means that somebody edited the file, and appends stop.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.errors import Misuse, NotFound
from ledger.store.contract import (
    READ_PAGE_ENTRIES,
    Pending,
    Query,
    Receipts,
    Seal,
    Stored,
)
from ledger.store.sqlite_append import Appender
from ledger.store.sqlite_rows import (
    COLUMNS,
    SCHEMA,
    UNHEARD,
    TileRows,
    blob,
    count,
    in_our_words,
    open_database,
    select,
    stored,
    translated,
)

NO_END = 2**63 - 1
WAL_PAGES = 8_192  # 32 MB between checkpoints; a page of tags that many commits touch is copied into the file once
POLL_S = 0.05  # how late another process's append is noticed; our own wakes waiters at once


def _unsealed(size: int, root: bytes, before: bytes) -> bytes:
    return b""


class SQLiteStore:
    """The Store port on SQLite. One connection writes under a lock; each read borrows another."""

    def __init__(self, path: Path, seal: Seal = _unsealed) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        self._grown, self._growth, self._wakes = threading.Condition(), 0, 0
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        with translated():
            self._writer = open_database(self._path, SCHEMA)
            self._writer.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            self._appender = Appender(self._writer, seal)

    # -- writing -------------------------------------------------------------------------------------------------

    def append_batch(self, pending: Sequence[Pending]) -> Receipts:
        with self._write_lock, translated():
            receipts = self._appender.append(pending)
        with self._grown:
            self._growth += 1
            self._grown.notify_all()
        return receipts

    # -- reading -------------------------------------------------------------------------------------------------

    def size(self) -> int:
        return count(self._fetch("SELECT size FROM head", ())[0][0])

    def head(self) -> tuple[int, bytes]:
        size, checkpoint = self._fetch("SELECT size, checkpoint FROM head", ())[0]
        return count(size), blob(checkpoint, "the head")

    def tile(self, level: int, index: int) -> bytes:
        with translated(), self._reader() as connection:
            return TileRows(connection).tile(level, index)

    def entry(self, index: int) -> Stored:
        row = self._fetch(f"{COLUMNS} WHERE position = ?", (index + 1,))
        if not row:
            raise NotFound("entry_unknown", f"the log has no entry {index}")
        return stored(row[0])

    def by_statement(self, statement_id: str) -> Stored | None:
        rows = self._fetch(f"{COLUMNS} WHERE statement_id = ?", (statement_id,))
        return stored(rows[0]) if rows else None

    def surely_silent(self, query: Query, after: int, upto: int) -> bool:
        return self._appender.newest.surely_silent(query, after, upto)

    def unheard(self, tags: Collection[str]) -> list[str]:
        return [name for (name,) in self._fetch(UNHEARD, (json.dumps(list(tags)),))]

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        left = limit
        while left is None or left > 0:
            page = READ_PAGE_ENTRIES if left is None else min(left, READ_PAGE_ENTRIES)
            rows = self._page(queries, after, upto, page)
            yield from map(stored, rows)
            if len(rows) < page:
                return
            after = rows[-1][0]
            left = None if left is None else left - len(rows)

    def _page(self, queries: Sequence[Query], after: int, upto: int | None, page: int) -> list[tuple[Any, ...]]:
        if not queries or any(not query.tags and not query.types for query in queries):
            sql = f"{COLUMNS} WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
            return self._fetch(sql, (after, NO_END if upto is None else upto, page))
        parts = list(select(queries, after, NO_END if upto is None else upto))
        if len(parts) == 1:
            positions_sql, parameters = parts[0]
            sql = f"{COLUMNS} WHERE position IN (SELECT position FROM ({positions_sql}) ORDER BY position LIMIT ?)"
            return self._fetch(f"{sql} ORDER BY position", [*parameters, page])
        return self._wide_page(parts, page)

    def _wide_page(self, parts: Sequence[tuple[str, list[Any]]], page: int) -> list[tuple[Any, ...]]:
        found: set[int] = set()
        for sql, parameters in parts:
            found.update(row[0] for row in self._fetch(f"{sql} ORDER BY position LIMIT ?", [*parameters, page]))
        positions = sorted(found)[:page]
        places = ", ".join("?" * len(positions))
        return self._fetch(f"{COLUMNS} WHERE position IN ({places}) ORDER BY position", positions)

    def wait(self, after: int, timeout_s: float) -> int:
        deadline, wakes = time.monotonic() + timeout_s, self._wakes
        while True:
            growth = self._growth  # before the size: an append in between must not be slept through
            size, left = self.size(), deadline - time.monotonic()
            if size > after or left <= 0 or self._wakes != wakes:
                return size
            with self._grown:
                if self._growth == growth:
                    self._grown.wait(min(left, POLL_S))

    def wake(self) -> None:
        with self._grown:
            self._growth, self._wakes = self._growth + 1, self._wakes + 1
            self._grown.notify_all()

    def close(self) -> None:
        with self._write_lock, self._idle_lock:
            self._closed = True
            for connection in (self._writer, *self._idle):
                connection.close()
            self._idle.clear()

    # -- connections ---------------------------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question, then back among the idle: as many as read at once, whoever comes and goes."""
        connection = self._taken()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _taken(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self._closed:
                raise Misuse("store_closed", "the store was closed")
            if self._idle:
                return self._idle.pop()
        with translated():
            return open_database(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _fetch(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        connection = self._taken()
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise in_our_words(error) from error
        finally:
            self._give_back(connection)
