"""What is to be done about faces: files nobody scanned, judgements that a new word may change, what is to be destroyed.

Numbers, pseudonyms and times only; who is taken for whom stands in the log.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
    Types,
)
from schemas.base import format_instant
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.faces import LikenessJudged, LikenessReviewed, LikenessScanned, LikenessSwept
from schemas.statements.likeness import LikenessDestroyed, LikenessEnrolled, LikenessWithdrawn

ROWS_MAX = 200  # one answer; who has more to do asks again
_CONSENT_CHANGES: Types = frozenset(
    {
        "consent.granted.v1",
        "consent.granted.v2",
        "consent.withdrawn.v1",
        "consent.revoked.v1",
        "consent.invalidated.v1",
        "consent.expired.v1",
        "consent.renewed.v1",
        "consent.suspended.v1",
        "consent.resumed.v1",
    }
)


@dataclass(frozen=True)
class ScannedFile:
    """A file's newest scan. `kept`: what was measured of its faces is still in the vault."""

    asset: str
    scan: str
    kept: bool


class LikenessWork(View):
    """One row a file, one a match, one an enrolment."""

    name = "likeness"
    version = 1
    schema = """
    CREATE TABLE likeness_file (
      asset TEXT PRIMARY KEY, idx INTEGER NOT NULL, scan TEXT, faces INTEGER NOT NULL DEFAULT 0, stale INTEGER,
      cause TEXT) WITHOUT ROWID;
    CREATE INDEX likeness_file_new ON likeness_file (idx) WHERE scan IS NULL;
    CREATE INDEX likeness_file_faces ON likeness_file (asset) WHERE faces > 0;
    CREATE INDEX likeness_file_stale ON likeness_file (stale) WHERE stale IS NOT NULL;
    CREATE TABLE likeness_kept (scan TEXT PRIMARY KEY, asset TEXT NOT NULL, keep_until TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX likeness_kept_by_end ON likeness_kept (keep_until);
    CREATE TABLE likeness_match (
      person TEXT NOT NULL, asset TEXT NOT NULL, now INTEGER NOT NULL, PRIMARY KEY (person, asset)) WITHOUT ROWID;
    CREATE INDEX likeness_match_by_asset ON likeness_match (asset);
    CREATE TABLE likeness_enrolment (enrolment TEXT PRIMARY KEY, idx INTEGER NOT NULL, swept INTEGER) WITHOUT ROWID
    """
    handled = (
        frozenset({"asset.imported.v1", "asset.derived.v1"})
        | _CONSENT_CHANGES
        | (OF_LIKENESS - {"likeness.permitted.v1"})
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_RIGHTS
        | OF_GENERATIONS
        | OF_CLEARANCES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "likeness.permitted.v1",
                "consent.requested.v1",
                "consent.requested.v2",
                "consent.refused.v1",
                "consent.narrowed.v1",
                "consent.cut-approved.v1",
                "consent.expiring.v1",
                "asset.examined.v1",
                "asset.flagged.v1",
                "asset.flagged.v2",
                "review.approved.v1",
                "review.rejected.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, AssetImported | AssetDerived):
            db.execute("INSERT OR IGNORE INTO likeness_file (asset, idx) VALUES (?, ?)", (body.asset, said.index))
        elif isinstance(body, LikenessScanned):
            _scanned(db, body)
        elif isinstance(body, LikenessJudged):
            _judged(db, body)
        elif isinstance(body, LikenessReviewed):
            db.execute("UPDATE likeness_file SET stale = ?, cause = 'review' WHERE asset = ?", (said.index, body.asset))
        elif isinstance(body, LikenessEnrolled):
            db.execute("INSERT INTO likeness_enrolment VALUES (?, ?, NULL)", (body.enrolment, said.index))
        elif isinstance(body, LikenessSwept):
            db.execute("UPDATE likeness_enrolment SET swept = ? WHERE enrolment = ?", (said.index, body.enrolment))
        elif isinstance(body, LikenessDestroyed) and body.scan is not None:
            db.execute("DELETE FROM likeness_kept WHERE scan = ?", (body.scan,))
        elif isinstance(person := getattr(body, "person", None), str):
            ended = isinstance(body, LikenessDestroyed | LikenessWithdrawn)
            _stale(db, person, said.index, "permission-ended" if ended else "consent-changed")

    def not_scanned(self, limit: int = ROWS_MAX) -> list[str]:
        """Files that nobody looked for faces in, oldest first."""
        sql = "SELECT asset FROM likeness_file WHERE scan IS NULL ORDER BY idx LIMIT ?"
        return [asset for (asset,) in self._rows(sql, (limit,))]

    def with_faces(self, after: str = "", limit: int = ROWS_MAX) -> list[ScannedFile]:
        """Scanned files in which faces were measured, by digest."""
        sql = """SELECT f.asset, f.scan, k.scan IS NOT NULL FROM likeness_file f LEFT JOIN likeness_kept k ON k.scan = f.scan
                 WHERE f.faces > 0 AND f.asset > ? ORDER BY f.asset LIMIT ?"""
        return [ScannedFile(asset, scan, bool(kept)) for asset, scan, kept in self._rows(sql, (after, limit))]

    def files_with_faces(self) -> int:
        return int(self._rows("SELECT COUNT(*) FROM likeness_file WHERE faces > 0")[0][0])

    def to_judge(self, limit: int = ROWS_MAX) -> list[tuple[str, int, str]]:
        """Files with a match about which something changed, by the entry that changed it, and the cause."""
        sql = "SELECT asset, stale, cause FROM likeness_file WHERE stale IS NOT NULL ORDER BY stale, asset LIMIT ?"
        return [(asset, index, cause) for asset, index, cause in self._rows(sql, (limit,))]

    def not_swept(self) -> list[str]:
        """Enrolments that nobody compared with what is here, oldest first."""
        sql = "SELECT enrolment FROM likeness_enrolment WHERE swept IS NULL ORDER BY idx"
        return [name for (name,) in self._rows(sql)]

    def scans_due(self, at: datetime, limit: int = ROWS_MAX) -> list[tuple[str, str]]:
        """(scan, file) of what is kept past its time."""
        sql = "SELECT scan, asset FROM likeness_kept WHERE keep_until <= ? ORDER BY keep_until, scan LIMIT ?"
        return [(scan, asset) for scan, asset in self._rows(sql, (format_instant(at), limit))]

    def scans_superseded(self, limit: int = ROWS_MAX) -> list[tuple[str, str]]:
        """(scan, file) of what is kept of an older scan than the file's newest."""
        sql = """SELECT k.scan, k.asset FROM likeness_kept k JOIN likeness_file f ON f.asset = k.asset
                 WHERE f.scan <> k.scan ORDER BY k.scan LIMIT ?"""
        return [(scan, asset) for scan, asset in self._rows(sql, (limit,))]

    def files_with(self, person: str, limit: int = ROWS_MAX) -> list[str]:
        """Files in which an enrolled person is recognised, by digest."""
        sql = "SELECT asset FROM likeness_match WHERE person = ? AND now = 1 ORDER BY asset LIMIT ?"
        return [asset for (asset,) in self._rows(sql, (person, limit))]


def _scanned(db: sqlite3.Connection, body: LikenessScanned) -> None:
    sql = "UPDATE likeness_file SET scan = ?, faces = ?, stale = NULL, cause = NULL WHERE asset = ?"
    db.execute(sql, (body.scan, len(body.faces), body.asset))
    if body.keep_until is not None:
        row = (body.scan, body.asset, format_instant(body.keep_until))
        db.execute("INSERT INTO likeness_kept VALUES (?, ?, ?)", row)


def _judged(db: sqlite3.Connection, body: LikenessJudged) -> None:
    db.execute("UPDATE likeness_file SET stale = NULL, cause = NULL WHERE asset = ?", (body.asset,))
    db.execute("UPDATE likeness_match SET now = 0 WHERE asset = ?", (body.asset,))
    for one in body.findings:
        if one.person is not None:
            db.execute("INSERT OR REPLACE INTO likeness_match VALUES (?, ?, 1)", (one.person, body.asset))


def _stale(db: sqlite3.Connection, person: str, index: int, cause: str) -> None:
    sql = """UPDATE likeness_file SET stale = ?, cause = ?
             WHERE asset IN (SELECT asset FROM likeness_match WHERE person = ?)"""
    db.execute(sql, (index, cause, person))
