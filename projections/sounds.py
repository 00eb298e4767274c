"""The sound index: which known assets hold this sound, and where in them? (FORMATS 8)

Sub-fingerprints are rows, written with their position from the examination that `asset.examined.v1` names by digest, and from
that of a reference. The index in memory holds every second window of eight and is filled from committed rows before each
search, as that of pictures is. Sounds of our own outputs and of references have an index each.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Sequence

import numpy as np

from ledger.blobs import Blobs
from ledger.errors import Unavailable
from ledger.media.findings import Examination
from ledger.media.soundprint import SoundPrint, SoundVariant
from ledger.statement import Said
from projections.database import Snapshot, View, ViewsDatabase
from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BYTES, Codes
from projections.matchrows import Part
from projections.sound_alignment import Items, stretches, telling, windows
from projections.sound_matching import PLAIN_PERMILLE, Sides, SoundMatch, SoundRuns, rank, sound_match
from projections.soundpolicy import SoundPolicy, current
from projections.topics import EVERY
from schemas.statements.asset import AssetExamined
from schemas.statements.reference import ReferenceRegistered, ReferenceWithdrawn

__all__ = ["SoundMatch", "Sounds"]

_LOG = logging.getLogger("countersign.sounds")
RESULTS_MAX = 50  # as many as of pictures
REFERENCE_STRIDE, QUERY_STRIDE = 2, 3  # coprime: whatever the shift, two windows meet in every six items, 0.74 s
QUERY_CODES_MAX = 200  # windows looked up for each speed, evenly chosen


class Sounds(View):
    """Rows of sub-fingerprints, and an index in memory over their windows. Thread-safe."""

    name = "sounds"
    version = 2
    schema = """
    CREATE TABLE sounds_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, part TEXT NOT NULL, speed INTEGER NOT NULL, algorithm TEXT NOT NULL,
      version TEXT NOT NULL, idx INTEGER NOT NULL, items BLOB NOT NULL, UNIQUE (asset, part, speed, algorithm, version));
    CREATE TABLE sounds_reference (reference TEXT PRIMARY KEY, media TEXT NOT NULL, standing INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX sounds_reference_media ON sounds_reference (media);
    CREATE TABLE sounds_removed (n INTEGER PRIMARY KEY, number INTEGER NOT NULL)
    """
    handled = frozenset(
        {"asset.examined.v1", "reference.registered.v1", "reference.registered.v2", "reference.withdrawn.v1"}
    )
    ignored = EVERY - handled

    def __init__(self, database: ViewsDatabase, blobs: Blobs) -> None:
        super().__init__(database)
        self._blobs = blobs
        self._filling = threading.Lock()
        self._held: dict[tuple[str, Part], _Held] = {}
        self._builds = self._settled = 0

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """A missing or altered examination stops the view: an index with a hole would not know a known sound."""
        body = said.body
        if isinstance(body, AssetExamined) and _heard(body):
            self._keep(db, said.index, body.asset, body.examination_sha256, "own")
        elif isinstance(body, ReferenceRegistered) and "sound" in body.ways and body.media and body.examination_sha256:
            db.execute("INSERT INTO sounds_reference VALUES (?, ?, 1)", (body.reference, body.media))
            self._keep(db, said.index, body.media, body.examination_sha256, "reference")
        elif isinstance(body, ReferenceWithdrawn):
            _withdraw(db, body.reference)

    def _keep(self, db: sqlite3.Connection, index: int, asset: str, examination: str, part: Part) -> None:
        """Of a file its print; of a reference those at other speeds too: what is compared later is prints, not samples."""
        found = Examination.from_json(json.loads(self._blobs.get(examination)))
        if found.sound is None:
            return
        prints = [(PLAIN_PERMILLE, found.sound.items)]
        if part == "reference":
            prints += [(one.speed_permille, one.items) for one in found.sound_variants]
        made = (found.sound.algorithm, found.sound.version)
        sql = """INSERT INTO sounds_asset (asset, part, speed, algorithm, version, idx, items) VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO NOTHING"""
        db.executemany(sql, [(asset, part, speed, *made, index, bytes.fromhex(items)) for speed, items in prints])

    # -- queries -------------------------------------------------------------------------------------------------

    def knows(self, asset: str) -> bool:
        """Whether the file can be found by its sound."""
        return bool(self._rows("SELECT 1 FROM sounds_asset WHERE asset = ? AND part = 'own' LIMIT 1", (asset,)))

    def count(self, part: Part) -> int:
        """How many sounds a query is compared with: false matches grow with them."""
        sql = "SELECT count(DISTINCT asset) FROM sounds_asset WHERE part = ? AND length(items) > 0"
        return int(self._rows(sql, (part,))[0][0])

    def search(
        self, sound: SoundPrint, *, variants: Sequence[SoundVariant] = (), limit: int = RESULTS_MAX
    ) -> list[SoundMatch]:
        """Known assets that hold some seconds of the sound, best first; every asset of a family is named."""
        best: dict[str, SoundMatch] = {}
        with self._database.snapshot(self.name) as look:
            index = self._index(look, sound.algorithm, "own")
            for speed, items in [(PLAIN_PERMILLE, sound.items), *((v.speed_permille, v.items) for v in variants)]:
                for match in _search_at(look, index, _items(bytes.fromhex(items)), speed, sound.algorithm):
                    known = best.get(match.asset_sha256)
                    if known is None or rank(match) < rank(known):
                        best[match.asset_sha256] = match
        return sorted(best.values(), key=rank)[:limit]

    def runs(self, asset: str, part: Part) -> SoundRuns:
        """What is stored of a file or a reference; of each algorithm its newest version. Empty for nothing."""
        sql = """SELECT algorithm, version, speed, items FROM sounds_asset WHERE asset = ? AND part = ? AND length(items) > 0
                 ORDER BY number"""
        rows = self._rows(sql, (asset, part))
        newest = {algorithm: version for algorithm, version, _, _ in rows}
        found: dict[str, dict[int, Items]] = {}
        for algorithm, version, speed, items in rows:
            if newest[algorithm] == version:
                found.setdefault(algorithm, {})[speed] = _items(items)
        return found

    def near(self, runs: SoundRuns, part: Part, policy: SoundPolicy) -> list[str]:
        """Files or references with windows near those of the runs, the likeliest first: who may match, undecided."""
        votes: dict[int, int] = {}
        with self._database.snapshot(self.name) as look:
            for algorithm, prints in runs.items():
                index = self._index(look, algorithm, part)
                for items in prints.values():
                    for number, count in _votes(index, items, policy).items():
                        votes[number] = votes.get(number, 0) + count
            found: dict[str, int] = {}
            for number, count in votes.items():
                for (asset,) in look.rows("SELECT asset FROM sounds_asset WHERE number = ?", (number,)):
                    found[asset] = found.get(asset, 0) + count
        return sorted(found, key=lambda asset: (-found[asset], asset))[: policy.aligned_max]

    def settle(self) -> None:
        """Prints that were removed leave the index and the journal, whether or not anybody searches."""
        try:
            with self._database.snapshot(self.name) as look:
                newest = look.rows("SELECT coalesce(max(n), 0) FROM sounds_removed")[0][0]
                if newest == self._settled:
                    return
                for algorithm, part in tuple(self._held):
                    self._index(look, algorithm, part)
                self._settled = newest
        except Unavailable as error:  # stopped, or being built: the next pass settles
            _LOG.warning("what was removed is not settled yet: %s", error.code)
            return
        self._database.empty_journal()

    def _index(self, look: Snapshot, algorithm: str, part: Part) -> MemoryIndex:
        """The index as of this snapshot or newer; a view that was begun anew starts an empty one."""
        with self._filling:
            if look.builds != self._builds:
                self._held, self._builds = {}, look.builds
            held = self._held.setdefault((algorithm, part), _Held())
            held.follow(look, algorithm, part)
            return held.index


class _Held:
    """An index in memory, and how far it followed which rows."""

    def __init__(self) -> None:
        self.index = MemoryIndex()
        self._filled = self._removed = 0

    def follow(self, look: Snapshot, algorithm: str, part: Part) -> None:
        sql = (
            """SELECT number, items FROM sounds_asset WHERE algorithm = ? AND part = ? AND number > ? ORDER BY number"""
        )
        fresh = look.rows(sql, (algorithm, part, self._filled))
        if fresh:
            codes = [_codes(_items(items), REFERENCE_STRIDE) for _, items in fresh]
            self.index.add(
                np.concatenate(codes), np.repeat([number for number, _ in fresh], [len(one) for one in codes])
            )
            self._filled = fresh[-1][0]
        gone = look.rows("SELECT n, number FROM sounds_removed WHERE n > ? ORDER BY n", (self._removed,))
        if gone:
            self.index.remove(number for _, number in gone)
            self.index.forget()
            self._removed = gone[-1][0]


def _heard(body: AssetExamined) -> bool:
    return any(finding.extractor == "audio_fingerprint" and finding.state == "found" for finding in body.findings)


def _withdraw(db: sqlite3.Connection, reference: str) -> None:
    """The prints of a reference go, unless another one that stands has the same media. Freed pages are overwritten.

    The newest number is never used again: what an index holds under it would be taken for another sound's.
    """
    db.execute("UPDATE sounds_reference SET standing = 0 WHERE reference = ?", (reference,))
    sql = """SELECT number FROM sounds_asset WHERE part = 'reference' AND length(items) > 0 AND asset IN
             (SELECT media FROM sounds_reference GROUP BY media HAVING max(standing) = 0)
             AND asset = (SELECT media FROM sounds_reference WHERE reference = ?) ORDER BY number"""
    numbers = [number for (number,) in db.execute(sql, (reference,)).fetchall()]
    db.execute("PRAGMA secure_delete = ON")
    for number in numbers:
        sql = "UPDATE sounds_asset SET items = x'', version = version || '/withdrawn/' || number WHERE number = ?"
        db.execute(sql, (number,))
        db.execute("INSERT INTO sounds_removed (number) VALUES (?)", (number,))
    db.execute("PRAGMA secure_delete = OFF")


def _votes(index: MemoryIndex, query: Items, policy: SoundPolicy) -> dict[int, int]:
    """Near windows by the number of the row that has them."""
    codes = np.unique(_codes(query, QUERY_STRIDE), axis=0)
    if len(codes) > QUERY_CODES_MAX:
        codes = codes[np.linspace(0, len(codes) - 1, QUERY_CODES_MAX).round().astype(np.int64)]
    return index.near(codes, policy.window_bits_max).votes() if len(codes) else {}


def _search_at(look: Snapshot, index: MemoryIndex, query: Items, speed: int, algorithm: str) -> list[SoundMatch]:
    policy = current()
    votes, found = _votes(index, query, policy), list[SoundMatch]()
    for number in sorted(votes, key=lambda number: (-votes[number], number))[: policy.aligned_max]:
        # nothing where a newer commit than this snapshot added it
        for asset, items in look.rows("SELECT asset, items FROM sounds_asset WHERE number = ?", (number,)):
            reference = _items(items)
            sides = Sides(len(query), len(reference), query_speed=speed)
            match = sound_match(asset, algorithm, sides, stretches(query, reference, policy), policy)
            found += [match] if match else []
    return found


def _items(items: bytes) -> Items:
    return np.frombuffer(items, dtype=">u4").astype(np.uint32)


def _codes(items: Items, stride: int) -> Codes:
    """Every `stride`-th window that votes, n x 32 bytes."""
    rows = np.flatnonzero(telling(items))
    codes: Codes = windows(items)[rows[rows % stride == 0]].reshape(-1, CODE_BYTES)
    return codes
