"""The index in PostgreSQL with pgvector: `bit(256)` and its Hamming operator `<~>`, for homes that outgrow one machine.

Scanned, as in memory: complete, and parallel on the server. pgvector's HNSW finds .985 of the nearest at 10^5 (FORMATS 8) and
stops short where many codes are equal, so it is not used. Tables are named by the caller; two indexes never share one. Each has
a row that says how far it followed which rows, moved in the transaction that adds the codes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.errors import Misuse, Unavailable
from projections.index.port import CODE_BITS, CODE_BYTES, Codes, Hits, Ids, Place, gathered, joined

QUERY_BLOCK_CODES = 64  # queries in one statement
_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")
_DDL_LOCK = 6_402_560  # so that two processes that start at once don't make the same tables
_PLACES = """CREATE TABLE IF NOT EXISTS countersign_index (
               name text PRIMARY KEY, layout text NOT NULL DEFAULT '', number bigint NOT NULL DEFAULT 0,
               chain bytea NOT NULL DEFAULT '', removed bigint NOT NULL DEFAULT 0)"""
_MISSING = (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile, psycopg.errors.InsufficientPrivilege)


class PgvectorIndex:
    """A `FollowingIndex`. One connection under a lock, made anew when it broke; readers see committed codes.

    Raises Unavailable `index_unavailable`, and on opening `pgvector_missing`.
    """

    def __init__(self, url: str, table: str, password: str | None = None) -> None:
        """`url` is what libpq takes; `password`, when given, is not part of it."""
        if not _NAME.fullmatch(table):
            raise Misuse("index_name", "a table is named by lower-case letters, digits and underscores")
        self._url, self._password, self._name = url, password, table
        self._table = sql.Identifier(table)
        self._using, self._within = threading.RLock(), False
        self._db = self._opened()

    def close(self) -> None:
        self._db.close()

    @property
    def count(self) -> int:
        return int(self._run("SELECT count(*) FROM {}")[0][0])

    @contextmanager
    def following(self) -> Iterator[Place]:
        """One transaction, for one process at a time: its row is locked."""
        with self._connected() as db, self._one_transaction(db):
            self._run("INSERT INTO countersign_index (name) VALUES (%s) ON CONFLICT DO NOTHING", self._name)
            columns = "SELECT layout, number, chain, removed FROM countersign_index WHERE name = %s FOR UPDATE"
            place = Place(*self._run(columns, self._name)[0])
            yield place
            self._run(
                "UPDATE countersign_index SET layout = %s, number = %s, chain = %s, removed = %s WHERE name = %s",
                *(place.layout, place.number, place.chain, place.removed, self._name),
            )

    def add(self, codes: Codes, ids: Ids) -> None:
        """All of them or none, by COPY."""
        rows = zip(ids.tolist(), _bits(codes), strict=True)
        statement = sql.SQL("COPY {} (id, code) FROM STDIN").format(self._table)
        with self._connected() as db, db.transaction(), db.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def remove(self, ids: Iterable[int]) -> int:
        wanted = list({int(one) for one in ids})
        return len(self._run("DELETE FROM {} WHERE id = ANY(%s) RETURNING 1", wanted)) if wanted else 0

    def forget(self) -> None:
        """Rewrites the table: a deleted row stays in its page until then. The server's log and backups forget in their time."""
        self._run("VACUUM FULL {}")

    def clear(self) -> None:
        self._run("TRUNCATE {}")

    def near(self, codes: Codes, radius: int) -> Hits:
        found = []
        for start in range(0, len(codes), QUERY_BLOCK_CODES):
            block = codes[start : start + QUERY_BLOCK_CODES]
            rows = self._run(
                "SELECT q.row - 1 + %s, c.id, min(q.code::bit(256) <~> c.code)::bigint "
                "FROM unnest(%s::text[]) WITH ORDINALITY AS q (code, row) "
                "JOIN {} c ON (q.code::bit(256) <~> c.code) <= %s GROUP BY 1, 2",
                start,
                _bits(block),
                radius,
            )
            table = np.array(rows, dtype=np.int64).reshape(-1, 3)
            found.append(gathered(table[:, 0], table[:, 1], table[:, 2]))
        return joined(found)

    # -- the connection ------------------------------------------------------------------------------------------

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        """Under the lock. A connection that broke is made anew for whoever comes next; never within a transaction, half of
        which is then lost."""
        with self._using, _translated():
            if self._db.closed and not self._within:
                self._db = self._opened()
            yield self._db

    @contextmanager
    def _one_transaction(self, db: psycopg.Connection) -> Iterator[None]:
        with db.transaction():
            self._within = True
            try:
                yield
            finally:
                self._within = False

    def _run(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        with self._connected() as db, db.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(self._table), values or None)
            return cursor.fetchall() if cursor.description else []

    def _opened(self) -> psycopg.Connection:
        with _translated():
            given = {"password": self._password} if self._password else {}
            db = psycopg.connect(make_conninfo(self._url, **given), autocommit=True)
            try:
                with db.transaction():
                    self._prepare(db)
            except BaseException:
                db.close()
                raise
            return db

    def _prepare(self, db: psycopg.Connection) -> None:
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_DDL_LOCK,))
        try:
            db.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except _MISSING as error:
            what = "the index's PostgreSQL has no pgvector, or this user may not create it"
            do = "Install pgvector there and run CREATE EXTENSION vector, or empty code_index in settings.toml."
            raise Unavailable("pgvector_missing", what, do) from error
        name = sql.Identifier(f"{self._name}_id")
        db.execute(_PLACES)
        db.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} (id bigint NOT NULL, code bit(256) NOT NULL)").format(self._table)
        )
        db.execute(sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (id)").format(name, self._table))


def _bits(codes: Codes) -> list[str]:
    """Each code as PostgreSQL writes a bit string."""
    rows = np.unpackbits(np.ascontiguousarray(codes).reshape(-1, CODE_BYTES), axis=1) + ord("0")
    return [row.tobytes().decode() for row in rows.reshape(-1, CODE_BITS)]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        what = f"the index's database answered {type(error).__name__}"
        raise Unavailable("index_unavailable", what, "See that it runs and has pgvector, then try again.") from error
