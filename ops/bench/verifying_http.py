"""Verification over HTTP by 1, 8 and 64 callers at once, against bare reads in as many processes; and what memory it took.

The server is `countersign serve` in a process of its own; its peak is that of the server and of the fenced children together.
Strangers' files go through the same queue and are looked into; only a few are sent, as each takes a core for a second.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from ops.bench.bare import BARE, read_bare
from ops.bench.figures import Figure, percentile
from ops.bench.http_client import Load, load, request_of
from ops.bench.servers import Server, serving
from ops.demo.story import CHANNEL, TERRITORY, USE
from ops.wiring import services_of

CALLERS = (1, 8, 64)
REQUESTS = 128  # a round, and the same number of bare reads
STRANGERS = 16
ROUNDS = 3
RATE_REACH, MEMORY_REACH = 0.5, 1.5


def verifying_http_figures(home: Path) -> list[Figure]:
    """On a home that the demo left."""
    with services_of(home) as services:
        token = services.tokens.issue("pia", services.clock.now())
    known = _request((home / "signed.mp4").read_bytes(), token)
    figures, peaks = list[Figure](), dict[int, int]()
    with serving(home) as server:
        load(server.port, [known] * 8, 2)
        for callers in CALLERS:
            figures += _together(server, known, home / "signed.mp4", callers)
            load(server.port, _strangers(home, token, callers), min(callers, STRANGERS))
            peaks[callers] = _peak_bytes(server.pid)
    figures += [
        Figure(
            f"server's peak after {callers} at once", peaks[callers], "after 1", peaks[1], reach=MEMORY_REACH, unit="B"
        )
        for callers in CALLERS[1:]
    ]
    return figures


def _together(server: Server, known: bytes, file: Path, callers: int) -> list[Figure]:
    mine, bare = list[Load](), list[float]()
    with ProcessPoolExecutor(callers, get_context("spawn")) as pool:
        list(pool.map(_read_some, [file] * callers, [1] * callers))
        for _ in range(ROUNDS):
            mine.append(load(server.port, [known] * REQUESTS, callers))
            begin = perf_counter()
            list(pool.map(_read_some, [file] * callers, [REQUESTS // callers] * callers))
            bare.append((perf_counter() - begin) / REQUESTS)
    times = [each for one in mine for each in one.times]
    title = f"HTTP verify a known file, {callers} at once"
    rate = statistics.median(one.per_request() for one in mine)
    return [
        Figure(title, rate, f"{BARE}, {callers} processes", statistics.median(bare), True, RATE_REACH),
        Figure(f"the same, {callers} at once, p99", percentile(times, 0.99), "its own p50", percentile(times, 0.5)),
    ]


def _read_some(file: Path, times: int) -> None:
    for _ in range(times):
        read_bare(file)


def _strangers(home: Path, token: str, callers: int) -> Sequence[bytes]:
    """Files that nobody knows: the clip with other bytes at its end each time."""
    content = (home / "signed.mp4").read_bytes()
    count = min(callers, STRANGERS)
    boxes = [(16).to_bytes(4, "big") + b"free" + os.urandom(8) for _ in range(count)]
    return [_request(content + box, token) for box in boxes]


def _request(content: bytes, token: str) -> bytes:
    asked = urlencode({"use": USE, "channel": CHANNEL, "territory": TERRITORY})
    return request_of(f"/v1/verifications?{asked}", "application/octet-stream", content, token)


def _peak_bytes(pid: int) -> int:
    """Of the process and all below it, as far as they run: Linux keeps each one's high-water mark."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        threads = [one.joinpath("children").read_text(encoding="ascii") for one in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it went away meanwhile
        return 0
    own = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return own + sum(_peak_bytes(int(child)) for below in threads for child in below.split())
