"""One append to the log in PostgreSQL: one transaction, four round trips, whatever the batch holds.

    (1) begin; take the log's lock; read head, last position, known statement ids, what other processes appended
    (2) conditions in order, computed here, while only this transaction may append
    (3) rows by binary COPY; while the server takes them in, leaves, tiles and checkpoint are computed here
    (4) tags, tiles, head, NOTIFY, COMMIT

Only appenders take the lock, and it is held until the transaction is visible to everybody. So positions become visible
in order, and a reader that has seen position n has seen everything up to n (ADR 008). A connection lost before (4) was
sent left nothing; lost after it, nobody here can know, and the caller is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from ledger.errors import Unavailable, Untrusted
from ledger.proof.merkle import TILE_HEIGHT, leaf_hash
from ledger.store.contract import Pending, Query, Receipts, Seal
from ledger.store.frontier import Frontier
from ledger.store.newest import UNKNOWN, Newest
from ledger.store.placing import Placement
from ledger.store.postgres_connections import Connection
from ledger.store.postgres_rows import select

LOG_LOCK = 0x43534C47  # the upper half of the advisory lock's key; the lower is the table's oid, so logs do not meet
NEWER_ENTRIES_MAX = 500  # of other processes, taken over at an append; of more than these only the newest
TILE_LEVELS = 7  # 256^7 = 2^56 entries

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"  # each statement sees what committed before the lock was had
LOCK = f"SELECT pg_advisory_xact_lock(({LOG_LOCK}::bigint << 32) | 'head'::regclass::oid::bigint)"
HEAD = "SELECT size, checkpoint FROM head FOR UPDATE"
LAST = "SELECT COALESCE(MAX(position), 0) FROM entry"
# LIMIT 1 keeps it to one index probe a level; without it the planner reads every tile of a large log.
RIGHTMOST = f"""
SELECT g.level, t.number, t.hashes FROM head AS h CROSS JOIN generate_series(0, {TILE_LEVELS - 1}) AS g (level)
CROSS JOIN LATERAL (SELECT number, hashes FROM tile
  WHERE level = g.level AND number = h.size >> ({TILE_HEIGHT} * (g.level + 1)) LIMIT 1) AS t"""
KNOWN = "SELECT statement_id, position FROM entry WHERE statement_id = ANY(%s)"
NEWEST = "SELECT position, type, tags FROM entry WHERE position > %s ORDER BY position DESC LIMIT %s"
ROWS = "COPY entry (position, type, tags, statement_id, data) FROM STDIN (FORMAT BINARY)"
ROW_TYPES = ("int8", "text", "text", "text", "bytea")
TAGS = """
INSERT INTO tag SELECT DISTINCT t.name, e.type, e.position FROM entry AS e
CROSS JOIN LATERAL unnest(string_to_array(e.tags, E'\\n')) AS t (name)
WHERE e.position > %s AND e.position <= %s"""
TILES = """
INSERT INTO tile SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[])
ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes"""
NEW_HEAD = "UPDATE head SET size = %s, checkpoint = %b"

# A holder that has not sent a word for so long is a process that was stopped, or a machine that was: its transaction can
# be ended safely, because it did not commit. PostgreSQL itself would wait: its timeouts do not count inside a COPY.
EVICT = f"""
SELECT count(pg_terminate_backend(a.pid)) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = {LOG_LOCK} AND l.objid = 'head'::regclass::oid AND a.pid <> pg_backend_pid()
  AND a.application_name = current_setting('application_name') AND a.wait_event = 'ClientRead'
  AND a.state_change < clock_timestamp() - current_setting('lock_timeout')::interval"""


@dataclass
class Memory:
    """What one process knows of the log between its appends; true for the size and checkpoint that it names."""

    newest: Newest = field(default_factory=lambda: Newest(UNKNOWN))
    frontier: Frontier | None = None
    checkpoint: bytes = b""


@dataclass(frozen=True)
class _Begun:
    """What (1) read."""

    size: int
    checkpoint: bytes
    known: dict[str, int]


def append(connection: Connection, seal: Seal, pending: Sequence[Pending], memory: Memory) -> Receipts:
    """Raises psycopg's errors when nothing was written, Unavailable when that can't be known, what `seal` raises.

    After an error the caller rolls back or closes the connection.
    """
    begun = _begin(connection, pending, memory)
    placement = Placement(begun.size, memory.newest, begun.known, partial(_ask, connection))
    outcomes = tuple(placement.place(item) for item in pending)
    if not placement.rows:
        connection.execute("ROLLBACK")
        return Receipts(outcomes, begun.size, begun.checkpoint)
    frontier = _frontier(connection, begun, memory)
    with connection.cursor().copy(ROWS) as copy:
        copy.set_types(ROW_TYPES)
        for row in placement.rows:
            copy.write_row(row)
        growth = frontier.grown([leaf_hash(row[4]) for row in placement.rows])
        size, checkpoint = growth.frontier.size, seal(growth.frontier.size, growth.frontier.root, begun.checkpoint)
    _commit(connection, begun.size, growth.tiles, size, checkpoint)
    memory.frontier, memory.checkpoint = growth.frontier, checkpoint
    memory.newest.add(placement.newest_rows)
    return Receipts(outcomes, size, checkpoint, growth)


def evict(connection: Connection) -> int:
    """Ends the transactions of appenders that hold the lock and are not there any more; returns how many."""
    return int((connection.execute(EVICT).fetchone() or (0,))[0])


def _begin(connection: Connection, pending: Sequence[Pending], memory: Memory) -> _Begun:
    ids = [item.events[0].statement_id for item in pending if item.events[0].statement_id is not None]
    newest = memory.newest

    def ask(sql: str, *parameters: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return connection.execute(sql, parameters, binary=True)

    with connection.pipeline():
        connection.execute(BEGIN, prepare=False)
        ask(LOCK)
        head, last = ask(HEAD), ask(LAST)
        newer = ask(NEWEST, newest.high, NEWER_ENTRIES_MAX) if newest.high != UNKNOWN else None
        known = ask(KNOWN, ids) if ids else None
    size, checkpoint = head.fetchone() or (-1, b"")
    end = (last.fetchone() or (0,))[0]
    if end != size:
        raise Untrusted("store_corrupt", f"the log's head says {size} entries, its rows end at {end}", "Run fsck.")
    _remember(newest, newer.fetchall() if newer else [], size)
    return _Begun(size, checkpoint, dict(known.fetchall()) if known else {})


def _remember(newest: Newest, rows: Sequence[tuple[Any, ...]], size: int) -> None:
    """The newest entries reach up to `size` after this; `rows` are those past what was known, the newest first."""
    oldest = rows[-1][0] if rows else size + 1
    if newest.high != oldest - 1:
        newest.begin_at(oldest - 1)
    newest.add((position, kind, tags.split("\n") if tags else ()) for position, kind, tags in reversed(rows))


def _frontier(connection: Connection, begun: _Begun, memory: Memory) -> Frontier:
    known = memory.frontier
    if known is not None and known.size == begun.size and memory.checkpoint == begun.checkpoint:
        return known
    tiles = {(level, number): hashes for level, number, hashes in connection.execute(RIGHTMOST, binary=True)}
    return Frontier.read(begun.size, _Tiles(tiles))


class _Tiles:
    def __init__(self, read: dict[tuple[int, int], bytes]) -> None:
        self._read = read

    def tile(self, level: int, index: int) -> bytes:
        return self._read.get((level, index), b"")


def _ask(connection: Connection, boundary: Sequence[Query], after: int, upto: int) -> int | None:
    for sql, parameters in select(boundary, after, upto):
        if row := connection.execute(f"{sql} LIMIT 1", parameters).fetchone():
            return int(row[0])
    return None


def _commit(
    connection: Connection, old_size: int, changed: dict[tuple[int, int], bytes], size: int, checkpoint: bytes
) -> None:
    levels, numbers = [level for level, _ in changed], [number for _, number in changed]
    try:
        with connection.pipeline():
            connection.execute(TAGS, (old_size, size))
            connection.execute(TILES, (levels, numbers, list(changed.values())))
            connection.execute(NEW_HEAD, (size, checkpoint))
            connection.execute("SELECT pg_notify(current_schema(), %s)", (str(size),))
            connection.execute("COMMIT", prepare=False)
    except psycopg.Error as error:
        if not connection.closed:
            raise  # the server said no, and rolled back
        what = "the connection to PostgreSQL was lost during the commit: the log may hold these entries or none of them"
        raise Unavailable(
            "store_unavailable", what, "Say the same statements again: their ids make it safe."
        ) from error
