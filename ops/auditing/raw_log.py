"""Which rows the auditor reads: those of the home's SQLite file, or of the PostgreSQL that the settings name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import Unavailable, Untrusted
from ops.auditing.rows import RawRows, reading
from ops.home import Home
from ops.settings import Settings, store_password
from ops.stores import driver

_ENVIRONMENT = (
    "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR",
    "SQLITE_FULL", "SQLITE_NOMEM",
)  # fmt: skip


@dataclass(frozen=True)
class RawLog:
    """A home's log as rows; `name` is what findings about it as a whole are filed under."""

    name: str
    _file: Path | None
    _url: str = ""

    @classmethod
    def of(cls, home: Home, settings: Settings) -> RawLog:
        return cls("PostgreSQL", None, settings.store) if settings.store else cls(home.log.name, home.log)

    def open(self) -> AbstractContextManager[RawRows]:
        """A new snapshot. Raises Unavailable, Untrusted `store_corrupt`; around its use too, where reading on fails."""
        return _sqlite(self._file) if self._file is not None else _postgres(self._url)

    def is_there(self) -> bool:
        """Whether there is a log at all, whole or not."""
        if self._file is not None:
            return self._file.is_file()
        with self.open() as db:
            return bool(db.execute("SELECT to_regclass('head') IS NOT NULL").fetchone()[0])

    def complaints(self, db: RawRows) -> Iterator[str]:
        """What the engine itself finds wrong with its pages and indexes: "ok", or one line each."""
        if self._file is None:
            yield "ok"  # a page that fails its checksum ends the reading of the rows, which are all read
            return
        for (line,) in db.execute("PRAGMA integrity_check(20)"):
            yield str(line)[:300]

    def remarks(self, db: RawRows) -> Iterator[str]:
        if self._file is None and db.execute("SELECT current_setting('data_checksums')").fetchone()[0] != "on":
            yield "PostgreSQL keeps no checksums of its pages (data_checksums is off)"


@contextmanager
def _sqlite(path: Path) -> Iterator[RawRows]:
    try:
        with reading(path) as db:
            yield db
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(_ENVIRONMENT):
            what = f"the log can't be read now: SQLite answered {error}"
            raise Unavailable("store_unavailable", what, "Stop what holds it, or check rights and disk.") from error
        raise Untrusted("store_corrupt", f"SQLite answered: {error}") from error


@contextmanager
def _postgres(url: str) -> Iterator[RawRows]:
    with driver("the log"):
        from ops.auditing.postgres import snapshot
    with snapshot(url, store_password()) as rows:
        yield rows
