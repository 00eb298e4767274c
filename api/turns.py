"""Turns at a fixed number of places: whoever finds none free waits for one, fairly, and only so many wait.

Waiting comes before the first byte of a body is read: who waits costs a connection, and no disk and no thread. A place that
comes free goes to whichever waiting caller holds the fewest, the longest unserved among equals; so one caller with a hundred
files does not keep another with one from being served.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ledger.errors import Unavailable


class Turns:
    """Belongs to one event loop, and is touched in it only."""

    def __init__(self, work: str, places: int, *, waiting_max: int, waiting_per_caller_max: int, wait_s: float) -> None:
        self._work, self._free, self._wait_s = work, places, wait_s
        self._waiting_max, self._per_caller_max = waiting_max, waiting_per_caller_max
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def one(self, caller: str) -> AsyncIterator[None]:
        """A place for the length of the block. Raises Unavailable `busy` past a bound, or when no turn comes in time."""
        await self._begin(caller)
        try:
            yield
        finally:
            self._end(caller)

    async def _begin(self, caller: str) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            self._held[caller] += 1
            return
        if self.waiting >= self._waiting_max or len(self._waiting.get(caller, ())) >= self._per_caller_max:
            raise self._busy("and too many wait for one")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            self._give_up(caller, turn)
            if isinstance(error, TimeoutError):
                raise self._busy("and none came free in time") from None
            raise

    def _give_up(self, caller: str, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():  # the turn came in the same moment
            self._end(caller)
        else:
            self._drop(caller, turn)

    def _end(self, caller: str) -> None:
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        if not self._waiting:
            self._free += 1
            return
        following = min(self._waiting, key=lambda one: self._held[one])  # the first of equals
        turn = self._waiting[following][0]
        self._drop(following, turn)
        if following in self._waiting:  # behind the others, for the next turn
            self._waiting[following] = self._waiting.pop(following)
        self._held[following] += 1
        turn.set_result(None)

    def _drop(self, caller: str, turn: asyncio.Future[None]) -> None:
        self._waiting[caller].remove(turn)
        if not self._waiting[caller]:
            del self._waiting[caller]

    def _busy(self, why: str) -> Unavailable:
        return Unavailable("busy", f"every place for {self._work} is taken, {why}", "Try again in a few seconds.")
