"""The code index against bare faiss: queries a second at the policy's radii, alone and in batches; whether all is found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ops.bench.figures import Figure, in_turns
from ops.bench.index_rebuild import rebuild_figures
from ops.bench.peers import usearch_nearest
from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BITS, CODE_BYTES, Codes, Ids

SIZES = (100_000, 1_000_000, 10_000_000)
RADII_BITS = (31, 45, 60)
QUERIES, LONE = 64, 8  # as a clip asks: a block of frames at once; and so many one after the other
RUNS, LARGE_RUNS = 5, 3
PEERS_CODES_MAX = 1_000_000  # a graph of ten million takes usearch a quarter of an hour to build
CODES_PER_ID = 20
Figures = list[Figure]


def index_figures(folder: Path, codes_max: int = SIZES[1], log: Callable[[str], None] = lambda _: None) -> Figures:
    """At 10^5 and 10^6 codes, and at 10^7 where `codes_max` asks for it (2 GB, minutes)."""
    sizes = [size for size in SIZES if size <= codes_max] or [codes_max]
    figures = Figures()
    for size in sizes:
        log(f"{size:,} codes")
        figures += search_figures(size) + rebuild_figures(folder, size)
    return figures


def named(size: int) -> str:
    power = len(str(size)) - 1
    return f"index: 10^{power} codes" if size == 10**power else f"index: {size:,} codes"


def search_figures(size: int) -> Figures:
    """At each radius, with codes planted just that far away: the hardest that have to be found."""
    codes, ids = random_codes(size), np.arange(size, dtype=np.int64) // CODES_PER_ID
    index, bare = MemoryIndex(), faiss.IndexBinaryFlat(CODE_BITS)
    index.add(codes, ids)
    bare.add(codes)
    found = [figure for radius in RADII_BITS for figure in _at(size, radius, codes, ids, index, bare)]
    return [*found, *(_of_usearch(size, codes, index) if size <= PEERS_CODES_MAX else [])]


def _at(size: int, radius: int, codes: Codes, ids: Ids, index: MemoryIndex, bare: Any) -> Figures:
    name, (queries, planted) = f"{named(size)}, {radius} bits", planted_queries(codes, radius)
    runs = RUNS if size < SIZES[-1] else LARGE_RUNS
    lone = in_turns(
        [
            lambda: [index.near(queries[n : n + 1], radius) for n in range(LONE)],
            lambda: [bare.range_search(queries[n : n + 1], radius + 1) for n in range(LONE)],
        ],
        runs,
        LONE,
    )
    many = in_turns(
        [lambda: index.near(queries, radius), lambda: bare.range_search(queries, radius + 1)], runs, QUERIES
    )
    hits, (limits, _, places) = index.near(queries, radius), bare.range_search(queries, radius + 1)
    ours = set(zip(hits.rows.tolist(), hits.ids.tolist(), strict=True))
    theirs = [set(places[int(limits[row]) : int(limits[row + 1])].tolist()) for row in range(QUERIES)]
    recalls = [
        sum((row, int(ids[place])) in ours for row, place in enumerate(planted)) / QUERIES,
        sum(place in theirs[row] for row, place in enumerate(planted)) / QUERIES,
    ]
    return [
        Figure(f"{name}, a lone code", lone[0], "bare faiss scan, a lone code", lone[1], True),
        Figure(f"{name}, a code of {QUERIES} at once", many[0], f"bare faiss scan, {QUERIES} at once", many[1], True),
        Figure(f"{name}, planted codes found", recalls[0], "bare faiss scan", recalls[1], True, 1.0, unit="share"),
    ]


def _of_usearch(size: int, codes: Codes, index: MemoryIndex) -> Figures:
    """The nearest ten of each query by usearch's graph, held against our complete answer. Ours is timed first: in a process
    that has loaded usearch, and whose caches hold its graph, a scan takes six times as long."""
    figures = list[Figure]()
    asked = [(radius, *planted_queries(codes, radius)) for radius in RADII_BITS]
    alone = [in_turns([partial(index.near, queries, radius)], RUNS, QUERIES)[0] for radius, queries, _ in asked]
    for ours, (radius, seconds, share) in zip(alone, usearch_nearest(codes, asked), strict=False):
        name = f"{named(size)}, {radius} bits, usearch (HNSW)"
        figures.append(Figure(f"{name}, a code of {QUERIES} at once", seconds, "ours", ours, True))
        figures.append(Figure(f"{name}, planted codes found", share, "ours", 1.0, True, unit="share"))
    return figures


def random_codes(size: int) -> Codes:
    return np.random.default_rng(0).integers(0, 256, (size, CODE_BYTES), dtype=np.uint8)


def planted_queries(codes: Codes, radius: int) -> tuple[Codes, list[int]]:
    """QUERIES codes exactly `radius` bits from one in the index, and the places of those."""
    chance = np.random.default_rng(radius)
    flips = np.zeros((QUERIES, CODE_BITS), dtype=np.uint8)
    for row in flips:
        row[chance.choice(CODE_BITS, radius, replace=False)] = 1
    places = chance.integers(0, len(codes), QUERIES)
    asked: Codes = codes[places] ^ np.packbits(flips, axis=1)
    return asked, places.tolist()
