"""What a rule may look at, and the boundary that this draws (ADR 006).

A rule's boundary is what it read: every question asked of a History is kept, and the door appends on the condition that
nothing answering any of them has come since. So a rule can't forget to name a dependency, and two statements that
matter to each other can't both slip in at the same instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol, TypeVar

from ledger.recall import Answer, Answers
from ledger.statement import Said, read_entry
from ledger.store.contract import Query, Stored
from schemas.base import Body
from schemas.catalogue import wire_names

B = TypeVar("B", bound=Body)
T = TypeVar("T")


class Entries(Protocol):
    """Where a history comes from: the store, or the entries of an evidence pack."""

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Iterable[Stored]: ...


class History:
    """Reads entries up to a fixed size of the log, remembering every question. Cost follows the answers' length.

    `as_of` leaves out what was recorded later, for questions about the past. The door never sets it: a clock that was
    turned back must not make a withdrawal invisible. `recall` remembers answers between histories of one log.
    """

    def __init__(
        self, entries: Entries, upto: int, as_of: datetime | None = None, recall: Answers | None = None
    ) -> None:
        self._entries, self.upto, self.as_of = entries, upto, as_of
        self._recall = recall
        self._asked: dict[tuple[str, tuple[str, ...]], Answer] = {}
        self._firsts: dict[tuple[str, tuple[str, ...]], Said] = {}
        self._whole = False

    def about(self, tag: str, *types: type[Body]) -> list[Said]:
        """Everything of these kinds, in whichever version it was said, that carries the tag; oldest first."""
        return self._answer(tag, types).said

    def folded(self, tag: str, types: Sequence[type[Body]], fold: Callable[[list[Said]], T]) -> T:
        """`fold` of `about(tag, *types)`; computed once for as long as nothing new comes, so nobody changes the result."""
        return self._answer(tag, types).folded(fold)

    def _answer(self, tag: str, types: Sequence[type[Body]]) -> Answer:
        names = _names(types)
        if (tag, names) not in self._asked:
            self._asked[tag, names] = self._ask(tag, names)
        return self._asked[tag, names]

    def _ask(self, tag: str, names: tuple[str, ...]) -> Answer:
        if self._recall is not None:
            answer = self._recall.about(tag, names, self.upto)
        else:
            found = self._entries.read_entries([Query(types=list(names), tags=[tag])], upto=self.upto)
            answer = Answer([read_entry(entry) for entry in found], self.upto)
        if self.as_of is None:
            return answer
        return Answer([one for one in answer.said if one.recorded_at <= self.as_of], self.upto)

    def last(self, tag: str, *types: type[Body]) -> Said | None:
        """The newest of `about`, or None."""
        found = self.about(tag, *types)
        return found[-1] if found else None

    def first(self, tag: str, *types: type[Body]) -> Said | None:
        """The oldest of `about`, read alone. Nothing later changes which it is, so only its absence is a boundary."""
        names = _names(types)
        asked = self._asked.get((tag, names))
        if asked is not None:
            return asked.said[0] if asked.said else None
        if (tag, names) not in self._firsts:
            said = self._first(tag, names)
            if said is None or (self.as_of is not None and said.recorded_at > self.as_of):
                self._asked[tag, names] = Answer([], self.upto)
                return None
            self._firsts[tag, names] = said
        return self._firsts[tag, names]

    def _first(self, tag: str, names: tuple[str, ...]) -> Said | None:
        if self._recall is not None:
            return self._recall.first(tag, names, self.upto)
        query = Query(types=list(names), tags=[tag])
        return next((read_entry(one) for one in self._entries.read_entries([query], upto=self.upto, limit=1)), None)

    def next_only(self) -> None:
        """What is judged stands directly after this history, or not at all: any entry in between is a conflict."""
        self._whole = True

    @property
    def boundary(self) -> tuple[Query, ...]:
        """Everything that was asked, as the condition of an append."""
        asked = tuple(Query(types=list(names), tags=[tag]) for tag, names in self._asked)
        return (Query(), *asked) if self._whole else asked

    @property
    def entries_read(self) -> dict[int, Said]:
        """Every entry that answered a question, by index: the evidence behind a decision."""
        asked = (said for answer in self._asked.values() for said in answer.said)
        return {said.index: said for said in (*self._firsts.values(), *asked)}


@cache
def _names(types: Sequence[type[Body]]) -> tuple[str, ...]:
    return tuple(sorted({name for kind in types for name in wire_names(kind)}))


def bodies(found: Iterable[Said], kind: type[B]) -> list[tuple[Said, B]]:
    """Those of one class, with the body typed."""
    return [(said, said.body) for said in found if isinstance(said.body, kind)]
