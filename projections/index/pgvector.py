"""The index in PostgreSQL with pgvector: `bit(256)` and its Hamming operator `<~>`, for homes that outgrow one machine.

Scanned, as in memory: complete, and parallel on the server. pgvector's HNSW finds .985 of the nearest at 10^5 (FORMATS 8) and
stops short where many codes are equal, so it is not used. Tables are named by the caller; two indexes never share one.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from ledger.errors import Misuse, Unavailable
from projections.index.port import CODE_BITS, CODE_BYTES, Codes, Hits, Ids, gathered, joined

QUERY_BLOCK_CODES = 64  # queries in one statement
_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")


class PgvectorIndex:
    """A `CodeIndex`. One connection under a lock; readers see committed codes. Raises Unavailable `index_unavailable`."""

    def __init__(self, url: str, table: str) -> None:
        if not _NAME.fullmatch(table):
            raise Misuse("index_name", "a table is named by lower-case letters, digits and underscores")
        self._table = sql.Identifier(table)
        self._using = threading.Lock()
        try:
            self._db = psycopg.connect(url, autocommit=True)
            self._db.execute("CREATE EXTENSION IF NOT EXISTS vector")
            self._run("CREATE TABLE IF NOT EXISTS {} (id bigint NOT NULL, code bit(256) NOT NULL)")
            self._run("CREATE INDEX IF NOT EXISTS {index} ON {} (id)", index=sql.Identifier(f"{table}_id"))
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        self._db.close()

    @property
    def count(self) -> int:
        return int(self._run("SELECT count(*) FROM {}")[0][0])

    def add(self, codes: Codes, ids: Ids) -> None:
        """All of them or none, by COPY."""
        rows = zip(ids.tolist(), _bits(codes), strict=True)
        try:
            statement = sql.SQL("COPY {} (id, code) FROM STDIN").format(self._table)
            with self._using, self._db.transaction(), self._db.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def remove(self, ids: Iterable[int]) -> int:
        gone = self._run("DELETE FROM {} WHERE id = ANY(%s) RETURNING 1", list({int(one) for one in ids}))
        return len(gone)

    def forget(self) -> None:
        """Rewrites the table: a deleted row stays in its page until then. What backups hold is theirs to forget."""
        self._run("VACUUM FULL {}")

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

    def _run(self, text: str, *values: object, **names: sql.Composable) -> list[tuple[Any, ...]]:
        query = sql.SQL(text).format(self._table, **names)
        try:
            with self._using, self._db.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _unavailable(error) from error


def _bits(codes: Codes) -> list[str]:
    """Each code as PostgreSQL writes a bit string."""
    rows = np.unpackbits(np.ascontiguousarray(codes).reshape(-1, CODE_BYTES), axis=1) + ord("0")
    return [row.tobytes().decode() for row in rows.reshape(-1, CODE_BITS)]


def _unavailable(error: psycopg.Error) -> Unavailable:
    what = f"the index's database answered {type(error).__name__}"
    return Unavailable("index_unavailable", what, "See that it runs and has pgvector, then try again.")
