"""What each file's newest examination was made by: which files newer algorithms have not seen, and what nobody told of yet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_CONSENTS,
    OF_FILES,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.statements.asset import AssetExamined, FindingRecord
from schemas.statements.reexamination import AssetReexamined

MadeBy = tuple[tuple[str, str, str, str], ...]
"""(extractor, algorithm, version, why it did not look or "") of every finding."""


@dataclass(frozen=True)
class Untold:
    """Examination `now` of a file was made by other algorithms than `before`, and no statement says what that changed."""

    asset: str
    before: int
    now: int


class Examinations(View):
    """A row for each file. Thread-safe."""

    name = "examinations"
    version = 1
    schema = """
    CREATE TABLE examinations_file (
      asset TEXT PRIMARY KEY, idx INTEGER NOT NULL, made_by TEXT NOT NULL, before_idx INTEGER, now_idx INTEGER,
      tried TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX examinations_file_by_made ON examinations_file (made_by, idx);
    CREATE INDEX examinations_file_untold ON examinations_file (now_idx) WHERE now_idx IS NOT NULL
    """
    handled = frozenset({"asset.examined.v1", "asset.reexamined.v1"})
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_CONSENTS
        | OF_GENERATIONS
        | OF_FILES
        | OF_CLEARANCES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
    ) - handled

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, AssetExamined):
            _examined(db, said.index, body)
        elif isinstance(body, AssetReexamined):
            db.execute("UPDATE examinations_file SET tried = ? WHERE asset = ?", (body.specs_sha256, body.asset))
            sql = "UPDATE examinations_file SET before_idx = NULL, now_idx = NULL WHERE asset = ? AND now_idx <= ?"
            db.execute(sql, (body.asset, -1 if body.now is None else body.now))

    def made_by(self) -> list[MadeBy]:
        """Every set of algorithms that some file's newest examination was made by: few, however many files there are."""
        rows = self._rows("SELECT DISTINCT made_by FROM examinations_file")
        return [tuple(tuple(one) for one in json.loads(text)) for (text,) in rows]

    def of(self, made_by: Sequence[MadeBy], not_tried: str, limit: int) -> list[str]:
        """Files whose newest examination was made by one of these and that were not tried by those newer algorithms, oldest
        first."""
        marks = ", ".join("?" for _ in made_by)
        sql = f"""SELECT asset FROM examinations_file WHERE made_by IN ({marks}) AND tried <> ?
                  ORDER BY idx LIMIT ?"""
        return [asset for (asset,) in self._rows(sql, (*map(_text, made_by), not_tried, limit))]

    def count(self, made_by: Sequence[MadeBy], not_tried: str) -> int:
        marks = ", ".join("?" for _ in made_by)
        sql = f"SELECT count(*) FROM examinations_file WHERE made_by IN ({marks}) AND tried <> ?"
        return int(self._rows(sql, (*map(_text, made_by), not_tried))[0][0])

    def untold(self, limit: int) -> list[Untold]:
        """Oldest first."""
        sql = """SELECT asset, before_idx, now_idx FROM examinations_file WHERE now_idx IS NOT NULL
                 ORDER BY now_idx LIMIT ?"""
        return [Untold(*row) for row in self._rows(sql, (limit,))]


def made_by(findings: Sequence[FindingRecord]) -> MadeBy:
    """What stands of an examination's findings here."""
    return tuple(sorted((one.extractor, one.algorithm, one.version, _why_not(one)) for one in findings))


def _why_not(one: FindingRecord) -> str:
    return str(one.detail.get("reason", "")) if one.state == "not_checked" else ""


def _text(one: MadeBy) -> str:
    return json.dumps([list(part) for part in one], ensure_ascii=False, separators=(",", ":"))


def _examined(db: sqlite3.Connection, index: int, body: AssetExamined) -> None:
    """Another set of algorithms than before leaves something to tell, from the oldest examination that nobody told about."""
    now = _text(made_by(body.findings))
    before = db.execute("SELECT idx, made_by FROM examinations_file WHERE asset = ?", (body.asset,)).fetchone()
    if before is None:
        db.execute("INSERT INTO examinations_file VALUES (?, ?, ?, NULL, NULL, '')", (body.asset, index, now))
        return
    sql = "UPDATE examinations_file SET idx = ?, made_by = ?, tried = '' WHERE asset = ?"
    db.execute(sql, (index, now, body.asset))
    if before[1] != now:
        sql = "UPDATE examinations_file SET before_idx = coalesce(before_idx, ?), now_idx = ? WHERE asset = ?"
        db.execute(sql, (before[0], index, body.asset))
