"""tagindex.sqlite: the tag index of this log, followed from the log a page at a time, off the append path (SPEC S7.12).

It stands at the size that was last asked of it, never at one of its own choosing: a proof is good under a root that the log
names (`log.indexed.v1`). A crash leaves whole pages. The file may be deleted; it holds nothing that the log doesn't, and what
it holds is compared with the root that the log names for its size before it is taken further.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import NotFound, Unavailable
from ledger.proof.merkle import leaf_hash
from ledger.proof.tagproof import TagProof
from ledger.proof.tagrecord import TaggedEntry
from ledger.store.contract import Query, Store
from projections.database import ViewsDatabase
from projections.tag_tree import SCHEMA, TagTree, damaged

PAGE_ENTRIES = 2_000  # one transaction: under a second of write lock, and 130 MB of entries at the very worst
TAG_INDEX_VERSION = 1  # changes whenever the tables do; another one in the file means: build it anew
_NAME = "tag_index"
_LOG = logging.getLogger("countersign.tagindex")


@dataclass(frozen=True)
class IndexLook:
    """The index at one size, inside one snapshot: other processes may take the file further meanwhile."""

    size: int
    root: bytes
    _tree: TagTree

    def prove(self, tag: str) -> TagProof:
        """Raises Unavailable `tag_index_damaged`."""
        return self._tree.prove(tag)


class TagIndex:
    """The index of one store's log. Thread-safe; several processes may share the file."""

    def __init__(self, path: Path, store: Store) -> None:
        self._database, self._store = ViewsDatabase(path), store
        try:
            with self._database.writing() as db:
                self._position(db)
        except BaseException:
            self._database.close()
            raise

    def catch_up(self) -> int:
        """Brings the index to the log's size now, which it returns, or to a later one that another process asked for.

        Raises Unavailable `views_…`, and what the log raises.
        """
        target = self._store.size()
        with self._database.writing() as db:
            self._compare_with_log(db)
        while self._next_page(target):
            pass
        return target

    @contextmanager
    def look(self) -> Iterator[IndexLook]:
        """The index as it stands. Raises Unavailable `tag_index_damaged`, `views_…`."""
        with self._database.snapshot(_NAME) as snapshot:
            tree = TagTree(snapshot.connection)
            yield IndexLook(snapshot.position, tree.root, tree)

    def begin_anew(self) -> None:
        """Forgets everything; the next `catch_up` reads the log from its first entry."""
        with self._database.writing() as db:
            _begin(db)

    def close(self) -> None:
        self._database.close()

    # -- pages ---------------------------------------------------------------------------------------------------

    def _next_page(self, target: int) -> bool:
        with self._database.writing() as db:
            position = self._position(db)
            if position >= target:
                return False
            try:
                self._apply(db, position, min(target, position + PAGE_ENTRIES))
            except Unavailable as error:
                if error.code != "tag_index_damaged":
                    raise
                _LOG.warning("%s; building it anew", error.what)
                db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
                _begin(db)
        return True

    def _apply(self, db: sqlite3.Connection, position: int, upto: int) -> None:
        page = list(self._store.read_entries(after=position, upto=upto))
        if len(page) != upto - position:
            raise Unavailable(
                "log_unreadable", f"the log has no {upto - position} entries after {position}", "Run fsck."
            )
        TagTree(db).take([TaggedEntry.read(stored.index, stored.entry) for stored in page])
        row = (upto, leaf_hash(page[-1].entry), _NAME)
        db.execute("UPDATE view SET position = ?, leaf_hash = ? WHERE name = ?", row)

    def _position(self, db: sqlite3.Connection) -> int:
        """How far the file is, after a new start where it is of another log or another version."""
        sql = "SELECT version, position, leaf_hash FROM view WHERE name = ?"
        version, position, leaf = db.execute(sql, (_NAME,)).fetchone() or (None, 0, b"")
        if version == TAG_INDEX_VERSION and leaf == self._leaf_before(position):
            return int(position)
        _begin(db)
        return 0

    def _leaf_before(self, position: int) -> bytes | None:
        """The hash of the last entry that was taken, as this log has it; None when this log is shorter."""
        try:
            return leaf_hash(self._store.entry(position - 1).entry) if position else b""
        except NotFound:
            return None

    def _compare_with_log(self, db: sqlite3.Connection) -> None:
        """A root that the log names for the file's size and the file does not have: the file is begun anew."""
        position = self._position(db)
        query = Query(types=["log.indexed.v1"], tags=[f"index:{position}"])
        for stored in self._store.read_entries([query], limit=1):
            if _logged_root(stored.entry) != TagTree(db).root.hex():
                _LOG.warning("%s; building it anew", damaged(f"the root of size {position}").what)
                _begin(db)


def _logged_root(entry: bytes) -> str:
    statement = json.loads(b64decode(json.loads(entry)["envelope"]["payload"]))
    return str(statement["body"]["root"])


def _begin(db: sqlite3.Connection) -> None:
    """Empty tables, at position 0, in the caller's transaction."""
    for table in ("tag_index_part", "tag_index_tag", "tag_index_root"):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute(
        "INSERT INTO view VALUES (?, ?, 0, x'', 0, 1, NULL) ON CONFLICT (name) DO UPDATE SET "
        "version = excluded.version, position = 0, leaf_hash = x'', builds = builds + 1",
        (_NAME, TAG_INDEX_VERSION),
    )
