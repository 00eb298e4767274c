"""Consents in great numbers: what a decision costs among many, how fast an end is taken along, and in how much memory.

Time to block is the next decision, because the end is a rule; so what is measured is that decision, in a small house and in
a large one. The cascade is measured against a bare durable insert of the same number of rows.
"""

from __future__ import annotations

import random
import sqlite3
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from ledger.history import History
from ledger.rules.decision import decide
from ops.bench.consent_world import DUE_AT, World, build
from ops.bench.figures import Figure, in_turns
from projections.cascade import PAGE_ROWS_MAX, CascadeReport, run_expiry
from schemas.base import Body
from schemas.statements.asset import AssetFlagged
from schemas.statements.consent import ConsentRevoked

SMALL, DUE_PART, DUE_MAX = 1_000, 10, 10_000  # of N consents a tenth is due in one minute, and no more than 10,000
FAMILY_PART, FAMILY_MAX = 4, 100_000  # one has N/4 descendants, and no more than these
FAMILY_MIN = 4_000  # several of the cascade's pages, or its memory would be that of one
FLAG = AssetFlagged.TYPE
SEED, DECISIONS, RUNS, ROUNDS = 7, 40, 5, 25


def consent_figures(folder: Path, size: int) -> list[Figure]:
    """`size` consents with a file each against SMALL of them. A million take about two hours to build and to follow."""
    small = _world(folder / "few", SMALL)
    family = min(max(size // FAMILY_PART, FAMILY_MIN), FAMILY_MAX)
    large = _world(folder / "many", size, (family, PAGE_ROWS_MAX * 8, PAGE_ROWS_MAX * 2))
    figures = [*_decisions(small, large, size), *_cascades(folder, small, large)]
    small.close()
    large.close()
    return figures


def _world(folder: Path, size: int, families: tuple[int, ...] = ()) -> World:
    world = build(folder, size, min(size // DUE_PART, DUE_MAX), families)
    world.services.views.catch_up()
    return world


def _decisions(small: World, large: World, size: int) -> list[Figure]:
    chosen = random.Random(SEED)

    def deciding(world: World, assets: Sequence[str]) -> Callable[[], object]:
        def decide_some() -> None:
            for _ in range(DECISIONS):
                _decide(world, chosen.choice(assets))

        return decide_some

    alone = [[asset for _, asset in world.later] for world in (small, large)]
    family = max(large.families.values(), key=len)
    works = [deciding(small, alone[0]), deciding(large, alone[1]), deciding(large, family)]
    few, many, child = in_turns(works, RUNS, DECISIONS)
    for world in (small, large):
        world.clock.move_to(DUE_AT)
    as_many = len(small.due)  # of both: whoever draws from more files finds fewer of them in memory
    due = [[asset for _, asset in world.due[:: len(world.due) // as_many]] for world in (small, large)]
    few_over, many_over = in_turns([deciding(small, due[0]), deciding(large, due[1])], RUNS, DECISIONS)
    return [
        Figure(f"decision among {size:,} consents", many, f"among {SMALL:,}", few, reach=1.5),
        Figure("decision at the end, nothing recorded", many_over, f"among {SMALL:,}", few_over, reach=1.5),
        Figure(f"decision on one of {len(family):,} descendants", child, "on a lone file", many, reach=2.0),
    ]


def _decide(world: World, asset: str) -> None:
    """As for a stranger: with nothing remembered from the last one."""
    store, now = world.services.ledger.store, world.clock.now()
    found = decide(History(store, store.size()), world.question(asset), now)
    allowed = {rule.outcome for rule in found.weighed if rule.rule == "consent"} == {"pass"}
    assert allowed == (now < DUE_AT or asset not in world.over), found.against


def _cascades(folder: Path, small: World, large: World) -> list[Figure]:
    report, seconds = _run(large)
    said = report.counts.total()
    bare = _bare_insert(folder / "bare.sqlite", 2_000)
    _run(small)
    few, many = in_turns([lambda: _run(small), lambda: _run(large)], ROUNDS)
    idle = Figure("a round with nothing to do", many, f"among {SMALL:,}", few, reach=2.0)
    big, middle, tenth = sorted(large.families, key=lambda consent: -len(large.families[consent]))
    least, (of_tenth, tenth_seconds) = _peak(large, tenth)
    more, (of_middle, _) = _peak(large, middle)
    most, (of_big, big_seconds) = _peak(large, big)
    flags, fewer = of_big.counts[FLAG], of_tenth.counts[FLAG]
    assert (flags, fewer) == (len(large.families[big]) + 1, len(large.families[tenth]) + 1)
    return [
        Figure(
            f"cascade of {len(large.due):,} due at once, a statement", seconds / said, "bare durable insert", bare, True
        ),
        Figure(
            f"flagging {flags:,} descendants, each",
            big_seconds / flags,
            f"of {fewer:,}",
            tenth_seconds / fewer,
            reach=1.5,
        ),
        # what is remembered has a bound (a page, the thousand statements that a report names, the door's own memory), and the
        # small family does not reach it: so the large one is held against one that does
        Figure("the memory of that", most, f"of {of_middle.counts[FLAG]:,}", more, reach=1.5, unit="B"),
        Figure("the memory of a bounded page", more, f"of {fewer:,}", least, unit="B"),
        idle,
    ]


def _run(world: World) -> tuple[CascadeReport, float]:
    begin = time.perf_counter()
    report = run_expiry(world.services.ledger, world.services.views, world.clock.now())
    return report, time.perf_counter() - begin


def _peak(world: World, consent: str) -> tuple[float, tuple[CascadeReport, float]]:
    """The most bytes that Python held while everything under a revoked consent was taken along."""
    body: Body = ConsentRevoked(consent=consent, person=world.story.person().person, reason="the contract ended")
    world.services.ledger.say(body, actor="lena")
    world.clock.move_to(world.clock.now() + timedelta(seconds=1))
    tracemalloc.start()
    done = _run(world)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(most), done


def _bare_insert(path: Path, rows: int) -> float:
    """Seconds a row: SQLite, WAL, synchronous=FULL, in transactions as large as the cascade's pages."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE raw (id INTEGER PRIMARY KEY, c BLOB)"
    )
    begin = time.perf_counter()
    for _ in range(rows // 500):
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO raw (c) VALUES (?)", [(b"x" * 1_000,)] * 500)
        db.execute("COMMIT")
    seconds = (time.perf_counter() - begin) / rows
    db.close()
    return seconds
