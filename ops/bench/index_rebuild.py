"""The index filled anew, each time in a fresh process whose memory nobody touched before: seconds, and resident memory.

Two baselines: bare faiss adding the same codes from memory, and reading the same bytes from a plain file first. The view's
packed rows are what a start reads. From the log itself there is much more to read: statements, and examinations as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np

from ledger.blobs import FolderBlobs
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import Examination, Fingerprints, FrameCode
from ops.bench.figures import Figure
from ops.bench.speakers import ledger_of, make_home
from projections.database import ViewsDatabase
from projections.index.held import HeldIndexes
from projections.index.port import CODE_BITS, CODE_BYTES
from projections.matches import Matches
from projections.matchpolicy import current
from projections.matchrows import PLAIN, SCHEMA, keep
from projections.runner import Runner
from schemas.statements.asset import AssetExamined, AssetImported

RUN_CODES: Final = 240  # twenty half-seconds in twelve framings
ALGORITHM: Final = "bench"
PART: Final = (ALGORITHM, "own")
RUNS: Final = 5
REACH: Final = 0.5
LOG_CODES_MAX: Final = 100_000  # appending what is read back takes longer than all the rest
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
Measured = tuple[float, int]
"""Seconds, and by how many bytes the process grew."""
Work = tuple[Callable[[Path], Measured], Path]


def rebuild_figures(folder: Path, size: int) -> list[Figure]:
    """The codes lie in the page cache: they were just written."""
    name = f"index: {size:,} codes"
    file, rows = folder / f"{size}.codes", folder / f"{size}.sqlite"
    np.random.default_rng(0).integers(0, 256, (size, CODE_BYTES), dtype=np.uint8).tofile(file)
    write_rows(rows, file)
    adding, reading, ours = _in_fresh_processes((_add, file), (_read, file), (_fill, rows))
    figures = [
        Figure(f"{name}, memory a code", ours[1] / size, "bare faiss", adding[1] / size, unit="B"),
        _figure(f"{name}, from the view's rows", ours, "bare faiss add, from memory", adding, size, REACH),
        _figure(f"{name}, from the view's rows", ours, "reading a plain file, bare faiss add", reading, size, REACH),
    ]
    if size <= LOG_CODES_MAX:
        logged = from_the_log(folder / f"log{size}", file), 0
        figures.append(_figure(f"{name}, from the log", logged, "bare faiss add, from memory", adding, size))
    file.unlink()
    rows.unlink()
    return figures


def _figure(
    name: str, ours: Measured, baseline: str, theirs: Measured, size: int, reach: float | None = None
) -> Figure:
    return Figure(f"{name}, a code", ours[0] / size, baseline, theirs[0] / size, True, reach)


def _in_fresh_processes(*works: Work) -> list[Measured]:
    """The medians of each, run in turns so that a busy minute hits all alike."""
    context, found = get_context("forkserver"), [list[Measured]() for _ in works]
    context.set_forkserver_preload([__name__])
    with context.Pool(1, maxtasksperchild=1) as pool:
        for _ in range(RUNS):
            for (work, path), measured in zip(works, found, strict=True):
                measured.append(pool.apply(work, (path,)))
    return [(statistics.median(s for s, _ in one), int(statistics.median(grown for _, grown in one))) for one in found]


def _measured(work: Callable[[], object]) -> Measured:
    before, begin = _resident_bytes(), time.perf_counter()
    made = work()
    seconds = time.perf_counter() - begin
    grown = _resident_bytes() - before
    del made
    return seconds, grown


def _add(file: Path) -> Measured:
    codes = _codes(file)
    return _measured(lambda: _bare(codes))


def _read(file: Path) -> Measured:
    return _measured(lambda: _bare(_codes(file)))


def _fill(rows: Path) -> Measured:
    current()  # the policy is read once a process, whatever is filled
    database = ViewsDatabase(rows)
    with database.snapshot(Matches.name) as look:
        held = HeldIndexes(Matches.version)
        measured = _measured(lambda: held.index(look, PART))
    database.close()
    return measured


def _bare(codes: Any) -> Any:
    index = faiss.IndexBinaryFlat(CODE_BITS)
    index.add(codes)
    return index


def _codes(file: Path) -> Any:
    return np.fromfile(file, dtype=np.uint8).reshape(-1, CODE_BYTES)


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def write_rows(path: Path, file: Path) -> None:
    """The view's own rows of these codes, as following the log writes them."""
    database = ViewsDatabase(path)
    with database.writing() as db:
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        db.execute("INSERT INTO view VALUES (?, ?, 0, x'', 0, 1, NULL)", (Matches.name, Matches.version))
        for number, fingerprints in enumerate(_runs(file)):
            keep(db, number, f"{number:064x}", fingerprints, "own", [(PLAIN, fingerprints.frames)])
    database.close()


def _runs(file: Path) -> Any:
    raw = np.memmap(file, dtype=np.uint8, mode="r")
    step = RUN_CODES * CODE_BYTES
    for start in range(0, len(raw), step):
        run = raw[start : start + step].tobytes().hex()
        found = (run[n : n + 2 * CODE_BYTES] for n in range(0, len(run), 2 * CODE_BYTES))
        yield Fingerprints(ALGORITHM, "1", tuple(FrameCode(n // 12 * 500, one, 100, "") for n, one in enumerate(found)))


def from_the_log(folder: Path, file: Path) -> float:
    """Seconds from nothing to a filled index: entries and examinations read back and parsed, rows written, index filled."""
    home = make_home(folder).home
    blobs = FolderBlobs(home.blobs)
    with ledger_of(home) as ledger:
        for number, fingerprints in enumerate(_runs(file)):
            asset = f"{number:064x}"
            report = Examination(asset, 1_000, None, C2paReport("absent", "none"), fingerprints, None, ())
            named = {"asset": asset, "manifest_sha256": None, "frames": 20}
            blob = blobs.put(json.dumps(report.as_json()).encode())
            ledger.say(
                AssetImported.example().model_copy(update={"asset": asset, "generation": None}), actor="operator"
            )
            ledger.say(AssetExamined.example().model_copy(update={**named, "examination_sha256": blob}))
        database = ViewsDatabase(folder / "bench.sqlite")
        matches = Matches(database, blobs)
        runner = Runner(folder / "bench.sqlite", ledger.store, database, [matches])
        begin = time.perf_counter()
        runner.catch_up()
        found = matches.size(ALGORITHM)
        seconds = time.perf_counter() - begin
        runner.close()
    if found * CODE_BYTES != file.stat().st_size:
        raise AssertionError(f"{found} codes came back")
    return seconds
