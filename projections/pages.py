"""One page of the log applied to every view: rows and positions in one transaction (STYLE 2, 10).

A crash leaves the page wholly applied or not at all. A view that raises keeps what came before the entry, remembers why,
and stays there, while the others go on; the next pass tries it again at the same entry. Nothing is ever skipped.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import LedgerError, NotFound, Unavailable
from ledger.proof.merkle import leaf_hash
from ledger.statement import Said, read_entry
from ledger.store.contract import Store, Stored
from projections.contract import Projection
from projections.database import ViewsDatabase, is_environment

PAGE_ENTRIES = 500  # one transaction: a few hundred milliseconds of write lock, at most 32 MB of entries in memory
_LOG = logging.getLogger("countersign.projections")


@dataclass
class _Progress:
    """A view inside the transaction; `failed` if it can't go past its position in this page."""

    projection: Projection
    position: int
    last: bytes | None = None
    """The newest entry applied in this page."""
    error: str | None = None
    failed: bool = False


class Pages:
    """Moves views forward, page by page, and begins them anew when the file is not of this log or of this version."""

    def __init__(self, database: ViewsDatabase, store: Store, projections: Sequence[Projection]) -> None:
        self._database, self._store, self._projections = database, store, tuple(projections)
        self.failures: dict[str, Exception] = {}

    def prepare(self) -> None:
        """Makes missing tables, drops what another version or another log left. Applies nothing."""
        with self._database.writing() as db:
            self._progress(db, self._store.size())

    def begin_anew(self, names: Sequence[str]) -> None:
        """Drops the views' tables; until they reach today's size of the log they answer `view_rebuilding`."""
        with self._database.writing() as db:
            for projection in self._projections:
                if projection.name in names:
                    _begin(db, projection, self._store.size())

    def apply_next(self, target: int, failed: set[str]) -> bool:
        """Applies the next page below `target`, adding to `failed` who stopped; False when there is nothing to do."""
        with self._database.writing() as db:
            progress = [one for one in self._progress(db, target) if one.projection.name not in failed]
            start = min((one.position for one in progress), default=target)
            if start >= target:
                return False
            page = _Page(list(self._store.read_entries(after=start, upto=target, limit=PAGE_ENTRIES)))
            if not page.entries:
                raise Unavailable("log_unreadable", f"the log has {target} entries but none after {start}", "Run fsck.")
            for one in progress:
                self._apply(db, one, page)
                _keep(db, one)
        failed.update(one.projection.name for one in progress if one.failed)
        return True

    # -- one view, one page --------------------------------------------------------------------------------------

    def _apply(self, db: sqlite3.Connection, one: _Progress, page: _Page) -> None:
        for stored in page.entries:
            if stored.index < one.position:
                continue
            try:
                _dispatch(db, one.projection, stored, page)
            except Exception as error:
                if is_environment(error):
                    raise
                self._stop(one, error)
                return
            one.position, one.last, one.error = stored.index + 1, stored.entry, None

    def _stop(self, one: _Progress, error: Exception) -> None:
        sentence, known = _sentence(error), one.error
        one.failed, one.error = True, sentence
        self.failures[one.projection.name] = error
        if sentence != known:  # said once, not at every try
            _LOG.error("view %s stopped at entry %d: %s", one.projection.name, one.position, sentence)

    # -- is this file of this log? -------------------------------------------------------------------------------

    def _progress(self, db: sqlite3.Connection, target: int) -> list[_Progress]:
        rows = {row[0]: row[1:] for row in db.execute("SELECT name, version, position, leaf_hash, error FROM view")}
        known: dict[int, bytes | None] = {0: b""}
        found = []
        for projection in self._projections:
            version, position, leaf, error = rows.get(projection.name, (None, 0, b"", None))
            if position not in known:
                known[position] = self._leaf_before(position)
            if version != projection.version or known[position] != leaf:
                _begin(db, projection, target)
                position, error = 0, None
            found.append(_Progress(projection, position, error=error))
        return found

    def _leaf_before(self, position: int) -> bytes | None:
        """The hash of the last applied leaf as this log has it; None when this log is shorter."""
        try:
            return leaf_hash(self._store.entry(position - 1).entry)
        except NotFound:
            return None


class _Page:
    """Entries in order, each read back into its classes once, however many views look at it."""

    def __init__(self, entries: list[Stored]) -> None:
        self.entries = entries
        self._said: dict[int, Said] = {}

    def said(self, stored: Stored) -> Said:
        if stored.index not in self._said:
            self._said[stored.index] = read_entry(stored)
        return self._said[stored.index]


def _dispatch(db: sqlite3.Connection, projection: Projection, stored: Stored, page: _Page) -> None:
    """All that follows from one entry, or nothing of it."""
    if stored.type in projection.ignored:
        return
    if stored.type not in projection.handled:
        what = f"{projection.name} neither handles nor ignores {stored.type}"
        raise Unavailable("type_not_listed", what, "The entry is newer than this program: upgrade.")
    db.execute("SAVEPOINT entry")
    try:
        projection.apply(db, page.said(stored))
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK TO entry")
        raise
    finally:
        if db.in_transaction:
            db.execute("RELEASE entry")


def _keep(db: sqlite3.Connection, one: _Progress) -> None:
    name = one.projection.name
    db.execute("UPDATE view SET position = ?, error = ? WHERE name = ?", (one.position, one.error, name))
    if one.last is not None:
        db.execute("UPDATE view SET leaf_hash = ? WHERE name = ?", (leaf_hash(one.last), name))


def _begin(db: sqlite3.Connection, projection: Projection, ready_at: int) -> None:
    """Drops every table `<name>_…` and makes them new, in the caller's transaction."""
    pattern = projection.name.replace("_", "\\_") + "\\_%"
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? ESCAPE '\\'"
    for (table,) in db.execute(sql, (pattern,)).fetchall():
        db.execute(f'DROP TABLE "{table}"')
    for statement in filter(str.strip, projection.schema.split(";")):
        db.execute(statement)
    db.execute(
        "INSERT INTO view VALUES (?, ?, 0, x'', ?, 1, NULL) ON CONFLICT (name) DO UPDATE SET "
        "version = excluded.version, position = 0, leaf_hash = x'', ready_at = excluded.ready_at, "
        "builds = builds + 1, error = NULL",
        (projection.name, projection.version, ready_at),
    )


def _sentence(error: Exception) -> str:
    """Our own errors and SQLite's speak without personal data; of any other only the class is told."""
    if isinstance(error, LedgerError | sqlite3.Error):
        return str(error)[:300]
    return type(error).__name__
