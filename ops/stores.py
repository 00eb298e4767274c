"""Which store a home's log lies in: its own SQLite file, or a PostgreSQL that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import Misuse, Unavailable
from ledger.store.contract import Seal, Store
from ledger.store.sqlite import SQLiteStore
from ops.settings import Settings, store_password


def open_store(log: Path, settings: Settings, seal: Seal) -> Store:
    """Raises Unavailable `extra_missing`, Misuse `store_of_another_log` and what the store raises on opening."""
    if not settings.store:
        return SQLiteStore(log, seal)
    store = _open_postgres(settings, seal)
    try:
        _check_origin(store, settings.origin)
    except BaseException:
        store.close()
        raise
    return store


def open_for_reading(log: Path, settings: Settings) -> Store:
    """For who only reads: what it would seal, nobody would believe. Raises as `open_store`."""
    return open_store(log, settings, lambda *_: b"")


def _open_postgres(settings: Settings, seal: Seal) -> Store:
    with driver():
        from ledger.store.postgres import PostgresStore
    return PostgresStore(settings.store, seal, password=store_password())


@contextmanager
def driver() -> Iterator[None]:
    """Around the import of what needs PostgreSQL's driver. Raises Unavailable `extra_missing`."""
    try:
        yield
    except ImportError as error:
        what = "the log is in PostgreSQL, and its driver psycopg is not installed"
        raise Unavailable("extra_missing", what, "Install the extra: pip install 'countersign[postgres]'.") from error


def _check_origin(store: Store, origin: str) -> None:
    """A mistyped database must not get entries under another log's name and keys."""
    size, note = store.head()
    if size and note.split(b"\n", 1)[0] != origin.encode():
        what = f"the database in the settings holds another log than {origin}"
        raise Misuse("store_of_another_log", what, "Name the right database in settings.toml.")
