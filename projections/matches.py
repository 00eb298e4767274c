"""The fingerprint index: which known assets is a file near, and where in them? (FORMATS 8)

Codes are rows, written with their position from the examination that `asset.examined.v1` names by digest. The index in
memory (`index.held`) follows the rows. Frames of low quality are kept and never vote. Codes of different algorithms are never
compared, nor those of our own outputs with those of reference media: each part has an index, and a size, of its own.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ledger.blobs import Blobs
from ledger.media.findings import Examination, Fingerprints, VariantCode
from ledger.statement import Said
from projections.comparison import Decision, Match, rank, runs_of, search_run
from projections.database import View, ViewsDatabase
from projections.index.held import HeldIndexes
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_CONSENTS,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.statements.asset import AssetExamined

__all__ = ["Decision", "Match", "Matches", "Part"]

Part = Literal["own", "reference"]
RESULTS_MAX = 50  # more near assets than a person compares


class Matches(View):
    """Rows of codes, and an index in memory over them. Thread-safe."""

    name = "matches"
    version = 2
    schema = """
    CREATE TABLE matches_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, algorithm TEXT NOT NULL, version TEXT NOT NULL,
      part TEXT NOT NULL, idx INTEGER NOT NULL, frames INTEGER NOT NULL, chain BLOB NOT NULL,
      UNIQUE (asset, algorithm, version, part));
    CREATE TABLE matches_frame (
      number INTEGER NOT NULL, frame INTEGER NOT NULL, t_ms INTEGER NOT NULL, pdq BLOB NOT NULL,
      quality INTEGER NOT NULL, phash256 BLOB NOT NULL, PRIMARY KEY (number, frame)) WITHOUT ROWID;
    CREATE TABLE matches_removed (n INTEGER PRIMARY KEY, number INTEGER NOT NULL)
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
        | OF_LIKENESS
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

    def __init__(self, database: ViewsDatabase, blobs: Blobs, folder: Path) -> None:
        """`folder` is where large indexes are kept as files; it may be deleted like the views."""
        super().__init__(database)
        self._blobs = blobs
        self._held = HeldIndexes(folder)

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered examination stops the view: an index with a hole would say `unknown` of a known clip."""
        if not isinstance(said.body, AssetExamined) or said.body.frames == 0:
            return
        found = Examination.from_json(json.loads(self._blobs.get(said.body.examination_sha256))).fingerprints
        if found is not None and found.frames:
            _keep(db, said.index, said.body.asset, found, "own")

    # -- queries -------------------------------------------------------------------------------------------------

    def algorithms(self) -> list[str]:
        """The algorithms that known assets were fingerprinted with; a query in another finds nothing."""
        return [name for (name,) in self._rows("SELECT DISTINCT algorithm FROM matches_asset ORDER BY algorithm")]

    def knows(self, asset: str) -> bool:
        """Whether the file can be found by its picture: frames of it are in the index."""
        return bool(self._rows("SELECT 1 FROM matches_asset WHERE asset = ? AND part = 'own' LIMIT 1", (asset,)))

    def size(self, algorithm: str, part: Part = "own") -> int:
        """How many codes a query in this algorithm is compared with: false matches grow with it."""
        with self._database.snapshot(self.name) as look:
            return self._held.index(look, (algorithm, part)).count

    def settle(self) -> None:
        """Codes that were removed leave this process's memory and the files beside the views."""
        with self._database.snapshot(self.name) as look:
            self._held.settle(look)

    def search(
        self,
        fingerprints: Fingerprints,
        *,
        variants: Sequence[VariantCode] = (),
        exclude: frozenset[str] = frozenset(),
        limit: int = RESULTS_MAX,
        part: Part = "own",
    ) -> list[Match]:
        """Known assets near the fingerprints or one of their variants, best first; `exclude` holds asset digests.

        Every asset of a family is named: a clip and its signed twin both match. The floor for a clip is
        FRAMES_MATCHED_MIN frames in order and FRAMES_SHARE_MIN of one side; where one side is a still, one frame does.
        """
        best: dict[str, Match] = {}
        with self._database.snapshot(self.name) as look:
            index = self._held.index(look, (fingerprints.algorithm, part))
            for transform, codes in runs_of(fingerprints.frames, variants).items():
                for match in search_run(look, index, codes, transform):
                    known = best.get(match.asset_sha256)
                    if match.asset_sha256 not in exclude and (known is None or rank(match) < rank(known)):
                        best[match.asset_sha256] = match
        return sorted(best.values(), key=rank)[:limit]


def _keep(db: sqlite3.Connection, index: int, asset: str, found: Fingerprints, part: Part) -> None:
    """Bytes never change, so one examination an algorithm and version is enough; a second adds nothing."""
    row = (asset, found.algorithm, found.version, part, index, len(found.frames))
    last = db.execute("SELECT chain FROM matches_asset ORDER BY number DESC LIMIT 1").fetchone()
    chain = hashlib.sha256((last[0] if last else b"") + json.dumps(row).encode()).digest()
    sql = """INSERT INTO matches_asset (asset, algorithm, version, part, idx, frames, chain) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING"""
    cursor = db.execute(sql, (*row, chain))
    if cursor.rowcount:
        rows = [
            (cursor.lastrowid, n, frame.t_ms, bytes.fromhex(frame.pdq), frame.quality, bytes.fromhex(frame.phash256))
            for n, frame in enumerate(found.frames)
        ]
        db.executemany("INSERT INTO matches_frame VALUES (?, ?, ?, ?, ?, ?)", rows)
