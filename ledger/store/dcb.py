"""`eventsourcing`'s DCBRecorder over any Store, so that its applications and its own test suite run on our log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.persistence import IntegrityError, ProgrammingError

from ledger.store.contract import BoundaryMoved, EntryEvent, Pending, Query, Store, Stored

POLL_S = 0.2  # how often a waiting follower looks whether it was stopped


class StoreRecorder(DCBRecorder):
    """Append on a condition, read by query, subscribe; positions are leaf index + 1."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        if not events:
            raise ProgrammingError("an append has at least one event")
        boundary: tuple[Query, ...] = ()
        if condition is not None:
            boundary = tuple(condition.fail_if_events_match.items) or (Query(),)
        entries = tuple(EntryEvent(event.type, event.data, list(event.tags)) for event in events)
        pending = Pending(entries, boundary, (condition.after or 0) if condition else 0)
        receipts = self.store.append_batch([pending])
        if isinstance(moved := receipts.outcomes[0], BoundaryMoved):
            raise IntegrityError(f"entry {moved.by_index} matches the condition")
        return receipts.size

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        head = self.store.size()
        items = query.items if query else ()
        found = self.store.read_entries(items, after=after or 0, upto=head, limit=limit)
        return _ReadResponse(found, (head or None) if limit is None else None)

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> StoreSubscription:
        return StoreSubscription(self, query, after)


class _ReadResponse(DCBReadResponse):
    def __init__(self, found: Iterator[Stored], head: int | None) -> None:
        self._events = [_sequenced(entry) for entry in found]
        self._head = self._events[-1].position if head is None and self._events else head
        self._rest = iter(self._events)

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return next(self._rest)


class StoreSubscription(DCBSubscription[StoreRecorder]):
    """Follows the log by waiting on the store, which is woken by commits and polls for those of other processes."""

    def __next__(self) -> DCBSequencedEvent:
        store = self._recorder.store
        items = self._query.items if self._query else ()
        while not self._has_been_stopped:
            head = store.wait(self._last_position, POLL_S)
            found = next(store.read_entries(items, after=self._last_position, upto=head, limit=1), None)
            if found is not None:
                self._last_position = found.index + 1
                return _sequenced(found)
            self._last_position = max(self._last_position, head)
        raise StopIteration

    def stop(self) -> None:
        super().stop()
        self._recorder.store.wake()


def _sequenced(entry: Stored) -> DCBSequencedEvent:
    return DCBSequencedEvent(DCBEvent(entry.type, entry.entry, list(entry.tags)), entry.index + 1)
