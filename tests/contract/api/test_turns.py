"""Turns at a fixed number of places: bounded, fair between callers, and given back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from api.turns import Turns
from ledger.errors import Unavailable


def turns(places: int = 1, **bounds: Any) -> Turns:
    return Turns("tests", places, **{"waiting_max": 10, "waiting_per_caller_max": 8, "wait_s": 30.0, **bounds})


def ran(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


async def queued(work: Turns, callers: str, order: list[str]) -> list[asyncio.Task[None]]:
    """One task a caller, in this order, each waiting for its turn and then noting it."""

    async def one(caller: str) -> None:
        async with work.one(caller):
            order.append(caller)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(one(caller)) for caller in callers]
    while work.waiting < len(callers):
        await asyncio.sleep(0)
    return tasks


def test_a_place_goes_to_whoever_holds_the_fewest_and_was_served_longest_ago() -> None:
    async def story() -> None:
        work, order = turns(), list[str]()
        async with work.one("a"):
            tasks = await queued(work, "aaabab", order)
        await asyncio.gather(*tasks)
        assert "".join(order) == "ababaa"
        assert work.waiting == 0

    ran(story)


def test_one_with_many_places_waits_behind_one_with_none() -> None:
    async def story() -> None:
        work, order = turns(2), list[str]()
        async with work.one("a"):
            async with work.one("a"):
                tasks = await queued(work, "aab", order)
            await asyncio.sleep(0)
            assert order[:1] == ["b"]
        await asyncio.gather(*tasks)

    ran(story)


@pytest.mark.parametrize("bounds", [{"waiting_max": 1}, {"waiting_per_caller_max": 1}, {"wait_s": 0.01}])
def test_past_a_bound_it_is_busy_and_no_place_is_lost(bounds: dict[str, Any]) -> None:
    async def story() -> None:
        work = turns(**bounds)
        async with work.one("a"):
            first = asyncio.create_task(_held(work, "a"))
            await asyncio.sleep(0)
            with pytest.raises(Unavailable, match="busy"):
                async with work.one("a"):
                    raise AssertionError("unreachable")
        await asyncio.gather(first, return_exceptions=True)
        async with work.one("b"):
            assert work.waiting == 0

    ran(story)


def test_whoever_goes_away_gives_up_the_turn_also_in_the_moment_when_it_comes() -> None:
    async def story() -> None:
        work = turns()
        async with work.one("a"):
            gone, stays = (asyncio.create_task(_held(work, name)) for name in "bc")
            late = asyncio.create_task(_held(work, "d"))
            await asyncio.sleep(0)
            late.cancel()
        gone.cancel()  # the place is its own by now, and it has not run yet
        await asyncio.gather(gone, late, return_exceptions=True)
        await stays
        with pytest.raises(KeyError):
            async with work.one("e"):
                raise KeyError
        async with work.one("f"):
            assert work.waiting == 0

    ran(story)


async def _held(work: Turns, caller: str) -> None:
    async with work.one(caller):
        await asyncio.sleep(0)
