"""The rows of runs under `matches`: written from examinations, removed with a reference, read by number."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from ledger.media.findings import Fingerprints, FrameCode
from projections import matchcodes
from projections.database import Snapshot

Part = Literal["own", "reference"]
"""Codes of our own outputs and of reference media: never compared among themselves, each with a size of its own."""
PLAIN: Final = "plain"  # the frames themselves; codes to search with are named by how the frame was turned
SCHEMA: Final = f"""
    CREATE TABLE matches_asset (
      number INTEGER PRIMARY KEY, asset TEXT NOT NULL, algorithm TEXT NOT NULL, version TEXT NOT NULL,
      part TEXT NOT NULL, variant TEXT NOT NULL, idx INTEGER NOT NULL, frames INTEGER NOT NULL, chain BLOB NOT NULL,
      features TEXT NOT NULL, UNIQUE (asset, algorithm, version, part, variant));
    {matchcodes.SCHEMA};
    CREATE TABLE matches_reference (reference TEXT PRIMARY KEY, media TEXT NOT NULL, standing INTEGER NOT NULL);
    CREATE INDEX matches_reference_media ON matches_reference (media);
    CREATE TABLE matches_removed (n INTEGER PRIMARY KEY, number INTEGER NOT NULL)
    """


def keep(
    db: sqlite3.Connection,
    index: int,
    asset: str,
    found: Fingerprints,
    part: Part,
    runs: Iterable[tuple[str, Sequence[FrameCode]]],
    features: str = "",
) -> None:
    """One row a run of frames, with the digest of the local features. Bytes never change, so one examination an algorithm and
    version is enough.

    `chain` binds a row to all before it, so that an index kept elsewhere is known to be of these very rows.
    """
    for variant, frames in runs:
        row = (asset, found.algorithm, found.version, part, variant, index, len(frames))
        last = db.execute("SELECT chain FROM matches_asset ORDER BY number DESC LIMIT 1").fetchone()
        chain = hashlib.sha256((last[0] if last else b"") + json.dumps(row).encode()).digest()
        sql = """INSERT INTO matches_asset (asset, algorithm, version, part, variant, idx, frames, chain, features)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
        cursor = db.execute(sql, (*row, chain, features))
        if cursor.rowcount:
            matchcodes.keep(db, cursor.lastrowid or 0, frames)


def withdraw(db: sqlite3.Connection, reference: str) -> None:
    """The codes of a reference go, unless another one that stands has the same media. Freed pages are overwritten."""
    db.execute("UPDATE matches_reference SET standing = 0 WHERE reference = ?", (reference,))
    sql = """SELECT number FROM matches_asset WHERE part = 'reference' AND frames > 0 AND asset IN
             (SELECT media FROM matches_reference GROUP BY media HAVING max(standing) = 0)
             AND asset = (SELECT media FROM matches_reference WHERE reference = ?) ORDER BY number"""
    numbers = [number for (number,) in db.execute(sql, (reference,)).fetchall()]
    db.execute("PRAGMA secure_delete = ON")
    for number in numbers:
        matchcodes.drop(db, number)
        db.execute(
            "UPDATE matches_asset SET frames = 0, version = version || '/withdrawn/' || number WHERE number = ?",
            (number,),
        )
        db.execute("INSERT INTO matches_removed (number) VALUES (?)", (number,))
    db.execute("PRAGMA secure_delete = OFF")


def numbers_of(look: Snapshot, asset: str, part: Part) -> list[tuple[int, str, str]]:
    """(number, algorithm, variant) of everything stored of a file; of each algorithm its newest version."""
    sql = """SELECT number, algorithm, version, variant FROM matches_asset WHERE asset = ? AND part = ? AND frames > 0
             ORDER BY number"""
    rows = look.rows(sql, (asset, part))
    newest = {algorithm: version for _, algorithm, version, _ in rows}
    return [(number, name, variant) for number, name, version, variant in rows if newest[name] == version]
