"""The vault's tables, its transactions, and what SQLite's errors mean there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import NotFound, Unavailable
from ledger.store.sqlite_rows import open_database

SCHEMA = """
PRAGMA secure_delete=ON;
CREATE TABLE IF NOT EXISTS subject (name TEXT PRIMARY KEY, wrapped_key BLOB, erased_at TEXT);
CREATE TABLE IF NOT EXISTS sealed (
  statement_id TEXT NOT NULL, pointer TEXT NOT NULL, subject TEXT NOT NULL REFERENCES subject (name), content BLOB,
  PRIMARY KEY (statement_id, pointer)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sealed_by_subject ON sealed (subject);
CREATE TABLE IF NOT EXISTS kek (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
"""


def open_vault_file(path: Path) -> sqlite3.Connection:
    """Readable by its owner only. Raises Unavailable `vault_unavailable`."""
    try:
        db = open_database(path, SCHEMA)
    except sqlite3.Error as error:
        raise Unavailable("vault_unavailable", "the vault file can't be opened", "Check the home folder.") from error
    path.chmod(0o600)
    return db


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All of it or none. With `begin="BEGIN"` one look at one state. Raises Unavailable `vault_unavailable`."""
    with translated():
        db.execute(begin)
        try:
            yield
            db.execute("COMMIT")
        finally:
            if db.in_transaction:  # a full disk has rolled back already
                db.execute("ROLLBACK")


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable("vault_unavailable", "the vault does not answer", "Try again.") from error


def flush(db: sqlite3.Connection) -> None:
    """Takes what was overwritten off the disk: the write-ahead file ends, and freed pages were zeroed before.

    Raises Unavailable `vault_busy` while somebody still reads old pages.
    """
    with translated():
        (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Unavailable("vault_busy", "old pages are still being read; what was destroyed is not off the disk yet")


def sealed_row(db: sqlite3.Connection, statement_id: str, pointer: str) -> tuple[str, bytes | None]:
    """Whose it is, and the ciphertext. Raises NotFound `sealed_unknown`."""
    sql = "SELECT subject, CAST(content AS BLOB) FROM sealed WHERE statement_id = ? AND pointer = ?"
    row = db.execute(sql, (statement_id, pointer)).fetchone()
    if row is None:
        raise NotFound("sealed_unknown", f"the vault has nothing for {statement_id}{pointer}")
    return row[0], row[1]


def subject_row(db: sqlite3.Connection, subject: str) -> tuple[bytes | None, str | None] | None:
    """(wrapped key, time of erasure), or None."""
    sql = "SELECT CAST(wrapped_key AS BLOB), erased_at FROM subject WHERE name = ?"
    row = db.execute(sql, (subject,)).fetchone()
    return None if row is None else (row[0], row[1])
