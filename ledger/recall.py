"""What the log answered before, kept in memory. An answer up to size S stays true: only what came after S is asked for.

The log only grows (SPEC S1.3), so nothing here is ever wrong, only short, and it is made whole before it is given. Sealed
values are not in entries, so an erasure leaves nothing to forget here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from ledger.statement import Said, read_entry
from ledger.store.contract import Query, Store

SAID_MAX = 5_000  # statements kept in memory, over all answers: about 10 KB each
ANSWER_SAID_MAX = 500  # a longer answer is read anew each time: it belongs to a family that few ask about
FIRSTS_MAX = 2_000  # arrivals of files: what every decision on a family asks for, of few families at a time
ANSWERS_MAX = 20_000  # most are empty or hold one statement

T = TypeVar("T")
Key = tuple[str, tuple[str, ...]]
"""A tag, and the wire types asked for with it, sorted."""


class Answer:
    """Everything of these types with this tag, in entries with position <= `upto`, oldest first. Never changed."""

    __slots__ = ("_folded", "said", "upto")

    def __init__(self, said: list[Said], upto: int) -> None:
        self.said, self.upto = said, upto
        self._folded: dict[Callable[[list[Said]], Any], Any] = {}

    def folded(self, fold: Callable[[list[Said]], T]) -> T:
        """`fold` of the statements, computed once. The result is shared: nobody changes it."""
        if fold not in self._folded:
            self._folded[fold] = fold(self.said)
        found: T = self._folded[fold]
        return found


class Answers(Protocol):
    """What remembers answers between histories of one log. Neither ever holds what is not in the log."""

    def about(self, tag: str, names: tuple[str, ...], upto: int) -> Answer:
        """Everything of these types with the tag among the first `upto` entries."""

    def first(self, tag: str, names: tuple[str, ...], upto: int) -> Said | None:
        """The oldest of it, or None."""


class Recall:
    """Answers by tag and types, the least recently used forgotten first. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._firsts: OrderedDict[Key, Said] = OrderedDict()
        self._unheard: dict[str, int] = {}
        self._said = 0
        self._lock = threading.Lock()

    def foresee(self, tags: Iterable[str], upto: int) -> None:
        """Asks once, for many tags, which of them nothing is known about at this size: most statements are about a new thing.

        `upto` was read before: what no entry carries now, none carried then.
        """
        unheard = self._store.unheard({tag for tag in tags if tag not in self._unheard})
        with self._lock:
            self._unheard.update(dict.fromkeys(unheard, upto))
            while len(self._unheard) > ANSWERS_MAX:
                del self._unheard[next(iter(self._unheard))]

    def about(self, tag: str, names: tuple[str, ...], upto: int) -> Answer:
        """The answer at exactly this size of the log."""
        key = (tag, names)
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
            elif (silent := self._unheard.get(tag)) is not None:
                known = Answer([], silent)
        answer = self._answer(Query(types=list(names), tags=[tag]), known, upto)
        if answer is not known and (known is None or answer.upto > known.upto):
            self._keep(key, answer)
        return answer

    def first(self, tag: str, names: tuple[str, ...], upto: int) -> Said | None:
        """The oldest entry of an answer, read alone however long the answer is. Once there is one, it stays the one."""
        key = (tag, names)
        with self._lock:
            found = self._firsts.get(key)
            if found is not None:
                self._firsts.move_to_end(key)
        if found is None:
            query = Query(types=list(names), tags=[tag])
            found = next((read_entry(one) for one in self._store.read_entries([query], upto=upto, limit=1)), None)
            if found is not None:
                self._remember(key, found)
        return found if found is not None and found.index < upto else None

    def _remember(self, key: Key, said: Said) -> None:
        with self._lock:
            self._firsts[key] = said
            while len(self._firsts) > FIRSTS_MAX:
                self._firsts.popitem(last=False)

    def _answer(self, query: Query, known: Answer | None, upto: int) -> Answer:
        if known is None:
            return Answer([read_entry(each) for each in self._store.read_entries([query], upto=upto)], upto)
        if known.upto == upto:
            return known
        if known.upto > upto:  # somebody who began earlier: what is known holds their answer
            return Answer([said for said in known.said if said.index < upto], upto)
        if self._store.surely_silent(query, known.upto, upto):
            return _grown(known, [], upto)
        newer = [read_entry(each) for each in self._store.read_entries([query], after=known.upto, upto=upto)]
        return _grown(known, newer, upto)

    def _keep(self, key: Key, answer: Answer) -> None:
        with self._lock:
            before = self._answers.pop(key, None)
            self._said -= len(before.said) if before else 0
            if len(answer.said) <= ANSWER_SAID_MAX:
                self._answers[key] = answer
                self._said += len(answer.said)
            while self._said > SAID_MAX or len(self._answers) > ANSWERS_MAX:
                _, forgotten = self._answers.popitem(last=False)
                self._said -= len(forgotten.said)


def _grown(known: Answer, newer: list[Said], upto: int) -> Answer:
    if newer:
        return Answer(known.said + newer, upto)
    same = Answer(known.said, upto)
    same._folded = known._folded
    return same
