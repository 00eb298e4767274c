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
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from ledger.blobs import Blobs
from ledger.errors import LedgerError
from ledger.media.findings import FRAMED_ALGORITHM, LOCAL_FEATURES, Examination, Fingerprints, VariantCode
from ledger.media.local_features import Points, unpack
from ledger.statement import Said
from projections.comparison import (
    CANDIDATE_DISTANCE_BITS_MAX,
    NEAR_DISTANCE_BITS_MAX,
    Asked,
    Decision,
    Match,
    rank,
    runs_of,
    search_run,
)
from projections.confirmation import settle
from projections.database import Snapshot, View, ViewsDatabase
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
    version = 3
    schema = """
    CREATE TABLE matches_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, algorithm TEXT NOT NULL, version TEXT NOT NULL,
      part TEXT NOT NULL, idx INTEGER NOT NULL, frames INTEGER NOT NULL, chain BLOB NOT NULL,
      features TEXT NOT NULL,
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
        found = Examination.from_json(json.loads(self._blobs.get(said.body.examination_sha256)))
        for codes in (found.fingerprints, found.framed):
            if codes is not None and codes.frames:
                _keep(db, said.index, said.body.asset, codes, "own", features_of(said.body))

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
        features: bytes = b"",
        exclude: frozenset[str] = frozenset(),
        limit: int = RESULTS_MAX,
        part: Part = "own",
    ) -> list[Match]:
        """Known assets near the fingerprints or one of their variants, best first; `exclude` holds asset digests. With packed
        local `features` geometry confirms, finds what is too far for a code alone, and tells mere likeness apart (`style`).

        Every asset of a family is named: a clip and its signed twin both match. The floor for a clip is
        FRAMES_MATCHED_MIN frames in order and FRAMES_SHARE_MIN of one side; where one side is a still, one frame does.
        """
        plain, still = fingerprints.algorithm, len(fingerprints.frames) == 1
        radius = NEAR_DISTANCE_BITS_MAX if features else CANDIDATE_DISTANCE_BITS_MAX
        best: dict[str, Match] = {}
        with self._database.snapshot(self.name) as look:
            asked = Asked(look, self._held.index(look, (plain, part)), part, plain, still, radius)
            framed = replace(asked, index=self._held.index(look, (FRAMED_ALGORITHM, part)))
            found = search_run(asked, fingerprints.frames, "plain")
            for transform, codes in runs_of(variants).items():
                found += search_run(framed, codes, transform)
            for match in sorted(found, key=rank):
                if match.asset_sha256 not in exclude:
                    best.setdefault(match.asset_sha256, match)
            known = partial(self._features, look, part)
            settled = settle(list(best.values()), _unpacked(features), known) if features else list(best.values())
        return sorted(settled, key=rank)[:limit]

    def _features(self, look: Snapshot, part: Part, asset: str) -> Sequence[Points] | None:
        """What was stored when it was examined. A blob that is gone or was altered confirms nothing."""
        sql = "SELECT features FROM matches_asset WHERE asset = ? AND part = ? AND features != '' ORDER BY number DESC"
        row = look.rows(sql, (asset, part))
        try:
            return _unpacked(self._blobs.get(row[0][0])) if row else None
        except LedgerError:
            return None


def _unpacked(features: bytes) -> Sequence[Points]:
    try:
        return unpack(features)
    except ValueError:
        return ()


def features_of(body: AssetExamined) -> str:
    """The digest of the blob with the local features, "" where there is none."""
    details = [one.detail.get("sha256", "") for one in body.findings if one.extractor == LOCAL_FEATURES]
    return str(details[0]) if details else ""


def _keep(db: sqlite3.Connection, index: int, asset: str, found: Fingerprints, part: Part, features: str) -> None:
    """Bytes never change, so one examination an algorithm and version is enough; a second adds nothing."""
    row = (asset, found.algorithm, found.version, part, index, len(found.frames))
    last = db.execute("SELECT chain FROM matches_asset ORDER BY number DESC LIMIT 1").fetchone()
    chain = hashlib.sha256((last[0] if last else b"") + json.dumps(row).encode()).digest()
    sql = """INSERT INTO matches_asset (asset, algorithm, version, part, idx, frames, chain, features)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING"""
    cursor = db.execute(sql, (*row, chain, features))
    if cursor.rowcount:
        rows = [
            (cursor.lastrowid, n, frame.t_ms, bytes.fromhex(frame.pdq), frame.quality, bytes.fromhex(frame.phash256))
            for n, frame in enumerate(found.frames)
        ]
        db.executemany("INSERT INTO matches_frame VALUES (?, ?, ?, ?, ?, ?)", rows)
