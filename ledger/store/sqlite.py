"""The log in one SQLite file: entries, tags, Merkle tiles and the checkpoint, always in one transaction.

WAL with synchronous=FULL: an answered append survives power loss; a crash leaves all of a transaction or none of it.
Writers begin IMMEDIATE, so two processes on one file queue instead of failing halfway. Positions are given explicitly
and must be contiguous: a gap means that somebody edited the file, and appends stop.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.errors import NotFound, Untrusted
from ledger.proof.merkle import hashes_to_append, leaf_hash, tree_root
from ledger.store.contract import (
    READ_PAGE_ENTRIES,
    Appended,
    BoundaryMoved,
    EntryEvent,
    Outcome,
    Pending,
    Query,
    Receipts,
    Seal,
    Stored,
)
from ledger.store.sqlite_rows import COLUMNS, SCHEMA, TileRows, blob, count, open_database, select, stored, translated

NO_END = 2**63 - 1
POLL_S = 0.05  # how late another process's append is noticed; our own wakes waiters at once


def _unsealed(size: int, root: bytes, before: bytes) -> bytes:
    return b""


class SQLiteStore:
    """The Store port on SQLite. One connection writes under a lock; each read borrows another."""

    def __init__(self, path: Path, seal: Seal = _unsealed) -> None:
        self._path, self._seal = path, seal
        self._write_lock = threading.Lock()
        self._grown = threading.Condition()
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        with translated():
            self._writer = open_database(self._path, SCHEMA)

    # -- writing -------------------------------------------------------------------------------------------------

    def append_batch(self, pending: Sequence[Pending]) -> Receipts:
        with self._write_lock, translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                receipts = self._append(pending)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        with self._grown:
            self._grown.notify_all()
        return receipts

    def _append(self, pending: Sequence[Pending]) -> Receipts:
        (size, checkpoint) = self._writer.execute("SELECT size, checkpoint FROM head").fetchone()
        (last,) = self._writer.execute("SELECT COALESCE(MAX(position), 0) FROM entry").fetchone()
        if last != size:
            raise Untrusted("store_corrupt", f"the log's head says {size} entries, its rows end at {last}", "Run fsck.")
        outcomes: list[Outcome] = []
        leaves: list[bytes] = []
        for item in pending:
            outcome = self._place(item, size + len(leaves))
            if isinstance(outcome, Appended) and not outcome.existing:
                leaves.extend(leaf_hash(event.data) for event in item.events)
            outcomes.append(outcome)
        if leaves:
            checkpoint = self._extend(size, leaves, blob(checkpoint, "the head"))
        return Receipts(tuple(outcomes), size + len(leaves), checkpoint)

    def _place(self, item: Pending, index: int) -> Outcome:
        if (existing := self._said_before(item.events[0].statement_id)) is not None:
            return Appended(existing, existing=True)
        for sql, parameters in select(item.boundary, item.after, NO_END):
            moved = self._writer.execute(f"{sql} LIMIT 1", parameters).fetchone()
            if moved:
                return BoundaryMoved(moved[0] - 1)
        for offset, event in enumerate(item.events):
            self._insert(event, index + 1 + offset)
        return Appended(index)

    def _said_before(self, statement_id: str | None) -> int | None:
        row = self._writer.execute("SELECT position FROM entry WHERE statement_id = ?", (statement_id,)).fetchone()
        return row[0] - 1 if row else None

    def _insert(self, event: EntryEvent, position: int) -> None:
        self._writer.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
            (position, event.type, "\n".join(event.tags), event.statement_id, event.data),
        )
        self._writer.executemany(
            "INSERT INTO tag VALUES (?, ?, ?)", [(tag, event.type, position) for tag in dict.fromkeys(event.tags)]
        )

    def _extend(self, size: int, leaves: list[bytes], before: bytes) -> bytes:
        changed = hashes_to_append(size, TileRows(self._writer), leaves)
        self._writer.executemany(
            "INSERT INTO tile VALUES (?, ?, ?) ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
            [(level, number, hashes) for (level, number), hashes in changed.items()],
        )
        new_size = size + len(leaves)
        checkpoint = self._seal(new_size, tree_root(new_size, TileRows(self._writer)), before)
        self._writer.execute("UPDATE head SET size = ?, checkpoint = ?", (new_size, checkpoint))
        return checkpoint

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
        deadline = time.monotonic() + timeout_s
        while (size := self.size()) <= after and (left := deadline - time.monotonic()) > 0:
            with self._grown:
                self._grown.wait(min(left, POLL_S))
        return size

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
        with self._idle_lock:
            if self._closed:
                raise sqlite3.ProgrammingError("closed")
            idle = self._idle.pop() if self._idle else None
        connection = idle or open_database(self._path)
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _fetch(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with translated(), self._reader() as connection:
            return connection.execute(sql, tuple(parameters)).fetchall()
