"""Verification against what nobody can do without: the same bytes hashed, their manifest read by the SDK in this process."""

from __future__ import annotations

import resource
import shutil
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from api.services.circumstances import Circumstances
from api.services.services import Services
from api.services.verification import verify_file
from ledger.media.findings import CHEAP
from ledger.media.sandbox import Examiner
from ops.bench.bare import BARE, read_bare
from ops.bench.figures import Figure, in_turns
from ops.bench.verifying_http import verifying_http_figures
from ops.demo.run import run_demo
from ops.demo.story import CHANNEL, TERRITORY, USE
from ops.wiring import services_of

RUNS = 15
ASKED = Circumstances(use=USE, territory=TERRITORY, channel=CHANNEL)
KNOWN_REACH = 2.0
MEMORY_REACH = 1.2
PADDING_BYTES = 256 * 2**20


def verifying_figures(folder: Path) -> list[Figure]:
    """On the demo's own files, in a home that the demo left."""
    home = folder / "verifying"
    run_demo(home, None, Console(quiet=True))
    with services_of(home) as services:
        found = [*_alone(services, home), *_together(services, home), *_memory(services, home)]
    return [*found, *verifying_http_figures(home)]


def _alone(services: Services, home: Path) -> list[Figure]:
    signed, unknown = home / "signed.mp4", home / "unknown.mp4"
    _padded(signed, unknown, 8)
    verify_file(services, unknown, ASKED)  # a child is warm, and its engine is known
    seconds, bare, looked = in_turns(
        [
            lambda: verify_file(services, signed, ASKED),
            lambda: read_bare(signed),
            lambda: services.examiner.examine(unknown, extractors=CHEAP),
        ],
        RUNS,
    )
    return [
        Figure("verify a known file", seconds, BARE, bare, reach=KNOWN_REACH),
        Figure("read a stranger's manifest in a fenced child", looked, BARE, bare),
    ]


def _together(services: Services, home: Path) -> list[Figure]:
    """Many at once, each thread a file; the baseline has as many threads."""
    signed, found = home / "signed.mp4", list[Figure]()
    for callers in (8, 64):
        with ThreadPoolExecutor(callers) as pool:
            ours = _all(pool, callers, lambda: verify_file(services, signed, ASKED))
            theirs = _all(pool, callers, lambda: read_bare(signed))
            seconds, bare = in_turns([ours, theirs], 5, callers)
        found.append(
            Figure(f"verify a known file, {callers} at once", seconds, f"{BARE}, as many", bare, reach=KNOWN_REACH)
        )
    return found


def _all(pool: ThreadPoolExecutor, callers: int, work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for done in [pool.submit(work) for _ in range(callers)]:
            done.result()

    return run


def _memory(services: Services, home: Path) -> list[Figure]:
    """Peaks for a file with 256 MiB of padding against the same without: of the child, and of this process's own part."""
    small, large = home / "small.mp4", home / "large.mp4"
    _padded(home / "signed.mp4", small, 16)
    _padded(home / "signed.mp4", large, PADDING_BYTES)
    cold = Examiner(services.examiner.trust())  # whose children are this process's own, so that it learns their peak
    child_small, child_large = (_child_peak(cold, path) for path in (small, large))
    ours_small, ours_large = (_own_peak(services, path) for path in (small, large))
    large.unlink()
    return [
        Figure("peak of the child, 256 MiB", child_large, "without padding", child_small, reach=MEMORY_REACH, unit="B"),
        Figure(
            "peak of our own part, 256 MiB", ours_large, "without padding", ours_small, reach=MEMORY_REACH, unit="B"
        ),
    ]


def _child_peak(examiner: Examiner, path: Path) -> float:
    """Of all children so far: the smaller file has to come first."""
    examiner.examine(path)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def _own_peak(services: Services, path: Path) -> float:
    verify_file(services, path, ASKED)
    tracemalloc.start()
    try:
        verify_file(services, path, ASKED)
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def _padded(source: Path, target: Path, size: int) -> None:
    """The same MP4 with a box of padding at its end: other bytes, the same pictures."""
    shutil.copyfile(source, target)
    with target.open("ab") as file:
        file.write(size.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + size - 8)
