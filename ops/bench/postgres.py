"""The store in PostgreSQL against a binary COPY on the same server in the same minute, each with its commit flushed.

Two baselines: the entries' bytes alone into a table with one key; and all rows that the store keeps of them, entries and
tags, into tables with the same keys and indexes. What is left over the second is ours: lock, conditions, tree, head.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

from ledger.store.contract import EntryEvent, Pending
from ledger.writer import Writer
from ops.bench.figures import Figure
from ops.bench.http import http_figures
from ops.bench.postgres_server import on_postgres

BATCHES = {1: 150, 10: 100, 100: 80, 1_000: 12}  # entries: runs
ENTRY_BYTES = 900  # a signed statement of the common kind
BARE = "CREATE TABLE bare (position bigint PRIMARY KEY, data bytea NOT NULL)"
SAME = """
CREATE TABLE entries (position bigint PRIMARY KEY, type text COLLATE "C" NOT NULL, tags text COLLATE "C" NOT NULL,
  statement_id text COLLATE "C" UNIQUE, data bytea NOT NULL);
CREATE INDEX ON entries (type, position);
CREATE TABLE tags (name text COLLATE "C", type text COLLATE "C", position bigint, PRIMARY KEY (name, type, position))"""

Rows = list[tuple[Any, ...]]


def postgres_figures() -> list[Figure]:
    """The store alone, at several batch sizes."""
    return on_postgres(_figures)


def postgres_http_figures(folder: Path) -> list[Figure]:
    """Signed appends over HTTP with the log in PostgreSQL, against the stock server on the same PostgreSQL."""
    return on_postgres(lambda url: http_figures(folder, url, "PostgreSQL", 18.0))


def _figures(url: str) -> list[Figure]:
    import psycopg

    from ledger.store.postgres import PostgresStore

    store = PostgresStore(url, lambda size, root, before: root)
    writer, entries, figures = Writer(store), _entries(), []
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(BARE)
        raw.execute(SAME)
        for batch, runs in BATCHES.items():
            works = (writer.write, lambda items: _copy_bare(raw, items), lambda items: _copy_same(raw, items))
            ours, bare, same = _medians(works, entries, batch, runs)
            name = f"PostgreSQL store, batch {batch:,}"
            aim = 0.7 if batch == 100 else None
            figures.append(Figure(name, ours, "binary COPY of the entries' bytes", bare, True, aim))
            figures.append(Figure(name, ours, "binary COPY of the same rows", same, True))
    writer.close()
    store.close()
    return figures


def _entries() -> Iterator[Pending]:
    for number in count(1):
        data = (f"{number:012d}" + "payload " * ENTRY_BYTES).encode()[:ENTRY_BYTES]
        tags = [f"brief:{number}", f"project:{number % 50}", "actor:mara"]
        yield Pending((EntryEvent("brief.drafted.v1", data, tags, f"statement-{number:012d}"),))


def _medians(
    works: Sequence[Callable[[list[Pending]], object]], entries: Iterator[Pending], batch: int, runs: int
) -> list[float]:
    """The median seconds of one entry for each kind of work, taken in turns so that a busy minute hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        items = list(islice(entries, batch))
        for work, taken in zip(works, times, strict=True):
            begin = time.perf_counter()
            work(items)
            taken.append((time.perf_counter() - begin) / batch)
    return [statistics.median(taken) for taken in times]


def _number(item: Pending) -> int:
    return int(item.events[0].data[:12])


def _copy_bare(raw: Any, items: list[Pending]) -> None:
    with raw.transaction():
        _copy(raw, "bare", ("int8", "bytea"), [(_number(item), item.events[0].data) for item in items])


def _copy_same(raw: Any, items: list[Pending]) -> None:
    entries: Rows = []
    tags: Rows = []
    for item in items:
        event, position = item.events[0], _number(item)
        entries.append((position, event.type, "\n".join(event.tags), event.statement_id, event.data))
        tags += [(tag, event.type, position) for tag in event.tags]
    with raw.transaction():
        _copy(raw, "entries", ("int8", "text", "text", "text", "bytea"), entries)
        _copy(raw, "tags", ("text", "text", "int8"), tags)


def _copy(raw: Any, table: str, types: tuple[str, ...], rows: Rows) -> None:
    with raw.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
