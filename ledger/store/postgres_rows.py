"""The PostgreSQL schema, its queries by tag and type, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from ledger.errors import Misuse, Unavailable, Untrusted
from ledger.store.contract import Query

SELECT_TERMS_MAX = (
    200  # queries of several tags in one statement: each has parameters, and 65,535 is the protocol's end
)
NO_END = 2**63 - 1

# Texts compare by their bytes (COLLATE "C"): quicker, and no locale's update can reorder an index. Tiles and checkpoint
# are random bytes, so they are never compressed, and stay in their row while they fit in a page.
SCHEMA = """
CREATE TABLE entry (
  position bigint PRIMARY KEY CHECK (position > 0), type text COLLATE "C" NOT NULL, tags text COLLATE "C" NOT NULL,
  statement_id text COLLATE "C" UNIQUE, data bytea NOT NULL);
CREATE INDEX entry_by_type ON entry (type, position);
CREATE TABLE tag (
  name text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (name, type, position));
CREATE TABLE tile (
  level smallint NOT NULL, number bigint NOT NULL, hashes bytea NOT NULL,
  PRIMARY KEY (level, number)) WITH (toast_tuple_target = 8160);
ALTER TABLE tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE TABLE head (
  id integer PRIMARY KEY CHECK (id = 1), size bigint NOT NULL, checkpoint bytea NOT NULL)
  WITH (toast_tuple_target = 8160);
ALTER TABLE head ALTER COLUMN checkpoint SET STORAGE EXTERNAL;
INSERT INTO head VALUES (1, 0, '');
"""
UNHEARD = """SELECT asked.name FROM unnest(%s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM tag WHERE tag.name = asked.name COLLATE "C")"""
COLUMNS = "SELECT position, type, tags, statement_id, data FROM entry"
TILE = "SELECT hashes FROM tile WHERE level = %s AND number = %s"

_BUSY = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.TooManyConnections,
)
_CORRUPT = (errors.DataCorrupted, errors.IndexCorrupted, errors.InternalError_, psycopg.IntegrityError)
_LOST = ("57P01", "57P02", "57P03", "57P05", "25P03")  # shut down, crashed, starting, or we were idle for too long


def select(queries: Sequence[Query], after: int, upto: int) -> Iterator[tuple[str, list[Any]]]:
    """SQL for the positions in (after, upto] that match any query. Thousands of one tag each make one index scan."""
    parts = [*_of_one_tag(queries, after, upto), *(_of_others(each, after, upto) for each in queries if _other(each))]
    for start in range(0, len(parts), SELECT_TERMS_MAX):
        some = parts[start : start + SELECT_TERMS_MAX]
        yield " UNION ".join(sql for sql, _ in some), [value for _, values in some for value in values]


def _other(query: Query) -> bool:
    return len(query.tags) != 1


def _of_one_tag(queries: Sequence[Query], after: int, upto: int) -> Iterator[tuple[str, list[Any]]]:
    """Queries of one tag each that ask for the same types are one query of any of the tags."""
    names: dict[tuple[str, ...], list[str]] = {}
    for query in queries:
        if not _other(query):
            names.setdefault(tuple(query.types), []).append(query.tags[0])
    for types, tags in names.items():
        typed = " AND type = ANY(%s)" if types else ""
        sql = f"SELECT position FROM tag WHERE name = ANY(%s){typed} AND position > %s AND position <= %s"
        yield sql, [tags, *([list(types)] if types else []), after, upto]


def _of_others(query: Query, after: int, upto: int) -> tuple[str, list[Any]]:
    typed, types = (" AND type = ANY(%s)", [list(query.types)]) if query.types else ("", [])
    if not query.tags:
        return f"SELECT position FROM entry WHERE position > %s AND position <= %s{typed}", [after, upto, *types]
    first, *others = query.tags
    sql = f"SELECT position FROM tag AS t WHERE name = %s AND position > %s AND position <= %s{typed}"
    sql += "".join(
        " AND EXISTS (SELECT 1 FROM tag AS o WHERE o.name = %s AND o.type = t.type AND o.position = t.position)"
        for _ in others
    )
    return sql, [first, after, upto, *types, *others]


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, not the question refused: the same question may be put on another one."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:  # psycopg itself found it broken, or could not connect
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate in _LOST or error.sqlstate.startswith("08")


def is_retryable(error: BaseException) -> bool:
    """Whether the transaction surely left nothing, through no fault of its own. Not for a COMMIT without an answer."""
    return is_lost(error) or isinstance(error, errors.DeadlockDetected | errors.SerializationFailure)


@contextmanager
def translated() -> Iterator[None]:
    """PostgreSQL's errors in our words. Its own texts stay in the cause: they name hosts, users and values."""
    try:
        yield
    except _BUSY as error:
        raise Unavailable("store_busy", f"PostgreSQL is busy ({error.sqlstate})", "Try again.") from error
    except errors.DiskFull as error:
        what = "the disk under PostgreSQL is full; nothing was written"
        raise Unavailable("store_full", what, "Free space.") from error
    except psycopg.DataError as error:
        raise Misuse("entry_not_storable", "PostgreSQL can't hold a value of this entry, such as U+0000") from error
    except (*_CORRUPT, errors.UndefinedTable, errors.UndefinedColumn) as error:
        what = f"PostgreSQL answered {error.sqlstate}: the log's tables or rows are not as they were made"
        raise Untrusted("store_corrupt", what, "Restore the log from its copies.") from error
    except psycopg.Error as error:
        what = f"PostgreSQL answered {error.sqlstate}" if error.sqlstate else "PostgreSQL does not answer"
        raise Unavailable("store_unavailable", what, "See the server's own log; then try again.") from error
