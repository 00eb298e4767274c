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
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ledger.blobs import Blobs
from ledger.media.findings import Examination, Fingerprints, FrameCode, VariantCode
from ledger.statement import Said
from projections.alignment import Chain, Frames, distances, longest_chain
from projections.database import Snapshot, View, ViewsDatabase
from projections.frame_index import CODE_BITS, CODE_BYTES, FrameIndex
from schemas.statements.asset import AssetExamined

Decision = Literal["exact", "copy", "candidate", "confirmed"]

COPY_DISTANCE_BITS_MAX = 31  # PDQ's own advice for the same picture; FORMATS 8: no false video in 990 wrong pairs
CANDIDATE_DISTANCE_BITS_MAX = 60  # FORMATS 8, measured there with no false video either; a person or geometry decides
FRAMES_MATCHED_MIN = 2  # a clip is not known by one frame: title cards and black are in many
FRAMES_SHARE_MIN = 0.3  # of one side's voting frames (FORMATS 8): an excerpt, or a clip built around one
QUALITY_MIN = 50  # PDQ's own advice: below it a frame is too plain to tell anything
CANDIDATES_ALIGNED_MAX = 100  # assets looked at frame by frame, those with most near frames first
RESULTS_MAX = 50  # more near assets than a person compares
QUERY_CODES_MAX = 600  # different codes looked up, 2 ms each in 10^6; aligning then takes every frame
OFFSETS_NAMED_MAX = 100  # pairs of instants in one answer
RANDOM_DISTANCE_BITS = CODE_BITS // 2  # where unrelated pictures lie on average: nothing in common


