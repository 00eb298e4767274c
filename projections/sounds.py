"""The sound index: which known assets hold this sound, and where in them? (FORMATS 8)

Sub-fingerprints are rows, written with their position from the examination that `asset.examined.v1` names by digest. The
index in memory holds every second window of eight and is filled from committed rows before each search, as that of pictures is.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence

import numpy as np

from ledger.blobs import Blobs
from ledger.media.findings import Examination
from ledger.media.soundprint import SoundPrint, SoundVariant
from ledger.statement import Said
from projections.database import Snapshot, View, ViewsDatabase
from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BYTES, Codes
from projections.sound_alignment import WINDOW_BITS_MAX, Items, stretches, telling, windows
from projections.sound_matching import PLAIN_PERMILLE, SoundMatch, rank, sound_match
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

__all__ = ["SoundMatch", "Sounds"]

RESULTS_MAX = 50  # as many as of pictures
ALIGNED_MAX = (
    30  # assets listened to item by item for each speed, those with most near windows first; 2 ms a minute of sound
)
REFERENCE_STRIDE, QUERY_STRIDE = 2, 3  # coprime: whatever the shift, two windows meet in every six items, 0.74 s
QUERY_CODES_MAX = 200  # windows looked up for each speed, evenly chosen


class Sounds(View):
    """Rows of sub-fingerprints, and an index in memory over their windows. Thread-safe."""

    name = "sounds"
    version = 1
    schema = """
    CREATE TABLE sounds_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, algorithm TEXT NOT NULL, version TEXT NOT NULL,
      idx INTEGER NOT NULL, items BLOB NOT NULL, UNIQUE (asset, algorithm, version))
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
        | OF_LIKENESS
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
        self._indexes: dict[str, MemoryIndex] = {}
        self._filled: dict[str, int] = {}
        self._builds = 0

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered examination stops the view: an index with a hole would not know a known sound."""
        if not isinstance(said.body, AssetExamined) or not _heard(said.body):
            return
        sound = Examination.from_json(json.loads(self._blobs.get(said.body.examination_sha256))).sound
        if sound is None:
            return
        sql = "INSERT INTO sounds_asset (asset, algorithm, version, idx, items) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        row = (said.body.asset, sound.algorithm, sound.version, said.index, bytes.fromhex(sound.items))
        db.execute(sql, row)

    # -- queries -------------------------------------------------------------------------------------------------

    def knows(self, asset: str) -> bool:
        """Whether the file can be found by its sound."""
        return bool(self._rows("SELECT 1 FROM sounds_asset WHERE asset = ? LIMIT 1", (asset,)))

    def search(
        self, sound: SoundPrint, *, variants: Sequence[SoundVariant] = (), limit: int = RESULTS_MAX
    ) -> list[SoundMatch]:
        """Known assets that hold some seconds of the sound, best first; every asset of a family is named."""
        best: dict[str, SoundMatch] = {}
        with self._database.snapshot(self.name) as look:
            index = self._index(look, sound.algorithm)
            for speed, items in [(PLAIN_PERMILLE, sound.items), *((v.speed_permille, v.items) for v in variants)]:
                for match in _search_at(look, index, _items(bytes.fromhex(items)), speed, sound.algorithm):
                    known = best.get(match.asset_sha256)
                    if known is None or rank(match) < rank(known):
                        best[match.asset_sha256] = match
        return sorted(best.values(), key=rank)[:limit]

    def _index(self, look: Snapshot, algorithm: str) -> MemoryIndex:
        """The index as of this snapshot or newer; a view that was begun anew starts an empty one."""
        with self._filling:
            if look.builds != self._builds:
                self._indexes, self._filled, self._builds = {}, {}, look.builds
            sql = "SELECT number, items FROM sounds_asset WHERE algorithm = ? AND number > ? ORDER BY number"
            fresh = look.rows(sql, (algorithm, self._filled.get(algorithm, 0)))
            index = self._indexes.setdefault(algorithm, MemoryIndex())
            if fresh:
                codes = [_codes(_items(items), REFERENCE_STRIDE) for _, items in fresh]
                index.add(
                    np.concatenate(codes), np.repeat([number for number, _ in fresh], [len(one) for one in codes])
                )
                self._filled[algorithm] = fresh[-1][0]
            return index


def _heard(body: AssetExamined) -> bool:
    return any(finding.extractor == "audio_fingerprint" and finding.state == "found" for finding in body.findings)


def _search_at(look: Snapshot, index: MemoryIndex, query: Items, speed: int, algorithm: str) -> list[SoundMatch]:
    codes = np.unique(_codes(query, QUERY_STRIDE), axis=0)
    if len(codes) > QUERY_CODES_MAX:
        codes = codes[np.linspace(0, len(codes) - 1, QUERY_CODES_MAX).round().astype(np.int64)]
    votes = index.near(codes, WINDOW_BITS_MAX).votes() if len(codes) else {}
    found: list[SoundMatch] = []
    for number in sorted(votes, key=lambda number: (-votes[number], number))[:ALIGNED_MAX]:
        # nothing where a newer commit than this snapshot added it
        for asset, items in look.rows("SELECT asset, items FROM sounds_asset WHERE number = ?", (number,)):
            reference = _items(items)
            match = sound_match(asset, algorithm, speed, len(query), len(reference), stretches(query, reference))
            found += [match] if match else []
    return found


def _items(items: bytes) -> Items:
    return np.frombuffer(items, dtype=">u4").astype(np.uint32)


def _codes(items: Items, stride: int) -> Codes:
    """Every `stride`-th window that votes, n x 32 bytes."""
    rows = np.flatnonzero(telling(items))
    codes: Codes = windows(items)[rows[rows % stride == 0]].reshape(-1, CODE_BYTES)
    return codes
