"""Every root that the log names for its tag index, computed again from the entries (SPEC S7.15)."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode

from ledger.errors import LedgerError
from ledger.proof.completeness import INDEXED_TYPE, NamedRoot
from ledger.proof.logentry import LogEntry
from ledger.proof.tagrecord import TaggedEntry
from ops.auditing.report import AuditCheck
from ops.auditing.rows import RawEntry, RawRows
from projections.tag_tree import SCHEMA, TagTree

BATCH_ENTRIES = 2_000  # entries in memory between two steps of the map; fewer where the log names a root between them


class IndexAudit:
    """`look` at every row in order. The map lies in the scratch database: memory stays flat."""

    def __init__(self, check: AuditCheck, db: RawRows, scratch: sqlite3.Connection) -> None:
        self._check, self._scratch = check, scratch
        self._sizes = _named_sizes(db)
        self._roots: dict[int, bytes] = {}
        self._taken: list[TaggedEntry] = []
        self._broken = False
        if self._sizes:
            scratch.executescript(SCHEMA)
        else:
            check.notes.append("no root is named: completeness can't be proved from this log yet")

    def look(self, row: RawEntry) -> None:
        if not self._sizes:
            return
        try:
            entry = TaggedEntry.read(row.index, row.data)
        except LedgerError:
            self.give_up("an entry can't be read")  # which the check of the entries tells
            return
        if entry.type == INDEXED_TYPE:
            self._compare(row)
        self._taken.append(entry)
        if row.position in self._sizes or len(self._taken) >= BATCH_ENTRIES:
            root = TagTree(self._scratch).take(self._taken)
            self._taken.clear()
            if row.position in self._sizes:
                self._roots[row.position] = root

    def give_up(self, why: str) -> None:
        """From here on nothing can be said: the roots hang on every entry before them."""
        self._broken = True
        self._check.leave_out(why)

    def _compare(self, row: RawEntry) -> None:
        if self._broken:
            return
        item = f"entry {row.index}"
        self._check.checked += 1
        try:
            named = NamedRoot.of(LogEntry.parse(row.index, row.data))
        except LedgerError as error:
            self._check.find(error.code, item, error.what)
            return
        computed = self._roots.get(named.size)
        if computed != named.root:
            there = "nothing is" if computed is None else computed.hex() + " is"
            self._check.find(
                "index_root_false", item, f"it names {named.root.hex()} for size {named.size}; {there} right"
            )


def _named_sizes(db: RawRows) -> set[int]:
    """The sizes for which roots will be asked, looked up beforehand; what can't be read is told when its row comes."""
    sizes = set()
    for (data,) in db.execute("SELECT data FROM entry WHERE type = ?", (INDEXED_TYPE,)):
        try:
            sizes.add(int(json.loads(b64decode(json.loads(bytes(data))["envelope"]["payload"]))["body"]["size"]))
        except (ValueError, KeyError, TypeError):
            continue
    return sizes
