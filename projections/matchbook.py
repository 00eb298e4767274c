"""The book of matches: which references stand, what was compared, what was found, and what people who looked said of it.

From it come the work that is left (each file and each reference once a policy and algorithm), the matches that wait for a
person, who used a reference, and the error rates: of what people said of matches, how often it was something else. Of each
person the newest word on a file and a reference counts, under the decision that they reviewed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.rules.coverage import SOUND
from ledger.rules.references import way_of
from ledger.statement import Said
from projections.database import View
from projections.topics import EVERY
from schemas.statements.asset import AssetExamined
from schemas.statements.erasure import SubjectErased
from schemas.statements.match import MatchCompared, MatchFound, MatchReviewed
from schemas.statements.reference import ReferenceRegistered, ReferenceSwept, ReferenceWithdrawn, Way

PAGE_MAX = 500  # rows in one answer; who reads on passes the last index
NEVER = 2**62  # an index that no entry has
_AGAIN = " ("  # after it stands the version, where a file was examined again by another one
_HAS_WAY = "instr(ways, ?)"
_REFERENCE = "reference, kind, ways, media, title, owner, person, statement, idx, standing"
_RECORDED = "match, asset, reference, way, decision, distance, frames, asset_ms, reference_ms, policy, idx"


@dataclass(frozen=True)
class Reference:
    """One registered reference. `media` is None for a person's picture; `statement` is the id that seals its codes."""

    reference: str
    kind: str
    ways: tuple[str, ...]
    media: str | None
    title: str | None
    owner: str | None
    person: str | None
    statement: str
    index: int
    standing: bool


@dataclass(frozen=True)
class Recorded:
    """The newest word on a file and a reference in one way, and the newest of a person; `verdict` None: nobody looked."""

    match: str
    asset: str
    reference: str
    way: str
    decision: str
    distance: int
    frames: int
    asset_ms: int
    reference_ms: int
    policy: str
    index: int
    verdict: str | None
    reviewer: str | None


