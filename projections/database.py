"""views.sqlite: every view's tables, and for each view how far it came. Apart from the log, so it can be thrown away.

WAL with synchronous=NORMAL: power loss may take the last pages, rows and positions together, and they are applied again.
Reads come from a pool of connections, each read inside one snapshot that also says whether the view may be asked at all.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError, Misuse, Unavailable

BUSY_TIMEOUT_MS = 10_000  # another process's page is applied well before; past it something is stuck
IDLE_READERS_MAX = 8  # connections kept open between reads; a burst opens more and gives them back
WRITER_CACHE_KIB = (
    65_536  # keys of views are digests, so a page of entries touches a page of the file for nearly every row
)
WAL_PAGES = 16_384  # 64 MB between checkpoints: at SQLite's 4 MB a catch-up flushed every hundred entries

_SCHEMA = """
CREATE TABLE IF NOT EXISTS view (
  name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL, leaf_hash BLOB NOT NULL,
  ready_at INTEGER NOT NULL, builds INTEGER NOT NULL, error TEXT) WITHOUT ROWID
"""
_ENVIRONMENT = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


@dataclass(frozen=True)
class Snapshot:
    """One consistent look at a view's rows. `builds` counts how often the view was begun anew."""

    name: str
    position: int
    builds: int
    connection: sqlite3.Connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, tuple(parameters)).fetchall()


class ViewsDatabase:
    """One connection writes under a lock; readers are pooled. Thread-safe; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool_lock, self._write_lock = threading.Lock(), threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        with translated():
            self._writer = self._open_or_start_over()

    # -- writing -------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all or none. IMMEDIATE: positions are read under the lock that will move them."""
        with self._write_lock, translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def empty_journal(self) -> None:
        """Takes what was overwritten out of the write-ahead file too, if nobody is reading from it just now."""
        with self._write_lock, translated():
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # -- reading -------------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self, name: str) -> Iterator[Snapshot]:
        """A look at a view that may be asked. Raises Unavailable `view_stopped`, `view_rebuilding`, `view_missing`."""
        with self._reader() as connection:
            sql = "SELECT position, ready_at, builds, error FROM view WHERE name = ?"
            row = connection.execute(sql, (name,)).fetchone()
            if row is None:
                raise Unavailable("view_missing", f"the view {name} was never built", "Catch up first.")
            position, ready_at, builds, error = row
            if error is not None:
                what = f"the view {name} stopped at entry {position}: {error}"
                raise Unavailable("view_stopped", what, "Mend the cause; it goes on from there. Nothing was skipped.")
            if position < ready_at:
                what = f"the view {name} is being built: {position} of {ready_at} entries"
                raise Unavailable("view_rebuilding", what, "Ask again in a moment.")
            yield Snapshot(name, position, builds, connection)

    def states(self) -> list[tuple[Any, ...]]:
        """(name, version, position, ready_at, error) of every view, by name."""
        with self._reader() as connection:
            sql = "SELECT name, version, position, ready_at, error FROM view ORDER BY name"
            return connection.execute(sql).fetchall()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with translated():
            connection = self._take()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._pool_lock:
            if self._closed:
                raise Misuse("views_closed", "the views were closed")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._pool_lock:
            if not self._closed and len(self._idle) < IDLE_READERS_MAX:
                self._idle.append(connection)
                return
        connection.close()

    # -- connections ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Waits for the transaction in progress; readers still at work close their own connection."""
        with self._write_lock, self._pool_lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            self._writer.close()

    def _open_or_start_over(self) -> sqlite3.Connection:
        """A file that is no database any more holds nothing that the log doesn't: it is removed and built again."""
        try:
            return self._prepared()
        except sqlite3.DatabaseError as error:
            if not error.sqlite_errorname.startswith(_BROKEN):
                raise
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            connection.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            connection.execute(_SCHEMA)
            connection.execute("SELECT COUNT(*) FROM view").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        timeout_s = BUSY_TIMEOUT_MS / 1000
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=timeout_s)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection


class View:
    """The queries' side of a projection: it reads its own tables through one database."""

    name: str

    def __init__(self, database: ViewsDatabase) -> None:
        self._database = database

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._database.snapshot(self.name) as snapshot:
            return snapshot.rows(sql, parameters)


def tables_of(db: sqlite3.Connection) -> list[str]:
    """The views' own tables, without those that SQLite keeps under a virtual one: these differ with the size of pages."""
    sql = """SELECT name FROM sqlite_master AS t WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'view'
             AND NOT EXISTS (SELECT 1 FROM sqlite_master AS v
                             WHERE v.sql LIKE 'CREATE VIRTUAL%' AND substr(t.name, 1, length(v.name) + 1) = v.name || '_')
             ORDER BY name"""
    return [name for (name,) in db.execute(sql)]


def is_environment(error: BaseException) -> bool:
    """True for an SQLite error that says nothing about the view: busy, full, unreadable."""
    return isinstance(error, sqlite3.Error) and _errorname(error).startswith((*_ENVIRONMENT, *_BROKEN))


def _errorname(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors in our words. All can be retried: whatever happens to this file, the log has it all."""
    try:
        yield
    except LedgerError:
        raise
    except sqlite3.ProgrammingError as error:
        raise Misuse("views_closed", "the views were closed") from error
    except sqlite3.Error as error:
        name = _errorname(error)
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Unavailable("views_busy", "another process holds the views", "Try again.") from error
        if name.startswith("SQLITE_FULL"):
            raise Unavailable("views_full", "the disk under the views is full", "Free space.") from error
        what = f"SQLite answered {name or type(error).__name__}"
        do = "Stop, delete views.sqlite (or tagindex.sqlite) and start: it rebuilds."
        raise Unavailable("views_unavailable", what, do) from error
