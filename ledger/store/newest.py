"""The newest entries of a log in memory, by tag and by type, so that most conditions need no question to the database."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from ledger.store.contract import Query

NEWEST_ENTRIES_MAX = 4_000  # what came while a slow caller was judged; an older boundary is asked of the database
UNKNOWN = -1  # the position that a memory begins at before the log was looked at

Row = tuple[int, str, Sequence[str]]
"""(position, type, tags)"""


_NONE: deque[tuple[int, str, frozenset[str]]] = deque()


class Newest:
    """Entries with a position in (low, high], without a gap. Thread-safe."""

    def __init__(self, low: int) -> None:
        self.low = self.high = low
        self._all: deque[tuple[int, str, frozenset[str]]] = deque()
        self._by_tag: dict[str, deque[tuple[int, str, frozenset[str]]]] = {}
        self._lock = threading.Lock()

    def begin_at(self, low: int) -> None:
        """Forgets all: the log is far ahead, or is another one."""
        with self._lock:
            self.low = self.high = low
            self._all.clear()
            self._by_tag.clear()

    def add(self, rows: Iterable[Row]) -> None:
        """Rows follow each other and what is here; the oldest make room."""
        with self._lock:
            for position, kind, tags in rows:
                if position != self.high + 1:
                    raise ValueError(f"position {position} does not follow {self.high}")
                row = (position, kind, frozenset(tags))
                self._all.append(row)
                for tag in row[2]:
                    self._by_tag.setdefault(tag, deque()).append(row)
                self.high = position
            while len(self._all) > NEWEST_ENTRIES_MAX:
                self._forget_oldest()

    def match(self, query: Query, after: int) -> int | None:
        """The newest position past `after`, here, that the query asks for."""
        if after >= self.high:
            return None
        with self._lock:
            rows = self._fewest(query.tags)
            for position, kind, tags in reversed(rows):
                if position <= after:
                    return None
                if (not query.types or kind in query.types) and tags.issuperset(query.tags):
                    return position
        return None

    def _fewest(self, tags: Sequence[str]) -> deque[tuple[int, str, frozenset[str]]]:
        """Of these tags, the rows of the one that has the fewest; all rows without tags."""
        rows = self._all
        for tag in tags:
            of_tag = self._by_tag.get(tag)
            if of_tag is None:
                return _NONE
            if len(of_tag) <= len(rows):
                rows = of_tag
        return rows

    def surely_silent(self, query: Query, after: int, upto: int) -> bool:
        """True when nothing in (after, upto] matches; False also when that can't be told from memory."""
        return self.low <= after and upto <= self.high and self.match(query, after) is None

    def _forget_oldest(self) -> None:
        position, _, tags = self._all.popleft()
        for tag in tags:
            rows = self._by_tag[tag]
            rows.popleft()
            if not rows:
                del self._by_tag[tag]
        self.low = position
