"""The log's raw rows, in one read-only snapshot, and a scratch database for what does not fit in memory.

The auditor's questions are plain SQL with `?` for values, the same for SQLite and PostgreSQL: `RawRows` is all that it asks
of either. Answers come row by row or page by page, never whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from ledger.errors import Unavailable

BUSY_TIMEOUT_S = 1.0  # readers don't wait for writers; who holds the file longer than this holds it alone

_SCRATCH = """
CREATE TABLE said (statement_id TEXT PRIMARY KEY, idx INTEGER) WITHOUT ROWID;
CREATE TABLE blob (digest TEXT PRIMARY KEY, idx INTEGER, required INTEGER) WITHOUT ROWID;
CREATE TABLE sealed (statement_id TEXT, pointer TEXT, subject TEXT, commitment TEXT, idx INTEGER,
  PRIMARY KEY (statement_id, pointer)) WITHOUT ROWID;
CREATE TABLE erasure (person TEXT PRIMARY KEY, idx INTEGER, done INTEGER) WITHOUT ROWID;
"""


class Answer(Protocol):
    """Rows in the order that was asked for. Who takes one with `fetchone` takes no more."""

    def fetchone(self) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class RawRows(Protocol):
    """One snapshot of the tables `entry`, `tag`, `tile` and `head`."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer: ...


OpenRows = Callable[[], AbstractContextManager[RawRows]]
"""A new snapshot each time. Raises Unavailable when the log can't be read now, Untrusted `store_corrupt` when it never can."""


@dataclass(frozen=True)
class RawEntry:
    """A row of `entry`, and the rows of `tag` that name its position: (name, type)."""

    position: int
    type: str
    tags: str
    statement_id: str | None
    data: bytes
    tag_rows: frozenset[tuple[str, str]]

    @property
    def index(self) -> int:
        return self.position - 1


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A database opened read-only, in one snapshot: a writer at work meanwhile changes nothing of what is seen."""
    with closing(
        sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    ) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        db.execute("BEGIN")
        yield db


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """A private database on disk that is gone afterwards: memory stays flat whatever the log's size.

    Raises Unavailable `scratch_unavailable` when there is no room for it: that says nothing about what is audited.
    """
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as db:
            db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCRATCH)
            yield db
    except sqlite3.Error as error:
        what = f"the auditor's own temporary file failed: SQLite answered {error}"
        raise Unavailable("scratch_unavailable", what, "Free space under the temporary folder (TMPDIR).") from error


class RawTiles:
    """Tiles from their rows; the check of the tree has compared them with the entries."""

    def __init__(self, db: RawRows) -> None:
        self._db = db

    def tile(self, level: int, index: int) -> bytes:
        row = self._db.execute("SELECT hashes FROM tile WHERE level = ? AND number = ?", (level, index)).fetchone()
        return bytes(row[0]) if row and isinstance(row[0], bytes) else b""


def raw_size(db: RawRows) -> int:
    """Where the rows end, whatever the head says."""
    return int(db.execute("SELECT COALESCE(MAX(position), 0) FROM entry").fetchone()[0])


def raw_entries(db: RawRows) -> Iterator[RawEntry | tuple[int, frozenset[tuple[str, str]]]]:
    """Entries by position, each with its tag rows; a position with tag rows and no entry comes as a pair."""
    entries = db.execute("SELECT position, type, tags, statement_id, data FROM entry ORDER BY position")
    sorted_tags = db.execute("SELECT position, name, type FROM tag ORDER BY position")
    by_position = groupby(iter(sorted_tags), key=lambda row: row[0])
    tags = _next_tags(by_position)
    for position, kind, names, statement_id, data in entries:
        while tags is not None and tags[0] < position:
            yield tags
            tags = _next_tags(by_position)
        own: frozenset[tuple[str, str]] = frozenset()
        if tags is not None and tags[0] == position:
            own, tags = tags[1], _next_tags(by_position)
        yield RawEntry(position, str(kind), str(names), statement_id, _bytes(data), own)
    while tags is not None:
        yield tags
        tags = _next_tags(by_position)


def _next_tags(by_position: Iterator[tuple[Any, Iterator[Any]]]) -> tuple[int, frozenset[tuple[str, str]]] | None:
    found = next(by_position, None)
    return None if found is None else (found[0], frozenset((row[1], row[2]) for row in found[1]))


def _bytes(data: object) -> bytes:
    """Whatever stands in a column that should hold bytes."""
    return bytes(data) if isinstance(data, bytes | bytearray | memoryview) else str(data).encode()
