"""The audit trail: every statement by every tag, with a sentence that a lawyer understands.

A file's trail is more than its own tag: its family, the generations behind them, their briefs, the people in them and the
consents these gave. Statements about other files that happen to share a brief or a consent stay out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import TooLarge
from ledger.statement import Said
from projections.database import View, ViewsDatabase
from projections.lineage import Lineage
from projections.summaries import summary
from projections.topics import TOPICS
from schemas.base import format_instant, parse_instant

TRAIL_ROWS_MAX = 20_000  # more than a person reads; a trail cut short would look whole, so a longer one is refused
TAG_PAGE_MAX = 500  # one answer by tag; who reads on passes the last index


@dataclass(frozen=True)
class TrailRow:
    """One statement. `occurred_at` is the actor's word, `recorded_at` the log's."""

    index: int
    recorded_at: datetime
    occurred_at: datetime
    type: str
    actor: str
    summary: str


class AuditTrail(View):
    """Handles everything: what is in the log is in the trail."""

    name = "audit_trail"
    version = 3
    schema = """
    CREATE TABLE audit_trail_entry (
      idx INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL, occurred_at TEXT NOT NULL, type TEXT NOT NULL,
      actor TEXT NOT NULL, summary TEXT NOT NULL);
    CREATE TABLE audit_trail_tag (
      tag TEXT NOT NULL, topic TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (tag, topic, idx)) WITHOUT ROWID
    """
    handled = frozenset[str]().union(*TOPICS)
    ignored: frozenset[str] = frozenset()

    def __init__(self, database: ViewsDatabase, lineage: Lineage) -> None:
        super().__init__(database)
        self._lineage = lineage

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        instants = (format_instant(said.recorded_at), format_instant(said.statement.occurred_at))
        row = (said.index, *instants, said.type, said.actor, summary(said))
        db.execute("INSERT INTO audit_trail_entry VALUES (?, ?, ?, ?, ?, ?)", row)
        topic = said.type.partition(".")[0]
        tags = [(tag, topic, said.index) for tag in dict.fromkeys(said.statement.tags)]
        db.executemany("INSERT INTO audit_trail_tag VALUES (?, ?, ?)", tags)

    def by_tag(self, tag: str, *, after: int = -1, limit: int = TAG_PAGE_MAX) -> list[TrailRow]:
        """Statements that carry the tag, in order; `after` is an entry index."""
        sql = """SELECT * FROM audit_trail_entry WHERE idx IN
                 (SELECT idx FROM audit_trail_tag WHERE tag = ? AND idx > ? ORDER BY idx LIMIT ?) ORDER BY idx"""
        return [_row(row) for row in self._rows(sql, (tag, after, limit))]

    def trail(self, asset: str) -> list[TrailRow]:
        """All that the log says on a file and on what it rests on, in order; empty for a file that never came.

        Raises TooLarge `trail_too_long`, `family_too_large`: a shortened trail is no trail.
        """
        wanted = self._wanted(asset)
        with self._database.snapshot(self.name) as look:
            indices: set[int] = set()
            for tag, topics in wanted:
                within = f"AND topic IN ({', '.join('?' * len(topics))})" if topics else ""
                sql = f"SELECT idx FROM audit_trail_tag WHERE tag = ? {within}"
                indices.update(index for (index,) in look.rows(sql, (tag, *topics)))
                if len(indices) > TRAIL_ROWS_MAX:
                    what = f"the trail of {asset} has more than {TRAIL_ROWS_MAX} statements"
                    raise TooLarge("trail_too_long", what, "Read it tag by tag.")
            found = [
                look.rows("SELECT * FROM audit_trail_entry WHERE idx = ?", (index,))[0] for index in sorted(indices)
            ]
        return [_row(row) for row in found]

    def _wanted(self, asset: str) -> list[tuple[str, Sequence[str]]]:
        """Tags, each with the topics that are of interest under it (none: all)."""
        family = self._lineage.family(asset)
        wanted: dict[str, Sequence[str]] = {f"asset:{name}": () for name in family}
        for origin in self._lineage.origins(family):
            wanted[f"generation:{origin.generation}"] = ("generation",)
            wanted[f"brief:{origin.brief}"] = ("brief",)
            for person, consent in origin.cameos:
                wanted[f"consent:{consent}"] = ("consent",)
                wanted[f"person:{person}"] = ("person", "subject", "hold")
        return list(wanted.items())


def _row(row: Sequence[Any]) -> TrailRow:
    index, recorded_at, occurred_at, kind, actor, sentence = row
    return TrailRow(index, parse_instant(recorded_at), parse_instant(occurred_at), kind, actor, sentence)
