"""The log as one pack reads it: each entry is parsed once, and each question asked once.

The verdict of every recorded decision is weighed over the log as it was before it. What was known at a smaller size is the
beginning of what is known at a larger one, so a hundred decisions cost hardly more than one.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from ledger.history import Entries, History
from ledger.recall import Answer, Key
from ledger.statement import Said, read_entry
from ledger.store.contract import Query, Stored

_INDEX = attrgetter("index")


class Reading:
    """Of the first `size` entries. Lives as long as the making or the check of one pack, and holds what that read."""

    def __init__(self, entries: Entries, size: int) -> None:
        self.size = size
        self._entries = entries
        self._said: dict[int, Said] = {}
        self._whole: dict[Key, Answer] = {}
        self._cut: dict[tuple[Key, int], Answer] = {}
        self._firsts: dict[Key, Said | None] = {}

    def history(self, upto: int | None = None) -> History:
        """Of the first `upto` entries, or of all that are read here."""
        return History(self._entries, self.size if upto is None else upto, recall=self)

    def about(self, tag: str, names: tuple[str, ...], upto: int) -> Answer:
        key = (tag, names)
        if key not in self._whole:
            query = Query(types=list(names), tags=[tag])
            found = [self._read(one) for one in self._entries.read_entries([query], upto=self.size)]
            self._whole[key] = Answer(found, self.size)
        whole = self._whole[key]
        count = bisect_left(whole.said, upto, key=_INDEX)
        if count == len(whole.said):
            return whole
        if (key, count) not in self._cut:
            self._cut[key, count] = Answer(whole.said[:count], upto)
        return self._cut[key, count]

    def first(self, tag: str, names: tuple[str, ...], upto: int) -> Said | None:
        key = (tag, names)
        if key in self._whole:
            said = self._whole[key].said[0] if self._whole[key].said else None
        else:
            if key not in self._firsts:
                query = Query(types=list(names), tags=[tag])
                found = self._entries.read_entries([query], upto=self.size, limit=1)
                self._firsts[key] = next((self._read(one) for one in found), None)
            said = self._firsts[key]
        return said if said is not None and said.index < upto else None

    def _read(self, stored: Stored) -> Said:
        if stored.index not in self._said:
            self._said[stored.index] = read_entry(stored)
        return self._said[stored.index]