class MatchBook(View):
    """Rows by file and reference. Thread-safe."""

    name = "matchbook"
    version = 3
    schema = """
    CREATE TABLE matchbook_reference (
      reference TEXT PRIMARY KEY, kind TEXT NOT NULL, ways TEXT NOT NULL, media TEXT, title TEXT, owner TEXT, person TEXT,
      statement TEXT NOT NULL, idx INTEGER NOT NULL, standing INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE matchbook_file (
      asset TEXT NOT NULL, algorithm TEXT NOT NULL, way TEXT NOT NULL, idx INTEGER NOT NULL, version TEXT NOT NULL,
      PRIMARY KEY (asset, algorithm)) WITHOUT ROWID;
    CREATE TABLE matchbook_done (
      name TEXT NOT NULL, policy TEXT NOT NULL, algorithm TEXT NOT NULL, idx INTEGER NOT NULL, flooded INTEGER NOT NULL,
      PRIMARY KEY (name, policy, algorithm)) WITHOUT ROWID;
    CREATE TABLE matchbook_match (
      match TEXT NOT NULL, asset TEXT NOT NULL, reference TEXT NOT NULL, way TEXT NOT NULL, decision TEXT NOT NULL,
      distance INTEGER NOT NULL, frames INTEGER NOT NULL, asset_ms INTEGER NOT NULL, reference_ms INTEGER NOT NULL,
      policy TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (asset, reference, way)) WITHOUT ROWID;
    CREATE TABLE matchbook_named (match TEXT PRIMARY KEY, way TEXT NOT NULL, decision TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE matchbook_review (
      asset TEXT NOT NULL, reference TEXT NOT NULL, way TEXT NOT NULL, decision TEXT NOT NULL, verdict TEXT NOT NULL,
      actor TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (asset, reference, way, actor)) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "asset.examined.v1",
            "subject.erased.v1",
            "reference.registered.v1",
            "reference.registered.v2",
            "reference.withdrawn.v1",
            "reference.swept.v1",
            "match.compared.v1",
            "match.found.v1",
            "match.reviewed.v1",
        }
    )
    ignored = EVERY - handled

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, AssetExamined):
            _file(db, said.index, body)
        elif isinstance(body, ReferenceRegistered):
            named = (body.reference, body.kind, " ".join(body.ways), body.media, body.title, body.owner, body.person)
            values = (*named, said.statement.id, said.index, 1)
            db.execute("INSERT INTO matchbook_reference VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        elif isinstance(body, ReferenceWithdrawn):
            db.execute("UPDATE matchbook_reference SET standing = 0 WHERE reference = ?", (body.reference,))
        elif isinstance(body, SubjectErased):
            db.execute("UPDATE matchbook_reference SET standing = 0 WHERE person = ?", (body.person,))
        elif isinstance(body, MatchCompared | ReferenceSwept):
            name = body.asset if isinstance(body, MatchCompared) else body.reference
            row = (name, body.policy, body.algorithm, said.index, int(body.flooded))
            db.execute("INSERT OR REPLACE INTO matchbook_done VALUES (?, ?, ?, ?, ?)", row)
        elif isinstance(body, MatchFound):
            _match(db, said.index, body)
        elif isinstance(body, MatchReviewed):
            _review(db, said, body)

    # -- references --------------------------------------------------------------------------------------------------

    def references(self, *, media: str | None = None, after: int = -1, limit: int = PAGE_MAX) -> list[Reference]:
        """In the order in which they were registered, those withdrawn too; `after` is an entry index."""
        within = "AND media = ?" if media else ""
        sql = f"""SELECT {_REFERENCE} FROM matchbook_reference
                  WHERE idx > ? {within} ORDER BY idx LIMIT ?"""
        return [_reference(row) for row in self._rows(sql, (after, *([media] if media else []), limit))]

    def reference(self, name: str) -> Reference | None:
        sql = f"""SELECT {_REFERENCE} FROM matchbook_reference
                 WHERE reference = ?"""
        return next((_reference(row) for row in self._rows(sql, (name,))), None)

    def likenesses(self) -> list[Reference]:
        """Pictures of people that stand: their codes are in the vault."""
        sql = f"""SELECT {_REFERENCE} FROM matchbook_reference
                 WHERE kind = 'likeness' AND standing = 1 ORDER BY idx"""
        return [_reference(row) for row in self._rows(sql)]

    # -- work --------------------------------------------------------------------------------------------------------

    def files_left(self, way: Way, policy: str, limit: int) -> list[tuple[str, str]]:
        """(asset, algorithm) of files that were not compared in this way under its policy, oldest first; none without a
        reference that has it."""
        sql = f"""SELECT asset, algorithm FROM matchbook_file AS f WHERE way = ? AND NOT EXISTS
                  (SELECT 1 FROM matchbook_done WHERE name = f.asset AND policy = ? AND algorithm = f.algorithm)
                  AND EXISTS (SELECT 1 FROM matchbook_reference WHERE standing = 1 AND {_HAS_WAY}) ORDER BY idx LIMIT ?"""
        return [(asset, algorithm) for asset, algorithm in self._rows(sql, (way, policy, way, limit))]

    def references_left(self, way: Way, policy: str, limit: int) -> list[Reference]:
        """References that stand and were not looked for in this way under its policy, oldest first."""
        sql = f"""SELECT {_REFERENCE} FROM matchbook_reference AS r WHERE standing = 1 AND {_HAS_WAY}
                  AND NOT EXISTS (SELECT 1 FROM matchbook_done WHERE name = r.reference AND policy = ?)
                  ORDER BY idx LIMIT ?"""
        return [_reference(row) for row in self._rows(sql, (way, policy, limit))]

    def compared(self, name: str, policy: str, algorithm: str) -> bool:
        """Whether a file was compared, or a reference looked for, under this policy."""
        sql = "SELECT 1 FROM matchbook_done WHERE name = ? AND policy = ? AND algorithm = ?"
        return bool(self._rows(sql, (name, policy, algorithm)))

    def algorithms_of(self, asset: str, way: Way) -> list[str]:
        """In which algorithms a file can be compared in this way; none for one without a picture, or without sound."""
        sql = "SELECT algorithm FROM matchbook_file WHERE asset = ? AND way = ? ORDER BY algorithm"
        return [name for (name,) in self._rows(sql, (asset, way))]

    def came(self, asset: str, algorithm: str) -> int:
        """The entry that brought the file's codes; past every entry where there are none."""
        sql = "SELECT idx FROM matchbook_file WHERE asset = ? AND algorithm = ?"
        return next((int(index) for (index,) in self._rows(sql, (asset, algorithm))), NEVER)

    def files_before(self, index: int, algorithm: str) -> int:
        sql = "SELECT count(*) FROM matchbook_file WHERE idx < ? AND algorithm = ?"
        return int(self._rows(sql, (index, algorithm))[0][0])

    def standing_before(self, index: int, way: Way) -> int:
        sql = f"SELECT count(*) FROM matchbook_reference WHERE idx < ? AND standing = 1 AND {_HAS_WAY}"
        return int(self._rows(sql, (index, way))[0][0])

    def progress(self, way: Way, policy: str) -> dict[str, int]:
        """How much was compared in this way under its policy, and how much is left."""
        done = "(SELECT 1 FROM matchbook_done WHERE name = {} AND policy = ?2"
        sql = f"""SELECT (SELECT count(*) FROM matchbook_file WHERE way = ?1),
                  (SELECT count(*) FROM matchbook_file AS f WHERE way = ?1
                    AND EXISTS {done.format("f.asset")} AND algorithm = f.algorithm)),
                  (SELECT count(*) FROM matchbook_reference WHERE standing = 1 AND {_HAS_WAY.replace("?", "?1")}),
                  (SELECT count(*) FROM matchbook_reference AS r WHERE standing = 1 AND {_HAS_WAY.replace("?", "?1")}
                    AND EXISTS {done.format("r.reference")}))"""
        files, compared, references, swept = self._rows(sql, (way, policy))[0]
        return {"files": files, "compared": compared, "references": references, "swept": swept}

    def flooded(self) -> list[str]:
        """Files that were set apart and that nobody released, and references that stand and were, oldest first."""
        sql = """SELECT name FROM matchbook_done AS d WHERE flooded = 1
                 AND NOT EXISTS (SELECT 1 FROM matchbook_reference WHERE reference = d.name AND standing = 0)
                 AND coalesce((SELECT verdict FROM matchbook_review WHERE asset = d.name AND reference = ''
                   ORDER BY idx DESC LIMIT 1), 'same') = 'same' GROUP BY name ORDER BY min(idx)"""
        return [name for (name,) in self._rows(sql)]

    # -- matches -----------------------------------------------------------------------------------------------------

    def matches(
        self,
        *,
        asset: str | None = None,
        reference: str | None = None,
        waiting: bool = False,
        after: int = -1,
        limit: int = PAGE_MAX,
    ) -> list[Recorded]:
        """What stands of matches, in the log's order: of a file, of a reference, or only what waits for a person."""
        where, values = ["m.idx > ?", "m.decision <> 'none'"], [after]
        wanted: list[Any] = values
        for column, value in (("m.asset", asset), ("m.reference", reference)):
            if value is not None:
                where.append(f"{column} = ?")
                wanted.append(value)
        where += ["r.verdict IS NULL"] if waiting else []
        columns = ", ".join(f"m.{name}" for name in _RECORDED.split(", "))
        sql = f"""SELECT {columns}, r.verdict, r.actor FROM matchbook_match AS m
                  LEFT JOIN matchbook_review AS r ON r.asset = m.asset AND r.reference = m.reference AND r.way = m.way
                  AND r.idx = (SELECT max(idx) FROM matchbook_review
                    WHERE asset = m.asset AND reference = m.reference AND way = m.way)
                  WHERE {" AND ".join(where)} ORDER BY m.idx LIMIT ?"""
        return [Recorded(*row) for row in self._rows(sql, (*wanted, limit))]

    def last_word(self, asset: str, reference: str, way: Way) -> str:
        """The newest decision on the two in this way; `none` where there was none."""
        sql = "SELECT decision FROM matchbook_match WHERE asset = ? AND reference = ? AND way = ?"
        return next((str(word) for (word,) in self._rows(sql, (asset, reference, way))), "none")

    def error_rates(self, way: Way) -> dict[str, dict[str, int]]:
        """By decision: what people said of matches, each person's newest word, and how often it was something else."""
        sql = """SELECT decision, count(*), sum(verdict = 'different') FROM matchbook_review
                 WHERE reference <> '' AND way = ? GROUP BY decision ORDER BY decision"""
        return {decision: {"reviewed": count, "false": wrong} for decision, count, wrong in self._rows(sql, (way,))}


