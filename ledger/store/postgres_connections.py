"""Connections to one PostgreSQL: bounded in number and in patience, and replaced when they are lost."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from ledger.errors import Misuse, Unavailable
from ledger.store.postgres_rows import SCHEMA, is_lost

STATEMENT_TIMEOUT_MS = 30_000  # the longest question is a page of 500 entries; past this something is stuck
LOCK_TIMEOUT_MS = 10_000  # other appenders' transactions end well before; one that was silent for as long is ended
CONNECT_TIMEOUT_S = 5
UNANSWERED_MS = 20_000  # sent bytes that nobody acknowledged for so long: the network is cut
READERS_MAX = 16  # of PostgreSQL's 100 by default; several processes share them
READERS_IDLE_MAX = 8
RECONNECT_S_MAX = 2.0  # a restart of the server takes about a second; a caller waits no longer before it is told
RECONNECT_PAUSE_S = 0.1
SCHEMA_LOCK = 0x43534348  # held while the tables are made, so that two processes on a new database take turns

Connection = psycopg.Connection[tuple[Any, ...]]


class Connections:
    """Opens connections, lends them to readers, and makes the tables of a new log."""

    def __init__(self, conninfo: str, schema: str, password: str | None = None) -> None:
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", schema):
            raise Misuse("store_schema_invalid", "a schema's name is lower-case letters, digits and underscores")
        self.schema = schema
        self._parameters = _parameters(conninfo, schema, password)
        self._idle: list[Connection] = []
        self._lock, self._readers = threading.Lock(), threading.BoundedSemaphore(READERS_MAX)
        self._closed = False

    def open(self) -> Connection:
        """A connection in autocommit. Raises Misuse `store_closed`, psycopg's errors."""
        self.check_open()
        return psycopg.connect(autocommit=True, **self._parameters)

    def open_writer(self) -> Connection:
        """A connection for the one that appends: its commits are flushed before they are answered."""
        connection = self.open()
        try:
            row = connection.execute(
                "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
            ).fetchone()
            if row and row[0] != "on":
                raise Misuse("store_not_durable", "PostgreSQL runs with fsync off: a crash would lose answered appends")
            if row and row[1] == "off":
                connection.execute("SET synchronous_commit = on")
        except BaseException:
            connection.close()
            raise
        return connection

    def make_tables(self, connection: Connection) -> None:
        """Makes the log's tables where there are none; a role without the right to make any can use existing ones."""
        query = "SELECT to_regclass('head') IS NOT NULL, current_setting('server_encoding')"
        there, encoding = _only(connection.execute(query).fetchone())
        if encoding != "UTF8":
            raise Misuse("store_encoding", f"the database's encoding is {encoding}", "Make one with encoding UTF8.")
        if there:
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            if not _only(connection.execute("SELECT to_regclass('head') IS NOT NULL").fetchone())[0]:
                connection.execute(SCHEMA)

    # -- reading -------------------------------------------------------------------------------------------------

    def attempt(self, sql: str) -> None:
        """Put once and not again, for what may as well be lost."""
        with self._reader() as connection:
            connection.execute(sql)

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """One question in a transaction of its own, put again on a new connection when the old one was lost."""
        deadline = time.monotonic() + RECONNECT_S_MAX
        while True:
            try:
                with self._reader() as connection:
                    return connection.execute(sql, parameters, binary=True).fetchall()
            except psycopg.Error as error:
                if not is_lost(error) or time.monotonic() > deadline:
                    raise
            if self._forget_idle() == 0:  # that was a new one already: the server itself is away
                time.sleep(RECONNECT_PAUSE_S)

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        if not self._readers.acquire(timeout=LOCK_TIMEOUT_MS / 1000):
            raise Unavailable("store_busy", f"all {READERS_MAX} connections are in use", "Try again.")
        try:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            connection = idle or self.open()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._readers.release()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            whole = not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE
            if whole and not self._closed and len(self._idle) < READERS_IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _forget_idle(self) -> int:
        """The others were very likely lost at the same moment. Returns how many there were."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        return len(idle)

    # -- the end -------------------------------------------------------------------------------------------------

    def check_open(self) -> None:
        if self._closed:
            raise Misuse("store_closed", "the store was closed")

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._forget_idle()


def _parameters(conninfo: str, schema: str, password: str | None) -> dict[str, Any]:
    """What is connected with. The error of an unreadable URL repeats it, password and all: it is not passed on."""
    try:
        given: dict[str, Any] = dict(conninfo_to_dict(conninfo))
    except psycopg.Error:
        given = {}
    if not given:
        raise Misuse("store_url_invalid", "this is not a PostgreSQL URL", "Write postgresql://USER@HOST/DATABASE.")
    settings = {
        "search_path": schema,
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "enable_seqscan": "off",  # indexes serve every question; a plan made for small tables must not outlive them
        "jit": "off",  # the price that "off" puts on the rest would have each plan compiled: 150 ms for a row
    }
    options = [given.pop("options", ""), *(f"-c {name}={value}" for name, value in settings.items())]
    defaults = {
        "application_name": "countersign",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "tcp_user_timeout": UNANSWERED_MS,
    }
    secret = {"password": password} if password else {}
    return {**defaults, **given, **secret, "client_encoding": "UTF8", "options": " ".join(options).strip()}


def _only(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if row is None:
        raise Unavailable("store_unavailable", "PostgreSQL answered without a row")
    return row
