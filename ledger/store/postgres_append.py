"""One append to the log in PostgreSQL: one transaction, four round trips, whatever the batch holds.

    (1) begin; take the log's lock; read head, last position, rightmost tiles, known statement ids, newest entries
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
from typing import Any

import psycopg

from ledger.errors import Unavailable, Untrusted
from ledger.proof.merkle import TILE_HEIGHT, hashes_to_append, leaf_hash, tree_root
from ledger.store.contract import Appended, BoundaryMoved, EntryEvent, Outcome, Pending, Query, Receipts, Seal
from ledger.store.postgres_connections import Connection
from ledger.store.postgres_rows import NO_END, select

LOG_LOCK = 0x43534C47  # the upper half of the advisory lock's key; the lower is the table's oid, so logs do not meet
NEWEST_ENTRIES_MAX = 500  # conditions look at these in memory; what a slower caller's boundary misses is asked by SQL
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


class Newest:
    """The entries after position `low`, those of the running batch included, by tag and by type."""

    def __init__(self, low: int) -> None:
        self.low = low
        self._all: list[tuple[int, str, frozenset[str]]] = []
        self._by_tag: dict[str, list[tuple[int, str, frozenset[str]]]] = {}

    def add(self, position: int, kind: str, tags: Sequence[str]) -> None:
        """Positions come in order."""
        row = (position, kind, frozenset(tags))
        self._all.append(row)
        for tag in row[2]:
            self._by_tag.setdefault(tag, []).append(row)

    def match(self, query: Query, after: int) -> int | None:
        """The newest position past `after` that the query asks for."""
        rows = min((self._by_tag.get(tag, []) for tag in query.tags), key=len, default=self._all)
        for position, kind, tags in reversed(rows):
            if position <= after:
                return None
            if (not query.types or kind in query.types) and tags.issuperset(query.tags):
                return position
        return None


@dataclass
class _Begun:
    """What (1) read."""

    size: int
    checkpoint: bytes
    tiles: dict[tuple[int, int], bytes]
    known: dict[str, int]
    newest: Newest | None
    """None when no condition of this batch will ask."""
    rows: list[tuple[int, str, str, str | None, bytes]] = field(default_factory=list)


class _Tiles:
    """Tiles as they will be, else as they were read in (1), which is all that an append and its root can call for."""

    def __init__(self, read: dict[tuple[int, int], bytes]) -> None:
        self.all = dict(read)

    def tile(self, level: int, index: int) -> bytes:
        return self.all.get((level, index), b"")


def append(connection: Connection, seal: Seal, pending: Sequence[Pending]) -> Receipts:
    """Raises psycopg's errors when nothing was written, Unavailable when that can't be known, what `seal` raises.

    After an error the caller rolls back or closes the connection.
    """
    begun = _begin(connection, pending)
    outcomes = tuple(_place(connection, begun, item) for item in pending)
    if not begun.rows:
        connection.execute("ROLLBACK")
        return Receipts(outcomes, begun.size, begun.checkpoint)
    with connection.cursor().copy(ROWS) as copy:
        copy.set_types(ROW_TYPES)
        for row in begun.rows:
            copy.write_row(row)
        changed, size, checkpoint = _grow(begun, seal)
    _commit(connection, begun.size, changed, size, checkpoint)
    return Receipts(outcomes, size, checkpoint)


def evict(connection: Connection) -> int:
    """Ends the transactions of appenders that hold the lock and are not there any more; returns how many."""
    return int((connection.execute(EVICT).fetchone() or (0,))[0])


def _begin(connection: Connection, pending: Sequence[Pending]) -> _Begun:
    ids = [item.events[0].statement_id for item in pending if item.events[0].statement_id is not None]
    low = min((item.after for item in pending if item.boundary), default=NO_END)

    def ask(sql: str, *parameters: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return connection.execute(sql, parameters, binary=True)

    with connection.pipeline():
        connection.execute(BEGIN, prepare=False)
        ask(LOCK)
        head, last, tiles = ask(HEAD), ask(LAST), ask(RIGHTMOST)
        newest = ask(NEWEST, low, NEWEST_ENTRIES_MAX) if low < NO_END else None
        known = ask(KNOWN, ids) if ids else None
    size, checkpoint = head.fetchone() or (-1, b"")
    end = (last.fetchone() or (0,))[0]
    if end != size:
        raise Untrusted("store_corrupt", f"the log's head says {size} entries, its rows end at {end}", "Run fsck.")
    return _Begun(
        size,
        checkpoint,
        {(level, number): hashes for level, number, hashes in tiles},
        dict(known.fetchall()) if known else {},
        _newest(newest.fetchall(), low) if newest else None,
    )


def _newest(rows: Sequence[tuple[Any, ...]], low: int) -> Newest:
    newest = Newest(rows[-1][0] - 1 if len(rows) == NEWEST_ENTRIES_MAX else low)
    for position, kind, tags in reversed(rows):
        newest.add(position, kind, tags.split("\n") if tags else ())
    return newest


def _place(connection: Connection, begun: _Begun, item: Pending) -> Outcome:
    index = begun.size + len(begun.rows)
    statement_id = item.events[0].statement_id
    if statement_id is not None and statement_id in begun.known:
        return Appended(begun.known[statement_id] - 1, existing=True)
    if (moved := _moved(connection, begun.newest, item)) is not None:
        return BoundaryMoved(moved - 1)
    for position, event in enumerate(item.events, index + 1):
        _put(begun, event, position)
    return Appended(index)


def _moved(connection: Connection, newest: Newest | None, item: Pending) -> int | None:
    if newest is None or not item.boundary:
        return None
    for query in item.boundary:
        if (position := newest.match(query, item.after)) is not None:
            return position
    if item.after < newest.low:
        for sql, parameters in select(item.boundary, item.after, newest.low):
            row = connection.execute(f"{sql} LIMIT 1", parameters).fetchone()
            if row:
                return int(row[0])
    return None


def _put(begun: _Begun, event: EntryEvent, position: int) -> None:
    begun.rows.append((position, event.type, "\n".join(event.tags), event.statement_id, event.data))
    if begun.newest is not None:
        begun.newest.add(position, event.type, event.tags)
    if event.statement_id is not None:
        begun.known.setdefault(event.statement_id, position)


def _grow(begun: _Begun, seal: Seal) -> tuple[dict[tuple[int, int], bytes], int, bytes]:
    """(tiles that change, new size, its checkpoint)"""
    leaves = [leaf_hash(row[4]) for row in begun.rows]
    tiles, size = _Tiles(begun.tiles), begun.size + len(leaves)
    changed = hashes_to_append(begun.size, tiles, leaves)
    tiles.all.update(changed)
    return changed, size, seal(size, tree_root(size, tiles), begun.checkpoint)


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
