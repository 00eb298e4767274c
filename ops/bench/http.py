"""Signed statements over HTTP, one a request and a hundred a request, beside the stock server on the same machine."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ops.bench.figures import Figure, percentile
from ops.bench.flush import FLUSH_MS, slow_flush_shim
from ops.bench.http_client import Load, load, request_of
from ops.bench.parts import TIMES, signature_check, two_core_rate
from ops.bench.servers import ours, stock
from ops.bench.speakers import Speaker, make_home

REQUESTS = {1: 150, 8: 600, 64: 1_500, 256: 2_000}  # callers: requests a round
SLOW_REQUESTS = {64: 600, 256: 1_500}
ROUNDS = 3
BATCH, BATCHES, BATCH_CALLERS = 100, 24, 4
STOCK_PART = 3  # the stock server gets a third of the requests: it needs longer for each
DSSE = "application/vnd.dsse+json"


def http_figures(folder: Path, store: str = "", name: str = "SQLite", reach: float = 12.0) -> list[Figure]:
    """One statement a request by several numbers of callers, ours and the stock server in turns."""
    speaker = make_home(folder / f"http-{name}", store)
    single = iter([request_of("/v1/statements", DSSE, each) for each in speaker.envelopes(_needed(REQUESTS))])
    figures = []
    if store:
        import psycopg_pool  # noqa: F401 - the stock library needs it; without it nothing is measured

    with ExitStack() as running:
        port = running.enter_context(ours(speaker))
        other = running.enter_context(stock(store or str(folder / "stock.sqlite"), speaker))
        load(port, _take(single, 50), 8)
        load(other, _take(single, 50), 8)
        for callers, requests in REQUESTS.items():
            mine, theirs = _in_turns(port, other, single, callers, requests)
            title = f"HTTP signed append, {name}, {callers} caller{'s' * (callers > 1)}"
            aim = reach if callers == 64 else None
            figures.append(Figure(title, _median(mine), "stock Application.save", _median(theirs), True, aim))
            figures.append(_tail(f"the same, {callers} callers, p99", mine, 3.0 if callers == 64 else None))
        if not store:
            figures += _batches(speaker, port)
    return figures


def slow_disk_figures(folder: Path) -> list[Figure]:
    """The same with FLUSH_MS added to every flush, against one transaction a request on the same disk."""
    shim = slow_flush_shim(folder)
    if shim is None:
        print("The slow disk is not measured: there is no C compiler (cc)", file=sys.stderr)
        return []
    speaker = make_home(folder / "slow")
    single = iter([request_of("/v1/statements", DSSE, each) for each in speaker.envelopes(_needed(SLOW_REQUESTS))])
    figures = []
    with ours(speaker, shim) as port, stock(str(folder / "slow-stock.sqlite"), speaker, shim) as other:
        load(port, _take(single, 50), 8)
        for callers, requests in SLOW_REQUESTS.items():
            mine, theirs = _in_turns(port, other, single, callers, requests, stock_part=10)
            title = f"HTTP signed append, {FLUSH_MS} ms a flush, {callers} callers"
            aim = 35.0 if callers == max(SLOW_REQUESTS) else None
            figures.append(Figure(title, _median(mine), "one transaction a request", _median(theirs), True, aim))
    return figures


def _batches(speaker: Speaker, port: int) -> list[Figure]:
    """A hundred statements a request, each signed by its actor, against what two cores can verify, in turns."""
    check = signature_check(speaker.envelopes(1)[0], speaker.key.private)
    bodies = [
        b'{"statements":[%b]}' % b",".join(b'{"envelope":%b}' % each for each in speaker.envelopes(BATCH))
        for _ in range(BATCHES * ROUNDS + BATCH_CALLERS)
    ]
    requests = iter([request_of("/v1/statements:batch", "application/json", body) for body in bodies])
    load(port, _take(requests, BATCH_CALLERS), BATCH_CALLERS)
    mine, limits = [], []
    for _ in range(ROUNDS):
        mine.append(load(port, _take(requests, BATCHES), BATCH_CALLERS).per_request() / BATCH)
        limits.append(1 / two_core_rate(check, TIMES))
    ours_s, limit_s = statistics.median(mine), statistics.median(limits)
    return [Figure(f"HTTP batches of {BATCH}, client-signed", ours_s, "two cores verifying only", limit_s, True, 0.65)]


def _in_turns(
    port: int, other: int, single: Iterator[bytes], callers: int, requests: int, stock_part: int = STOCK_PART
) -> tuple[list[Load], list[Load]]:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(load(port, _take(single, requests), callers))
        theirs.append(load(other, _take(single, max(callers, requests // stock_part)), callers))
    return mine, theirs


def _needed(requests: dict[int, int]) -> int:
    return 200 + ROUNDS * sum(count + max(callers, count // STOCK_PART) for callers, count in requests.items())


def _take(requests: Iterator[bytes], count: int) -> list[bytes]:
    return [next(requests) for _ in range(count)]


def _median(loads: list[Load]) -> float:
    return statistics.median(one.per_request() for one in loads)


def _tail(name: str, loads: list[Load], reach: float | None) -> Figure:
    times = [each for one in loads for each in one.times]
    return Figure(name, percentile(times, 0.99), "its own p50", percentile(times, 0.5), reach=reach)