@dataclass(frozen=True)
class Match:
    """One known asset near the query.

    `decision`: `copy` and `candidate` come from here; `exact` is the caller's, by digest; `confirmed` needs a geometric
    comparison of the pictures, which is not built yet, so nothing produces it. `score` is 0 to 1: how near the matched
    frames are, times the larger share of voting frames that matched. `offsets` pair instants (query, reference) in
    milliseconds; `query_ms` and `reference_ms` are the first of them. `frames_compared` counts the query's voting frames.
    """

    asset_sha256: str
    decision: Decision
    score: float
    distance_median: int
    offsets: tuple[tuple[int, int], ...]
    frames_matched: int
    frames_compared: int
    query_ms: int
    reference_ms: int
    transform: str = "plain"

    def as_json(self) -> dict[str, Any]:
        return {
            "asset_sha256": self.asset_sha256,
            "decision": self.decision,
            "score": round(self.score, 4),
            "distance_median": self.distance_median,
            "offsets": [list(pair) for pair in self.offsets],
            "frames_matched": self.frames_matched,
            "frames_compared": self.frames_compared,
            "query_ms": self.query_ms,
            "reference_ms": self.reference_ms,
            "transform": self.transform,
        }


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
    ignored: frozenset[str] = frozenset(
        {
            "log.opened.v1",
            "actor.enrolled.v1",
            "actor.key-rotated.v1",
            "actor.key-revoked.v1",
            "person.registered.v1",
            "consent.requested.v1",
            "consent.granted.v1",
            "consent.refused.v1",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "brief.drafted.v1",
            "brief.approved.v1",
            "generation.requested.v1",
            "generation.failed.v1",
            "asset.imported.v1",
            "asset.derived.v1",
            "asset.flagged.v1",
            "review.approved.v1",
            "review.rejected.v1",
            "clearance.issued.v1",
            "clearance.refused.v1",
            "clearance.revoked.v1",
            "evidence.exported.v1",
        }
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
            for transform, codes in _runs(fingerprints.frames, variants).items():
                for match in _search(look, index, codes, transform):
                    known = best.get(match.asset_sha256)
                    if match.asset_sha256 not in exclude and (known is None or _rank(match) < _rank(known)):
                        best[match.asset_sha256] = match
        return sorted(best.values(), key=_rank)[:limit]

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


def _runs(frames: Sequence[FrameCode], variants: Sequence[VariantCode]) -> dict[str, list[FrameCode]]:
    """The frames by how they were transformed before hashing, each run in time order."""
    runs: dict[str, list[FrameCode]] = {"plain": list(frames)}
    for variant in variants:
        if variant.variant != "plain":
            runs.setdefault(variant.variant, []).append(variant.code)
    return {name: sorted(run, key=lambda frame: frame.t_ms) for name, run in runs.items()}


def _search(look: Snapshot, index: FrameIndex, run: Sequence[FrameCode], transform: str) -> list[Match]:
    voting = [frame for frame in run if frame.quality >= QUALITY_MIN]
    if not voting:
        return []
    query = _frames([(frame.t_ms, bytes.fromhex(frame.pdq)) for frame in voting])
    votes = index.near(_distinct(query), CANDIDATE_DISTANCE_BITS_MAX)
    ranked = sorted(votes, key=lambda number: (-votes[number], number))[:CANDIDATES_ALIGNED_MAX]
    found = [_compare(look, number, query, len(run) == 1, transform) for number in ranked]
    return [match for match in found if match is not None]


def _compare(look: Snapshot, number: int, query: Frames, query_is_still: bool, transform: str) -> Match | None:
    """Aligns the query with one asset. None when too little of either matches in order."""
    row = look.rows("SELECT asset, frames FROM matches_asset WHERE number = ?", (number,))
    if not row:  # added by a newer commit than this snapshot
        return None
    sql = "SELECT t_ms, pdq FROM matches_frame WHERE number = ? AND quality >= ? ORDER BY frame"
    reference = _frames(look.rows(sql, (number, QUALITY_MIN))).thinned()
    mine = query.thinned()
    between = distances(mine, reference)
    enough = 1 if query_is_still or row[0][1] == 1 else FRAMES_MATCHED_MIN
    for decision, radius in _LEVELS:
        chain = longest_chain(between, radius)
        share = len(chain) / min(len(mine), len(reference))
        if len(chain) >= enough and share >= FRAMES_SHARE_MIN:
            return _match(row[0][0], decision, share, chain, mine, reference, transform)
    return None


_LEVELS: tuple[tuple[Decision, int], ...] = (
    ("copy", COPY_DISTANCE_BITS_MAX),
    ("candidate", CANDIDATE_DISTANCE_BITS_MAX),
)


def _match(
    asset: str, decision: Decision, share: float, chain: Chain, mine: Frames, theirs: Frames, transform: str
) -> Match:
    median = int(np.median(chain.distances))
    pairs = zip(chain.query, chain.reference, strict=True)
    offsets = tuple((int(mine.t_ms[i]), int(theirs.t_ms[j])) for i, j in pairs)
    score = max(0.0, 1 - median / RANDOM_DISTANCE_BITS) * min(1.0, share)
    named = offsets[:OFFSETS_NAMED_MAX]
    return Match(asset, decision, score, median, named, len(chain), len(mine), *offsets[0], transform)


def _rank(match: Match) -> tuple[object, ...]:
    """Best first: surer decisions, higher scores, more frames; then a fixed order."""
    sureness = ("exact", "confirmed", "copy", "candidate").index(match.decision)
    return (sureness, -match.score, -match.frames_matched, match.asset_sha256, match.transform)


def _frames(rows: Sequence[tuple[Any, ...]]) -> Frames:
    codes = np.frombuffer(b"".join(pdq for _, pdq in rows), dtype=np.uint8).reshape(-1, CODE_BYTES)
    return Frames(np.array([t_ms for t_ms, _ in rows], dtype=np.int64), codes)


def _distinct(query: Frames) -> Any:
    """Different codes only: a held picture asks once."""
    codes = np.unique(query.codes, axis=0)
    if len(codes) > QUERY_CODES_MAX:
        codes = codes[np.linspace(0, len(codes) - 1, QUERY_CODES_MAX).round().astype(np.int64)]
    return codes
