"""The fingerprint index: which known assets is a file near, and where in them? (FORMATS 8)

Codes are rows, written with their position from the examination that `asset.examined.v1` names by digest. The index in
memory is filled from committed rows before each search, so it can't be ahead of them and survives nothing it should not.
Frames of low quality are kept and never vote. Codes of different algorithms are never compared.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence

import numpy as np

from ledger.blobs import Blobs
from ledger.media.findings import Examination, Fingerprints, VariantCode
from ledger.statement import Said
from projections.comparison import QUALITY_MIN, Decision, Match, rank, runs_of, search_run
from projections.database import Snapshot, View, ViewsDatabase
from projections.frame_index import CODE_BYTES, FrameIndex
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_CONSENTS,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.statements.asset import AssetExamined

__all__ = ["Decision", "Match", "Matches"]

RESULTS_MAX = 50  # more near assets than a person compares


class Matches(View):
    """Rows of codes, and an index in memory over them. Thread-safe."""

    name = "matches"
    version = 1
    schema = """
    CREATE TABLE matches_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, algorithm TEXT NOT NULL, version TEXT NOT NULL,
      idx INTEGER NOT NULL, frames INTEGER NOT NULL, UNIQUE (asset, algorithm, version));
    CREATE TABLE matches_frame (
      number INTEGER NOT NULL, frame INTEGER NOT NULL, t_ms INTEGER NOT NULL, pdq BLOB NOT NULL,
      quality INTEGER NOT NULL, phash256 BLOB NOT NULL, PRIMARY KEY (number, frame)) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "asset.examined.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_RIGHTS
        | OF_CONSENTS
        | OF_GENERATIONS
        | OF_CLEARANCES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "asset.imported.v1",
                "asset.derived.v1",
                "asset.flagged.v1",
                "asset.flagged.v2",
                "review.approved.v1",
                "review.rejected.v1",
            }
        )
    )

    def __init__(self, database: ViewsDatabase, blobs: Blobs) -> None:
        super().__init__(database)
        self._blobs = blobs
        self._filling = threading.Lock()
        self._indexes: dict[str, FrameIndex] = {}
        self._filled, self._builds = 0, 0

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered examination stops the view: an index with a hole would say `unknown` of a known clip."""
        if not isinstance(said.body, AssetExamined) or said.body.frames == 0:
            return
        found = Examination.from_json(json.loads(self._blobs.get(said.body.examination_sha256))).fingerprints
        if found is not None and found.frames:
            _keep(db, said.index, said.body.asset, found)

    # -- queries -------------------------------------------------------------------------------------------------

    def algorithms(self) -> list[str]:
        """The algorithms that known assets were fingerprinted with; a query in another finds nothing."""
        return [name for (name,) in self._rows("SELECT DISTINCT algorithm FROM matches_asset ORDER BY algorithm")]

    def knows(self, asset: str) -> bool:
        """Whether the file can be found by its picture: frames of it are in the index."""
        return bool(self._rows("SELECT 1 FROM matches_asset WHERE asset = ? LIMIT 1", (asset,)))

    def search(
        self,
        fingerprints: Fingerprints,
        *,
        variants: Sequence[VariantCode] = (),
        exclude: frozenset[str] = frozenset(),
        limit: int = RESULTS_MAX,
    ) -> list[Match]:
        """Known assets near the fingerprints or one of their variants, best first; `exclude` holds asset digests.

        Every asset of a family is named: a clip and its signed twin both match. The floor for a clip is
        FRAMES_MATCHED_MIN frames in order and FRAMES_SHARE_MIN of one side; where one side is a still, one frame does.
        """
        best: dict[str, Match] = {}
        with self._database.snapshot(self.name) as look:
            index = self._index(look, fingerprints.algorithm)
            for transform, codes in runs_of(fingerprints.frames, variants).items():
                for match in search_run(look, index, codes, transform):
                    known = best.get(match.asset_sha256)
                    if match.asset_sha256 not in exclude and (known is None or rank(match) < rank(known)):
                        best[match.asset_sha256] = match
        return sorted(best.values(), key=rank)[:limit]

    def _index(self, look: Snapshot, algorithm: str) -> FrameIndex:
        """The index as of this snapshot or newer; a view that was begun anew starts an empty one."""
        with self._filling:
            if look.builds != self._builds:
                self._indexes, self._filled, self._builds = {}, 0, look.builds
            sql = "SELECT number, algorithm FROM matches_asset WHERE number > ? ORDER BY number"
            fresh = look.rows(sql, (self._filled,))
            for name in {name for _, name in fresh}:
                self._fill(look, name)
            self._filled = fresh[-1][0] if fresh else self._filled
            return self._indexes.setdefault(algorithm, FrameIndex())

    def _fill(self, look: Snapshot, algorithm: str) -> None:
        sql = """SELECT DISTINCT number, pdq FROM matches_frame JOIN matches_asset USING (number)
                 WHERE number > ? AND algorithm = ? AND quality >= ? ORDER BY number, pdq"""
        rows = look.rows(sql, (self._filled, algorithm, QUALITY_MIN))
        codes = np.frombuffer(b"".join(pdq for _, pdq in rows), dtype=np.uint8).reshape(-1, CODE_BYTES)
        numbers = np.array([number for number, _ in rows], dtype=np.int64)
        self._indexes.setdefault(algorithm, FrameIndex()).add(codes, numbers)


def _keep(db: sqlite3.Connection, index: int, asset: str, found: Fingerprints) -> None:
    """Bytes never change, so one examination an algorithm and version is enough; a second adds nothing."""
    sql = "INSERT INTO matches_asset (asset, algorithm, version, idx, frames) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    cursor = db.execute(sql, (asset, found.algorithm, found.version, index, len(found.frames)))
    if cursor.rowcount:
        rows = [
            (cursor.lastrowid, n, frame.t_ms, bytes.fromhex(frame.pdq), frame.quality, bytes.fromhex(frame.phash256))
            for n, frame in enumerate(found.frames)
        ]
        db.executemany("INSERT INTO matches_frame VALUES (?, ?, ?, ?, ?, ?)", rows)
