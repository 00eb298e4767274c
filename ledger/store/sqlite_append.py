"""One append to the log in SQLite: one transaction, a fixed number of statements, whatever the batch holds.

    (1) BEGIN IMMEDIATE; read head and last position; catch up with what other processes appended
    (2) conditions in order, in memory; statement ids that are there already, by one question
    (3) rows and tags, each by one executemany; tiles that changed; checkpoint and head
    (4) COMMIT; only then does memory move on

What is kept in memory between appends (newest entries, the tree's right edge) is true for one size and one checkpoint.
When the head differs, another process appended, and both are read anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ledger.errors import Untrusted
from ledger.proof.merkle import leaf_hash
from ledger.store.contract import Pending, Query, Receipts, Seal
from ledger.store.frontier import Frontier, Growth
from ledger.store.newest import NEWEST_ENTRIES_MAX, UNKNOWN, Newest
from ledger.store.placing import Placement
from ledger.store.sqlite_rows import TileRows, blob, count, select

IDS_A_QUESTION = 500  # parameters of one statement; SQLite's own end is 32,766

HEAD = "SELECT size, checkpoint, (SELECT COALESCE(MAX(position), 0) FROM entry) FROM head"
NEWER = "SELECT position, type, tags FROM entry WHERE position > ? ORDER BY position"
ROWS = "INSERT INTO entry VALUES (?, ?, ?, ?, ?)"
TAGS = "INSERT INTO tag VALUES (?, ?, ?)"
TILES = "INSERT INTO tile VALUES (?, ?, ?) ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes"
NEW_HEAD = "UPDATE head SET size = ?, checkpoint = ?"


class Appender:
    """The connection that writes, and what it remembers. One thread at a time."""

    def __init__(self, connection: sqlite3.Connection, seal: Seal) -> None:
        self.connection, self._seal = connection, seal
        self.newest = Newest(UNKNOWN)
        self._frontier: tuple[bytes, Frontier] | None = None

    def append(self, pending: Sequence[Pending]) -> Receipts:
        """All or nothing. Raises sqlite3's errors, Untrusted `store_corrupt`, and what `seal` raises."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            size, checkpoint = self._head()
            self._catch_up(size)
            placement = Placement(size, self.newest, self._known(pending), self._ask)
            outcomes = tuple(placement.place(item) for item in pending)
            if not placement.rows:
                self.connection.execute("ROLLBACK")
                return Receipts(outcomes, size, checkpoint)
            growth = self._frontier_at(size, checkpoint).grown([leaf_hash(row[4]) for row in placement.rows])
            checkpoint = self._write(placement, growth, checkpoint)
            self.connection.execute("COMMIT")
        except BaseException:
            self._frontier = None
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self._frontier = (checkpoint, growth.frontier)
        self.newest.add(placement.newest_rows)
        return Receipts(outcomes, growth.frontier.size, checkpoint, growth)

    def _head(self) -> tuple[int, bytes]:
        size, checkpoint, last = self.connection.execute(HEAD).fetchone()
        if last != count(size):
            raise Untrusted("store_corrupt", f"the log's head says {size} entries, its rows end at {last}", "Run fsck.")
        return size, blob(checkpoint, "the head")

    def _catch_up(self, size: int) -> None:
        """The newest entries reach up to `size` after this, whoever appended them."""
        if self.newest.high == size:
            return
        if self.newest.high == UNKNOWN:  # nobody waits yet with a boundary from before
            self.newest.begin_at(size)
            return
        if not size - NEWEST_ENTRIES_MAX <= self.newest.high <= size:
            self.newest.begin_at(max(0, size - NEWEST_ENTRIES_MAX))
        rows = self.connection.execute(NEWER, (self.newest.high,))
        self.newest.add((position, kind, tags.split("\n") if tags else ()) for position, kind, tags in rows)

    def _known(self, pending: Sequence[Pending]) -> dict[str, int]:
        ids = [item.events[0].statement_id for item in pending if item.events[0].statement_id is not None]
        known: dict[str, int] = {}
        for start in range(0, len(ids), IDS_A_QUESTION):
            some = ids[start : start + IDS_A_QUESTION]
            places = ", ".join("?" * len(some))
            sql = f"SELECT statement_id, position FROM entry WHERE statement_id IN ({places})"
            known.update(self.connection.execute(sql, some).fetchall())
        return known

    def _ask(self, boundary: Sequence[Query], after: int, upto: int) -> int | None:
        for sql, parameters in select(boundary, after, upto):
            if row := self.connection.execute(f"{sql} LIMIT 1", parameters).fetchone():
                return int(row[0])
        return None

    def _frontier_at(self, size: int, checkpoint: bytes) -> Frontier:
        if self._frontier is not None and self._frontier[0] == checkpoint and self._frontier[1].size == size:
            return self._frontier[1]
        return Frontier.read(size, TileRows(self.connection))

    def _write(self, placement: Placement, growth: Growth, before: bytes) -> bytes:
        self.connection.executemany(ROWS, placement.rows)
        tags = [(tag, row[1], row[0]) for row in placement.rows if row[2] for tag in dict.fromkeys(row[2].split("\n"))]
        self.connection.executemany(TAGS, tags)
        self.connection.executemany(TILES, [(*place, hashes) for place, hashes in growth.tiles.items()])
        checkpoint = self._seal(growth.frontier.size, growth.frontier.root, before)
        self.connection.execute(NEW_HEAD, (growth.frontier.size, checkpoint))
        return checkpoint
