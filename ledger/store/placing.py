"""Which pending entries go in, in order, and where: computed in memory, while only this transaction may append."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.store.contract import Appended, BoundaryMoved, EntryEvent, Outcome, Pending, Query
from ledger.store.newest import Newest

EntryRow = tuple[int, str, str, str | None, bytes]
"""(position, type, tags joined by line feeds, statement id, data)"""
Asked = Callable[[Sequence[Query], int, int], int | None]
"""(boundary, after, upto) -> the position of an entry in between that matches, asked of the database"""


class Placement:
    """Conditions are looked up among the newest entries first; only a boundary older than those costs a question."""

    def __init__(self, size: int, newest: Newest, known: dict[str, int], ask: Asked) -> None:
        """`newest` reaches up to `size`; `known`: position by statement id, of those ids in this batch that are there."""
        self._size, self._newest, self._known, self._ask = size, newest, known, ask
        self._placed = Newest(size)
        self.rows: list[EntryRow] = []

    def place(self, item: Pending) -> Outcome:
        index = self._size + len(self.rows)
        statement_id = item.events[0].statement_id
        if statement_id is not None and statement_id in self._known:
            return Appended(self._known[statement_id] - 1, existing=True)
        if item.boundary and (moved := self._moved(item)) is not None:
            return BoundaryMoved(moved - 1)
        for position, event in enumerate(item.events, index + 1):
            self._put(event, position)
        return Appended(index)

    @property
    def newest_rows(self) -> list[tuple[int, str, Sequence[str]]]:
        """What `Newest.add` takes, once these are committed."""
        return [(position, kind, tags.split("\n") if tags else ()) for position, kind, tags, _, _ in self.rows]

    def _moved(self, item: Pending) -> int | None:
        for query in item.boundary:
            for newest in (self._placed, self._newest):
                if (position := newest.match(query, item.after)) is not None:
                    return position
        if item.after < self._newest.low:
            return self._ask(item.boundary, item.after, self._newest.low)
        return None

    def _put(self, event: EntryEvent, position: int) -> None:
        self.rows.append((position, event.type, "\n".join(event.tags), event.statement_id, event.data))
        self._placed.add([(position, event.type, event.tags)])
        if event.statement_id is not None:
            self._known.setdefault(event.statement_id, position)
