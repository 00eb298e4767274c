"""Indexes over the rows of `matches`: filled from committed rows before each search, never ahead of them.

Where an index is kept outside this process (PostgreSQL), it says how far it followed which rows: `chain` is a digest over every
row up to there, so that codes of another log, or of other rows under the same numbers, are dropped and read anew. Rows that
were removed leave the index at the next look (`settle` looks without a search).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from projections.database import Snapshot
from projections.index.memory import LARGE_CODES, MemoryIndex
from projections.index.port import CODE_BYTES, CodeIndex, FollowingIndex, Place
from projections.matchcodes import Block, after

Part = tuple[str, str]
"""Which algorithm's codes, and whose: `own` outputs or `reference` media. Never compared across parts."""
Opens = Callable[[Part], FollowingIndex]
"""Opens the index of a part. Raises Unavailable."""


def in_memory(_: Part) -> FollowingIndex:
    return MemoryIndex()


class HeldIndexes:
    """One index a part. Thread-safe: filling is done by one, who searches keeps what it was given."""

    def __init__(self, version: int, opens: Opens = in_memory) -> None:
        """`version` of the view: what another one packed is packed otherwise."""
        self._version, self._opens = version, opens
        self._filling = threading.Lock()
        self._held: dict[Part, FollowingIndex] = {}
        self._followed = set[Part]()
        self._settled = 0

    def index(self, look: Snapshot, part: Part) -> CodeIndex:
        """The index as of this snapshot or newer; a view that was begun anew starts empty ones."""
        with self._filling:
            index = self._held.get(part) or self._held.setdefault(part, self._opens(part))
            gone = self._fill(look, part, index, first=part not in self._followed)
            self._followed.add(part)
            if gone:  # said last: who is stopped before it forgets once more
                index.forget()
                with index.following() as place:
                    place.removed = max(gone, place.removed)
            return index

    def settle(self, look: Snapshot) -> bool:
        """Removed codes leave every index now, whether or not anybody searches; True if there were any."""
        newest = look.rows("SELECT coalesce(max(n), 0) FROM matches_removed")[0][0]
        if newest == self._settled:
            return False
        kept_elsewhere = set() if self._opens is in_memory else set(_parts(look))
        for part in set(self._held) | kept_elsewhere:
            self.index(look, part)
        self._settled = newest
        return True

    def close(self) -> None:
        for index in self._held.values():
            index.close()

    def _fill(self, look: Snapshot, part: Part, index: FollowingIndex, *, first: bool) -> int:
        """The number of the newest removal that it learnt of, 0 for none."""
        layout = f"{self._version}/{look.builds}"
        with index.following() as place:
            if place.layout != layout or not _continues(look, place, first):
                index.clear()
                place.start(layout)
            gone = look.rows("SELECT n, number FROM matches_removed WHERE n > ? ORDER BY n", (place.removed,))
            index.remove(number for _, number in gone)
            newest = look.rows("SELECT number, chain FROM matches_asset ORDER BY number DESC LIMIT 1")
            if newest and newest[0][0] > place.number:
                for codes, numbers in _in_pieces(after(look, part, place.number)):
                    index.add(codes, numbers)
                place.number, place.chain = newest[0]
        return gone[-1][0] if gone else 0


def _continues(look: Snapshot, place: Place, first: bool) -> bool:
    """Whether the index followed these very rows. Rows that this snapshot has not yet were another reader's, newer one, unless
    nobody read before: then they may be of a log that was put back, and its next rows would take their numbers."""
    if not place.number:
        return True
    row = look.rows("SELECT chain FROM matches_asset WHERE number = ?", (place.number,))
    return bool(row[0][0] == place.chain) if row else not first


def _parts(look: Snapshot) -> Iterable[Part]:
    return look.rows("SELECT DISTINCT algorithm, part FROM matches_asset")


def _in_pieces(blocks: Iterable[Block]) -> Iterator[Block]:
    """Many blocks as few pieces of an index's own size, through one buffer: touching fresh memory costs more than copying."""
    codes, ids = np.empty((LARGE_CODES, CODE_BYTES), dtype=np.uint8), np.empty(LARGE_CODES, dtype=np.int64)
    count = 0
    for more, owners in blocks:
        done = 0
        while done < len(more):
            taken = min(len(more) - done, LARGE_CODES - count)
            codes[count : count + taken], ids[count : count + taken] = more[done:][:taken], owners[done:][:taken]
            count, done = count + taken, done + taken
            if count == LARGE_CODES:
                yield codes, ids.copy()
                count = 0
    if count:
        yield codes[:count], ids[:count].copy()
