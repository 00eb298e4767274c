"""A snapshot of a log in PostgreSQL for the auditor: its own connection, read-only, one page of rows in memory at a time.

How to connect is the store's; what is asked is not. Only who runs a log in PostgreSQL imports this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from typing import Any

import psycopg

from ledger.store.postgres import SCHEMA_NAME
from ledger.store.postgres_connections import Connection, Connections
from ledger.store.postgres_rows import translated
from ops.auditing.rows import RawRows

PAGE_ROWS = 500  # of at most 65,535 bytes each: what a page holds in memory is known
_SETTINGS = (
    "statement_timeout = 0",  # sorting the tags of ten million entries takes minutes
    "enable_seqscan = on",  # an index that lost rows must not be all that the auditor sees
)


class _Rows:
    """The rows of one question, through a cursor of the server's that is given back after the last."""

    def __init__(self, cursor: psycopg.ServerCursor[tuple[Any, ...]]) -> None:
        self._cursor = cursor

    def fetchone(self) -> tuple[Any, ...] | None:
        with self._cursor as cursor:
            return cursor.fetchone()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        with self._cursor as cursor:
            yield from cursor


class _Snapshot:
    """RawRows inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._numbers = connection, count()
        self._streams: list[psycopg.ServerCursor[tuple[Any, ...]]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> _Rows:
        self._streams = [stream for stream in self._streams if not stream.closed]
        cursor = self._connection.cursor(name=f"audit_{next(self._numbers)}")
        self._streams.append(cursor)
        cursor.itersize = PAGE_ROWS
        cursor.execute(sql.replace("?", "%s").encode(), parameters, binary=True)
        return _Rows(cursor)

    def close(self) -> None:
        """Gives back what was not read to its end."""
        for stream in self._streams:
            with suppress(psycopg.Error):
                stream.close()


@contextmanager
def snapshot(url: str, password: str | None) -> Iterator[RawRows]:
    """Raises what the store raises: Misuse `store_url_invalid`, Unavailable, Untrusted `store_corrupt`."""
    with translated(), closing(Connections(url, SCHEMA_NAME, password).open()) as connection:
        for setting in _SETTINGS:
            connection.execute(f"SET {setting}".encode())
        connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with closing(_Snapshot(connection)) as rows:
            yield rows
