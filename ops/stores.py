"""Which store a home's log lies in, its own SQLite file or a PostgreSQL of the settings; and where codes are searched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import Misuse, Unavailable
from ledger.store.contract import Seal, Store
from ledger.store.sqlite import SQLiteStore
from ops.settings import Settings, index_password, store_password
from projections.index.held import Opens, Part, in_memory
from projections.index.port import FollowingIndex


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
    with driver("the log"):
        from ledger.store.postgres import PostgresStore
    return PostgresStore(settings.store, seal, password=store_password())


def open_indexes(settings: Settings) -> Opens:
    """Opens the index of one part of the codes: in memory, or in the database of the settings. Raises Unavailable
    `extra_missing` at once, and `index_unavailable` or `pgvector_missing` when an index is opened."""
    if not settings.code_index:
        return in_memory
    with driver("the code index"):
        from projections.index.pgvector import PgvectorIndex

    def opens(part: Part) -> FollowingIndex:
        named = hashlib.sha256("\n".join((settings.origin, *part)).encode()).hexdigest()[:24]
        return PgvectorIndex(settings.code_index, f"codes_{named}", index_password())

    return opens


@contextmanager
def driver(which: str) -> Iterator[None]:
    """Around the import of what needs PostgreSQL's driver. Raises Unavailable `extra_missing`."""
    try:
        yield
    except ImportError as error:
        what = f"{which} is in PostgreSQL, and its driver psycopg is not installed"
        raise Unavailable("extra_missing", what, "Install the extra: pip install 'countersign[postgres]'.") from error


def _check_origin(store: Store, origin: str) -> None:
    """A mistyped database must not get entries under another log's name and keys."""
    size, note = store.head()
    if size and note.split(b"\n", 1)[0] != origin.encode():
        what = f"the database in the settings holds another log than {origin}"
        raise Misuse("store_of_another_log", what, "Name the right database in settings.toml.")
