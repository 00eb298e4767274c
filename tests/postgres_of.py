"""A PostgreSQL for the tests that need one, and the logs in it: each place of a test has a schema of its own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.errors import Unavailable
from ledger.store.contract import Seal
from ledger.store.postgres import PostgresStore
from ops.bench.postgres_server import PostgresServer
from tests.contract.store.suite import plain_seal


class Postgres:
    """The run's server. `store` opens a log, `run` asks what no store would, past every lock and rule."""

    def __init__(self, server: PostgresServer) -> None:
        self.url, self.restart = server.url, server.restart

    def store(self, place: Path, seal: Seal = plain_seal, *, url: str = "") -> PostgresStore:
        return PostgresStore(url or self.url, seal, schema=schema_of(place))

    def connect(self, place: Path) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url, autocommit=True, options=f"-c search_path={schema_of(place)}")

    def run(self, place: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.connect(place) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def cut(self, place: Path) -> int:
        """Ends every connection to the log of a place; returns how many there were."""
        sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'countersign'"
        return int(self.run(place, sql)[0][0])


def schema_of(place: Path) -> str:
    return "log_" + hashlib.sha256(str(place).encode()).hexdigest()[:16]


def started() -> Iterator[Postgres]:
    """A real server, started for this run. Skips where it can't be had, except in CI."""
    try:
        server = PostgresServer()
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL: {error.what}")
    yield Postgres(server)
    server.close()
