"""Codes as packed rows. Each run lies whole in one row, to be aligned with; and every so many runs, what may vote of them lies
once more in blocks, a few hundred kilobytes each, so that an index is filled at the speed at which bytes are read.

A block says how its bytes add up: one that was harmed is read from its runs instead.
"""

from __future__ import annotations

import itertools
import operator
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.media.findings import FrameCode
from projections.database import Snapshot
from projections.index.port import CODE_BYTES, Codes, Ids
from projections.matchpolicy import current

RUNS_PACKED: Final = 32
"""A block holds what one part has of so many runs: some 250 KB of clips, which a core's cache holds, 12 KB of stills."""
QUALITY_MAX: Final = 255  # one byte; PDQ's own ends at 100
SCHEMA: Final = """
    CREATE TABLE matches_run (
      number INTEGER PRIMARY KEY, t_ms BLOB NOT NULL, quality BLOB NOT NULL, codes BLOB NOT NULL);
    CREATE TABLE matches_block (
      algorithm TEXT NOT NULL, part TEXT NOT NULL, last INTEGER NOT NULL, numbers BLOB NOT NULL, codes BLOB NOT NULL,
      parity INTEGER NOT NULL, UNIQUE (algorithm, part, last))"""
_RUNS = """SELECT algorithm, part, number, quality, codes FROM matches_run JOIN matches_asset USING (number)
           WHERE number > ? AND number <= ?"""

Block = tuple[Codes, Ids]
"""n codes and the number of the run that each is of."""


def keep(db: sqlite3.Connection, number: int, frames: Sequence[FrameCode]) -> None:
    """One run's codes; the number that ends a block packs all runs since the last."""
    t_ms = np.array([frame.t_ms for frame in frames], dtype="<i8").tobytes()
    quality = bytes(min(frame.quality, QUALITY_MAX) for frame in frames)
    codes = bytes.fromhex("".join(frame.pdq for frame in frames))
    db.execute("INSERT INTO matches_run VALUES (?, ?, ?, ?)", (number, t_ms, quality, codes))
    if number % RUNS_PACKED == 0:
        _pack(db, number)


def drop(db: sqlite3.Connection, number: int) -> None:
    """One run's codes go, out of its block too."""
    db.execute("DELETE FROM matches_run WHERE number = ?", (number,))
    last = -(-number // RUNS_PACKED) * RUNS_PACKED
    for row, raw, told in db.execute(
        "SELECT rowid, codes, numbers FROM matches_block WHERE last = ?", (last,)
    ).fetchall():
        codes, numbers = _arrays(raw, told)
        keep = numbers != number
        if not keep.all():
            sql = "UPDATE matches_block SET codes = ?, numbers = ?, parity = ? WHERE rowid = ?"
            db.execute(sql, (*_packed(codes[keep], numbers[keep]), row))


def run_of(look: Snapshot, number: int, quality_min: int) -> tuple[NDArray[np.int64], Codes, int]:
    """One run's instants in milliseconds and codes, in time order, without those that are too plain, and how many these are."""
    for t_ms, quality, codes in look.rows("SELECT t_ms, quality, codes FROM matches_run WHERE number = ?", (number,)):
        voting = np.frombuffer(quality, dtype=np.uint8) >= quality_min
        return np.frombuffer(t_ms, dtype="<i8")[voting], _codes(codes)[voting], int((~voting).sum())
    return np.empty(0, dtype=np.int64), _codes(b""), 0


def after(look: Snapshot, part: tuple[str, str], number: int) -> Iterator[Block]:
    """What may vote of the runs after `number`, in their order, each code once a run: whole blocks, then the rest."""
    newest = look.rows("SELECT coalesce(max(number), 0) FROM matches_asset")[0][0]
    sql = """SELECT last, codes, numbers, parity FROM matches_block WHERE algorithm = ? AND part = ? AND last > ?
             ORDER BY last"""
    for last, raw, told, parity in look.connection.execute(sql, (*part, number)):
        block = _arrays(raw, told) if _whole(raw, told, parity) else _of_runs(look, part, last - RUNS_PACKED, last)
        yield block if number <= last - RUNS_PACKED else _later(block, number)
    yield _of_runs(look, part, max(number, newest // RUNS_PACKED * RUNS_PACKED), newest)


def _later(block: Block, number: int) -> Block:
    codes, numbers = block
    return codes[numbers > number], numbers[numbers > number]


def _of_runs(look: Snapshot, part: tuple[str, str], first: int, last: int) -> Block:
    rows = look.rows(f"{_RUNS} AND algorithm = ? AND part = ? ORDER BY number", (first, last, *part))
    return _voting(row[2:] for row in rows)


def _pack(db: sqlite3.Connection, last: int) -> None:
    rows = db.execute(f"{_RUNS} ORDER BY algorithm, part, number", (last - RUNS_PACKED, last)).fetchall()
    for part, runs in itertools.groupby(rows, operator.itemgetter(0, 1)):
        codes, numbers = _voting(row[2:] for row in runs)
        sql = "INSERT INTO matches_block (algorithm, part, last, codes, numbers, parity) VALUES (?, ?, ?, ?, ?, ?)"
        db.execute(sql, (*part, last, *_packed(codes, numbers)))


def _voting(runs: Iterable[tuple[int, bytes, bytes]]) -> Block:
    """Of (number, quality, codes): those that are not too plain, each once a run."""
    enough, kept, numbers = current().quality_min, list[bytes](), list[int]()
    for number, quality, codes in runs:
        voting = {codes[n * CODE_BYTES :][:CODE_BYTES]: None for n, value in enumerate(quality) if value >= enough}
        kept += voting
        numbers += [number] * len(voting)
    return _arrays(b"".join(kept), np.array(numbers, dtype="<i8").tobytes())


def _codes(raw: bytes) -> Codes:
    return np.frombuffer(raw, dtype=np.uint8).reshape(-1, CODE_BYTES)


def _arrays(raw: bytes, told: bytes) -> Block:
    return _codes(raw), np.frombuffer(told, dtype="<i8")


def _packed(codes: Codes, numbers: Ids) -> tuple[bytes, bytes, int]:
    raw, told = codes.tobytes(), numbers.astype("<i8").tobytes()
    return raw, told, _parity(raw) ^ _parity(told)


def _whole(raw: bytes, told: bytes, parity: int) -> bool:
    fits = len(told) % 8 == 0 and len(raw) * 8 == len(told) * CODE_BYTES
    return fits and _parity(raw) ^ _parity(told) == parity


def _parity(raw: bytes) -> int:
    """All words by exclusive or: one flipped bit shows, and so does a page of something else. Signed, as SQLite's are."""
    return int(np.bitwise_xor.reduce(np.frombuffer(raw, dtype="<i8")))
