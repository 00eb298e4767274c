"""Do the views equal ones rebuilt from the log? A copy of the live file is caught up and compared table by table."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import ExitStack, closing
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from ledger.blobs import FolderBlobs
from ledger.door import Ledger
from ops.auditing.report import AuditCheck, Progress
from ops.auditing.rows import reading
from ops.home import Home
from ops.settings import Settings
from ops.stores import open_for_reading
from projections.database import tables_of
from projections.views import Views


def audit_views(check: AuditCheck, home: Home, settings: Settings, progress: Progress) -> None:
    """Touches neither the log nor the live views: both sides are built in a temporary folder."""
    if not home.views.is_file():
        check.notes.append("there are no views yet; they are built when something asks")
        return
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        live, rebuilt = Path(folder) / "live.sqlite", Path(folder) / "rebuilt.sqlite"
        try:
            _copy(home.views, live)
        except sqlite3.DatabaseError:
            check.find("views_unreadable", "views.sqlite", "not a whole SQLite file; delete it and it rebuilds")
            return
        before = _builds(live)
        progress("views: rebuilding")
        stopped = _catch_up(home, settings, live) | _catch_up(home, settings, rebuilt)
        for name, why in sorted(stopped.items()):
            check.find("view_stopped", name, why)
        if _builds(live) != before:
            check.notes.append("views of another log or of another version were begun anew")
        _compare(check, live, rebuilt, tuple(f"{name}_" for name in stopped))
        _check_word_indexes(check, live)


def _copy(source: Path, target: Path) -> None:
    with reading(source) as db, closing(sqlite3.connect(target)) as copy:
        db.execute("COMMIT")  # backup takes its own snapshot
        db.backup(copy)


def _builds(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        try:
            return dict(db.execute("SELECT name, builds FROM view").fetchall())
        except sqlite3.DatabaseError:
            return {}


def _catch_up(home: Home, settings: Settings, path: Path) -> dict[str, str]:
    """Builds the views at `path`; why each of them stopped, if it did."""
    with ExitStack() as stack:
        store = open_for_reading(home.log, settings)
        stack.callback(store.close)
        reader = cast(Ledger, SimpleNamespace(store=store))  # views read the store only; the door stays shut
        views = Views(path, reader, FolderBlobs(home.blobs))
        stack.callback(views.close)
        views.catch_up()
        return {
            view.name: f"it stops at entry {view.position}: {view.error}"
            for view in views.health()
            if view.error is not None
        }


def _compare(check: AuditCheck, live: Path, rebuilt: Path, passed_over: tuple[str, ...]) -> None:
    with reading(live) as left, reading(rebuilt) as right:
        names = [{name for name in tables_of(db) if not name.startswith(passed_over)} for db in (left, right)]
        for table in sorted(names[0] ^ names[1]):
            check.find("view_differs", table, "one side has this table, the other has not")
        for table in sorted(names[0] & names[1]):
            check.checked += 1
            _compare_table(check, table, left, right)


def _check_word_indexes(check: AuditCheck, live: Path) -> None:
    """Rows are compared by content; that words lead to the rows they stand in is for SQLite to say."""
    with closing(sqlite3.connect(live)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%fts5%'").fetchall()
        for (table,) in tables:
            check.checked += 1
            try:
                db.execute(f'INSERT INTO "{table}" ("{table}") VALUES (\'integrity-check\')')  # noqa: S608 - from the schema
            except sqlite3.DatabaseError:
                check.find("view_differs", table, "its index of words does not fit its rows; delete views.sqlite")


def _compare_table(check: AuditCheck, table: str, left: sqlite3.Connection, right: sqlite3.Connection) -> None:
    missing = object()
    for number, (one, other) in enumerate(zip_longest(_rows(left, table), _rows(right, table), fillvalue=missing)):
        if one != other:
            check.find("view_differs", table, f"row {number} in order is not what the log gives; delete views.sqlite")
            return


def _rows(db: sqlite3.Connection, table: str) -> Any:
    columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
    order = ", ".join(f'"{name}"' for name in columns)
    return db.execute(f'SELECT {order} FROM "{table}" ORDER BY {order}')  # noqa: S608 - names from the schema itself
