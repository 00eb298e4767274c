"""Views that follow the log: how fast they catch up, and how late an append is seen in them."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from ledger.blobs import FolderBlobs
from ledger.door import Ledger
from ledger.statement import Said
from ops.bench.figures import Figure, percentile
from ops.bench.postgres_server import on_postgres
from ops.bench.speakers import append_all, ledger_of, make_home
from projections.database import ViewsDatabase
from projections.runner import Runner
from projections.views import Views
from schemas.catalogue import TYPES

STATEMENTS, STOCK_EVENTS, SEEN = 10_000, 5_000, 500
CALL = 500
VISIBLE_S_MAX = 0.002
WAIT_S = 5.0


class Small:
    """One row an entry, of its place and type, as the stock runner's view: the runners are compared and not the views."""

    name, version = "small", 1
    schema = "CREATE TABLE small_row (idx INTEGER PRIMARY KEY, type TEXT)"
    handled, ignored = TYPES, frozenset[str]()

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        db.execute("INSERT INTO small_row VALUES (?, ?)", (said.index, said.type))


class Reading(Small):
    """The same, of each entry's body."""

    name = "reading"
    schema = "CREATE TABLE reading_row (idx INTEGER PRIMARY KEY, actor TEXT, body TEXT)"

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        db.execute("INSERT INTO reading_row VALUES (?, ?, ?)", (said.index, said.actor, type(said.body).__name__))


def view_figures(folder: Path) -> list[Figure]:
    """Catching up from nothing, with the stock runner's small view and with all of ours; then live."""
    speaker = make_home(folder / "views")
    with ledger_of(speaker.home) as ledger:
        for _ in range(STATEMENTS // CALL):
            append_all(ledger, speaker.envelopes(CALL))
        small, reading = (_catch_up(_alone(folder, ledger, view)) for view in (Small(), Reading()))
        views = Views(folder / "all.sqlite", ledger, FolderBlobs(speaker.home.blobs))
        whole = _catch_up(views, keep=True)
        visible = _visible(ledger, views, speaker.envelopes(SEEN))
        views.close()
    late = Figure("append visible in all views, p99", visible, "2 ms", VISIBLE_S_MAX, reach=1.0)
    return [*on_postgres(lambda url: _against_stock(url, small, reading, whole)), late]


def _against_stock(url: str, small: float, reading: float, whole: float) -> list[Figure]:
    from ops.bench.stock_view import stock_catch_up_seconds

    stock = stock_catch_up_seconds(url, STOCK_EVENTS)
    return [
        Figure("catch-up, one small view", small, "stock runner, the same view", stock, True, 25.0),
        Figure("catch-up, one small view that reads each body", reading, "stock runner, a small view", stock, True),
        Figure("catch-up, all of our views", whole, "stock runner, a small view", stock, True),
    ]


def _alone(folder: Path, ledger: Ledger, view: Small) -> Runner:
    path = folder / f"{view.name}.sqlite"
    return Runner(path, ledger.store, ViewsDatabase(path), [view])


def _catch_up(runner: Runner, keep: bool = False) -> float:
    begin = time.perf_counter()
    size = runner.catch_up()
    seconds = (time.perf_counter() - begin) / size
    if not keep:
        runner.close()
    return seconds


def _visible(ledger: Ledger, views: Views, envelopes: list[bytes]) -> float:
    """From the append's answer to the moment when every view has it, p99."""
    views.start()
    times = []
    for envelope in envelopes:
        size = ledger.append(envelope).index + 1
        begin = time.perf_counter()
        views.wait_for(size, WAIT_S)
        times.append(time.perf_counter() - begin)
    views.stop()
    return percentile(times, 0.99)