def _reference(row: tuple[Any, ...]) -> Reference:
    reference, kind, ways, media, title, owner, person, statement, index, standing = row
    by = tuple(ways.split())
    return Reference(reference, kind, by, media, title, owner, person, statement, index, bool(standing))


def _file(db: sqlite3.Connection, index: int, body: AssetExamined) -> None:
    """A file with a picture or sound, in the algorithm of its codes; one that comes again in another, or in another version
    of it, is compared again, under a name that says so."""
    for finding in body.findings:
        if finding.state == "found" and ((finding.extractor == "pdq" and body.frames) or finding.extractor == SOUND):
            sql = "SELECT version FROM matchbook_file WHERE asset = ? AND algorithm = ?"
            known = db.execute(sql, (body.asset, finding.algorithm)).fetchone()
            again = known is not None and known[0] != finding.version
            name = f"{finding.algorithm}{_AGAIN}{finding.version})" if again else finding.algorithm
            row = (body.asset, name, way_of(name), index, finding.version)
            db.execute("INSERT INTO matchbook_file VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)


def plain_name(algorithm: str) -> str:
    """The algorithm alone, as the index knows it."""
    return algorithm.partition(_AGAIN)[0]


def _match(db: sqlite3.Connection, index: int, body: MatchFound) -> None:
    way = way_of(body.algorithm)
    where = (body.distance_median, body.frames_matched, body.asset_ms, body.reference_ms)
    row: Sequence[Any] = (body.match, body.asset, body.reference, way, body.decision, *where, body.policy, index)
    db.execute("INSERT OR REPLACE INTO matchbook_match VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute("INSERT OR IGNORE INTO matchbook_named VALUES (?, ?, ?)", (body.match, way, body.decision))


def _review(db: sqlite3.Connection, said: Said, body: MatchReviewed) -> None:
    found = db.execute("SELECT way, decision FROM matchbook_named WHERE match = ?", (body.match,)).fetchone()
    way, decision = found or ("", "flood")
    row = (body.asset, body.reference or "", way, decision, body.verdict, said.actor, said.index)
    db.execute("INSERT OR REPLACE INTO matchbook_review VALUES (?, ?, ?, ?, ?, ?, ?)", row)
