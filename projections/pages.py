"""One page of the log applied to every view: rows and positions in one transaction (STYLE 2, 10).

A crash leaves the page wholly applied or not at all. A view that raises keeps what came before the entry, remembers why,
and stays there, while the others go on; the next pass tries it again at the same entry. Nothing is ever skipped.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.errors import LedgerError, NotFound, Unavailable
from ledger.proof.merkle import leaf_hash
from ledger.statement import Said
from ledger.store.contract import Store
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
            found = self._store.read_entries(after=start, upto=target, limit=PAGE_ENTRIES)
            page = [
                Said(stored.index, stored.type, stored.entry) for stored in found
            ]  # read once for all views, if at all
            if not page:
                raise Unavailable("log_unreadable", f"the log has {target} entries but none after {start}", "Run fsck.")
            for one in progress:
                self._apply(db, one, page)
                _keep(db, one)
        failed.update(one.projection.name for one in progress if one.failed)
        return True

    # -- one view, one page --------------------------------------------------------------------------------------

    def _apply(self, db: sqlite3.Connection, one: _Progress, page: list[Said]) -> None:
        """All of the page at once; if that fails, entry by entry up to the one that can't be applied."""
        rest = [said for said in page if said.index >= one.position]
        if not self._advance(db, one, rest, stops=len(rest) == 1):
            for said in rest:
                if not self._advance(db, one, [said], stops=True):
                    return

    def _advance(self, db: sqlite3.Connection, one: _Progress, some: list[Said], stops: bool) -> bool:
        """Applies these or none of them. Raises what the environment did, for that is nobody's error."""
        try:
            with _whole(db):
                for said in some:
                    _dispatch(db, one.projection, said)
        except Exception as error:
            if is_environment(error):
                raise
            if stops:
                self._stop(one, error)
            return False
        if some:
            one.position, one.last, one.error = some[-1].index + 1, some[-1].entry, None
        return True

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


@contextmanager
def _whole(db: sqlite3.Connection) -> Iterator[None]:
    """All that is written in here, or nothing of it."""
    db.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK TO part")
        raise
    finally:
        if db.in_transaction:
            db.execute("RELEASE part")


def _dispatch(db: sqlite3.Connection, projection: Projection, said: Said) -> None:
    if said.type in projection.handled:
        projection.apply(db, said)
    elif said.type not in projection.ignored:
        what = f"{projection.name} neither handles nor ignores {said.type}"
        raise Unavailable("type_not_listed", what, "The entry is newer than this program: upgrade.")


def _keep(db: sqlite3.Connection, one: _Progress) -> None:
    name = one.projection.name
    db.execute("UPDATE view SET position = ?, error = ? WHERE name = ?", (one.position, one.error, name))
    if one.last is not None:
        db.execute("UPDATE view SET leaf_hash = ? WHERE name = ?", (leaf_hash(one.last), name))


def _begin(db: sqlite3.Connection, projection: Projection, ready_at: int) -> None:
    """Drops every table `<name>_…` and makes them new, in the caller's transaction."""
    pattern = projection.name.replace("_", "\\_") + "\\_%"
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? ESCAPE '\\' ORDER BY sql NOT LIKE ?"
    for (table,) in db.execute(sql, (pattern, "CREATE VIRTUAL%")).fetchall():  # they take the tables under them along
        db.execute(f'DROP TABLE IF EXISTS "{table}"')
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
