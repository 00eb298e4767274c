"""The code index in memory against bare faiss: searching, building, memory, coming back from its file and from rows."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ops.bench.figures import Figure, in_turns, median_seconds
from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BITS, CODE_BYTES, Codes, Ids
from projections.index.snapshot import load, save
from projections.matchpolicy import current

SIZES = (100_000, 1_000_000)
QUERIES = 64  # as a clip asks: a block of frames at once
RUNS = 5
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
Figures = list[Figure]


def index_figures(folder: Path, codes_max: int = SIZES[-1]) -> Figures:
    """At 10^5 and 10^6 codes, and at 10^7 where `codes_max` asks for it (1 GB, minutes)."""
    return [figure for size in (*SIZES, 10_000_000) if size <= codes_max for figure in _at(folder, size)]


def _at(folder: Path, size: int) -> Figures:
    codes, ids = _codes(size), np.arange(size, dtype=np.int64) // 20
    queries, radius = _near(codes), current().candidate_bits_max
    adding, building = in_turns([lambda: _bare(codes), lambda: _built(codes, ids)], RUNS)
    bare, before = _bare(codes), _resident_bytes()
    index = _built(codes, ids)
    held = _resident_bytes() - before
    path, told = folder / f"{size}.codes", {"idx": size}
    save(path, index, told)
    scan = median_seconds(lambda: bare.range_search(queries, radius + 1), RUNS)
    name = f"10^{len(str(size)) - 1} codes"
    asked = f"index: {name}, a code of {QUERIES} asked at once"
    figures = [
        _rate(asked, lambda: index.near(queries, radius), scan, QUERIES),
        _rate(f"index: {name}, a lone code", lambda: index.near(queries[:1], radius), scan, 1),
        Figure(f"index: {name}, memory a code", held / size, "the code itself", CODE_BYTES, unit="B"),
    ]
    from_file = median_seconds(lambda: load(path, told), 1)
    from_rows = _from_rows(folder, codes, ids)
    for how, seconds in (
        ("built from codes", building),
        ("from its file", from_file),
        ("from the view's rows", from_rows),
    ):
        figures.append(Figure(f"index: {name}, {how}", seconds / size, "bare faiss add", adding / size, True, 0.5))
    return figures


def _bare(codes: Codes) -> Any:
    index = faiss.IndexBinaryFlat(CODE_BITS)
    index.add(codes)
    return index


def _built(codes: Codes, ids: Ids) -> MemoryIndex:
    index = MemoryIndex()
    index.add(codes, ids)
    return index


def _rate(name: str, run: Callable[[], Any], scan: float, asked: int) -> Figure:
    return Figure(name, median_seconds(run, RUNS) / asked, f"bare faiss scan, {QUERIES} at once", scan / QUERIES, True)


def _from_rows(folder: Path, codes: Codes, ids: Ids) -> float:
    """Reading what the view keeps, and adding it: what a start without a file does."""
    path = folder / "rows.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE frame (number INTEGER, frame INTEGER, pdq BLOB, PRIMARY KEY (number, frame)) WITHOUT ROWID"
        )
        rows = ((number, n, code.tobytes()) for n, (number, code) in enumerate(zip(ids.tolist(), codes, strict=True)))
        db.executemany("INSERT INTO frame VALUES (?, ?, ?)", rows)

    def read() -> None:
        found = db.execute("SELECT DISTINCT number, pdq FROM frame ORDER BY number, pdq").fetchall()
        raw = np.frombuffer(b"".join(code for _, code in found), dtype=np.uint8).reshape(-1, CODE_BYTES)
        MemoryIndex().add(raw, np.array([number for number, _ in found], dtype=np.int64))

    seconds = median_seconds(read, 1)
    db.close()
    return seconds


def _codes(size: int) -> Codes:
    return np.random.default_rng(0).integers(0, 256, (size, CODE_BYTES), dtype=np.uint8)


def _near(codes: Codes) -> Codes:
    """Codes that are 20 bits from one in the index."""
    chance = np.random.default_rng(1)
    flips = np.zeros((QUERIES, CODE_BITS), dtype=np.uint8)
    for row in flips:
        row[chance.choice(CODE_BITS, 20, replace=False)] = 1
    asked: Codes = codes[chance.integers(0, len(codes), QUERIES)] ^ np.packbits(flips, axis=1)
    return asked


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
