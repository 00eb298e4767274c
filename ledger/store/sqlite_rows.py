"""The SQLite schema, its queries by tag and type, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError, Misuse, Unavailable, Untrusted
from ledger.store.contract import Query, Stored

BUSY_TIMEOUT_MS = 10_000  # another process's transaction ends well before; past it something is stuck
BUSY_PAUSE_S = 0.01  # between two tries at opening a file that somebody else is just making
SELECT_TERMS_MAX = 200  # SQLite takes 500 in one compound SELECT; the boundary of a large family has thousands

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  position INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, tags TEXT NOT NULL,
  statement_id TEXT UNIQUE, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS entry_by_type ON entry (type, position);
CREATE TABLE IF NOT EXISTS tag (
  name TEXT NOT NULL, type TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (name, type, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tile (
  level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (level, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head (
  id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, checkpoint BLOB NOT NULL);
INSERT OR IGNORE INTO head VALUES (1, 0, x'');
"""
UNHEARD = "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM tag WHERE name = value)"
COLUMNS = "SELECT position, type, tags, statement_id, data FROM entry"


def open_database(path: Path, schema: str = "") -> sqlite3.Connection:
    """A connection that several threads may use in turn, autocommit, durable.

    SQLite's busy timeout does not cover the change to WAL, so processes that meet on a new file take turns here.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {schema}")
            return connection
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(BUSY_PAUSE_S)
        except sqlite3.DatabaseError:
            connection.close()
            raise


def stored(row: Sequence[Any]) -> Stored:
    position, kind, tags, statement_id, data = row
    if not isinstance(tags, str):
        raise _wrong_type(f"entry {position - 1}")
    return Stored(
        position - 1, kind, tuple(tags.split("\n")) if tags else (), blob(data, f"entry {position - 1}"), statement_id
    )


def blob(value: object, item: str) -> bytes:
    """SQLite keeps any type in any column, and `bytes(10**9)` is a gigabyte: what an editor put there is not converted."""
    if not isinstance(value, bytes):
        raise _wrong_type(item)
    return value


def count(value: object) -> int:
    if not isinstance(value, int):
        raise _wrong_type("the head")
    return value


def _wrong_type(item: str) -> Untrusted:
    return Untrusted("store_corrupt", f"{item} does not hold what was written there", "Run fsck.")


def select(queries: Sequence[Query], after: int, upto: int) -> Iterator[tuple[str, list[Any]]]:
    """SQL for the positions in (after, upto] that match any query, SELECT_TERMS_MAX queries a statement."""
    for start in range(0, len(queries), SELECT_TERMS_MAX):
        parts = [_one_query(query, after, upto) for query in queries[start : start + SELECT_TERMS_MAX]]
        yield " UNION ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def _one_query(query: Query, after: int, upto: int) -> tuple[str, list[Any]]:
    sql = _positions(len(query.tags), len(query.types))
    if not query.tags:
        return sql, [after, upto, *query.types]
    first, *others = query.tags
    return sql, [first, after, upto, *query.types, *others]


@cache
def _positions(tags: int, types: int) -> str:
    typed = f" AND type IN ({', '.join('?' * types)})" if types else ""
    if not tags:
        return f"SELECT position FROM entry WHERE position > ? AND position <= ?{typed}"
    other = " AND EXISTS (SELECT 1 FROM tag AS o WHERE o.name = ? AND o.type = t.type AND o.position = t.position)"
    return f"SELECT position FROM tag AS t WHERE name = ? AND position > ? AND position <= ?{typed}{other * (tags - 1)}"


class TileRows:
    """Reads Merkle tiles through one connection, inside whatever transaction that connection is in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tile(self, level: int, index: int) -> bytes:
        sql = "SELECT hashes FROM tile WHERE level = ? AND number = ?"
        row = self._connection.execute(sql, (level, index)).fetchone()
        return blob(row[0], f"tile {level}/{index}") if row else b""


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise in_our_words(error) from error


def in_our_words(error: sqlite3.Error) -> LedgerError:
    """SQLite's errors in our words: busy and full can be retried, a broken file can't."""
    if isinstance(error, sqlite3.OperationalError):
        code = error.sqlite_errorname
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Unavailable("store_busy", "another process holds the log", "Try again.")
        if code.startswith("SQLITE_FULL"):
            return Unavailable("store_full", "the disk under the log is full; nothing was written", "Free space.")
        return Unavailable("store_unavailable", f"SQLite answered {code}", "See the runbook on storage.")
    if isinstance(error, sqlite3.ProgrammingError):
        return Misuse("store_closed", "the store was closed")
    return Untrusted("store_corrupt", f"SQLite answered {error}", "Restore the log from its copies.")
