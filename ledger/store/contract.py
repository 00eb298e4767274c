"""The store's port: an ordered log of entries that can be read by tag and type and appended to on a condition.

The shapes are `eventsourcing`'s dynamic consistency boundary (its names move between releases, so only this package and
the projection runner import them). An entry's position starts at 1; its leaf index is position - 1. Every adapter runs
the suite in tests/contract/store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eventsourcing.dcb.api import DCBEvent, DCBQueryItem

from ledger.store.frontier import Growth

READ_PAGE_ENTRIES = 500  # one page of entries in memory, at most 65,535 bytes each: 32 MB at the very worst

Query = DCBQueryItem
"""`Query(types=[…], tags=[…])`: entries with all of the tags and any of the types (no types: any type)."""

Seal = Callable[[int, bytes, bytes], bytes]
"""(size, root, the checkpoint before) -> the signed checkpoint that is stored in the same transaction as the leaves."""


@dataclass
class EntryEvent(DCBEvent):
    """A DCB event whose data is the exact entry, known by its statement's id so that appends are idempotent."""

    statement_id: str | None = None


@dataclass(frozen=True)
class Stored:
    """An entry as it lies in the log. `entry` is the leaf's exact bytes."""

    index: int
    type: str
    tags: tuple[str, ...]
    entry: bytes
    statement_id: str | None = None


@dataclass(frozen=True)
class Pending:
    """Finished entries that wait for the writer together, all or none, and the boundary their acceptance read."""

    events: tuple[EntryEvent, ...]
    boundary: tuple[Query, ...] = ()
    after: int = 0
    """The log's size when the boundary was read: nothing that matches may have come since."""


@dataclass(frozen=True)
class Appended:
    """Where the first pending entry is now. `existing`: that statement id was there already, nothing was written."""

    index: int
    existing: bool = False


@dataclass(frozen=True)
class BoundaryMoved:
    """Somebody else's entry came first; this caller's was not written."""

    by_index: int


Outcome = Appended | BoundaryMoved


@dataclass(frozen=True)
class Receipts:
    """What one transaction did: each caller's outcome in order, and the checkpoint that covers them all."""

    outcomes: tuple[Outcome, ...]
    size: int
    checkpoint: bytes = field(repr=False, default=b"")
    growth: Growth | None = field(repr=False, default=None)
    """What the tree gained, where proofs of the new entries are at hand; None when nothing was written."""


class Store(Protocol):
    """Every method may raise Unavailable (`store_unavailable`, `store_busy`, `store_full`), Untrusted (`store_corrupt`)."""

    def append_batch(self, pending: Sequence[Pending]) -> Receipts:
        """All in one transaction: conditions in order, rows, tags, leaves, tiles, checkpoint. O(batch x log size)."""

    def size(self) -> int:
        """How many entries there are."""

    def read_entries(
        self, queries: Sequence[Query] = (), *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """Entries with position in (after, upto] matching any query, oldest first; no query means all. O(matches)."""

    def surely_silent(self, query: Query, after: int, upto: int) -> bool:
        """True when it is known without asking that nothing in (after, upto] matches; False says nothing."""

    def unheard(self, tags: Collection[str]) -> list[str]:
        """Those of these tags that no entry carries. One question for all, so that a batch about new things asks once."""

    def entry(self, index: int) -> Stored:
        """One entry. Raises NotFound `entry_unknown`."""

    def by_statement(self, statement_id: str) -> Stored | None:
        """The entry of a statement id, if it was said."""

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of one Merkle tile, 32 bytes each, as many as there are."""

    def head(self) -> tuple[int, bytes]:
        """(size, latest signed checkpoint) of one transaction; empty bytes while the log is empty."""

    def wait(self, after: int, timeout_s: float) -> int:
        """Blocks until the log is longer than `after`, somebody calls `wake` or the time is up; returns the size."""

    def wake(self) -> None:
        """Whoever waits in this process returns at once, so that a thread that is to stop does not sleep on."""

    def close(self) -> None:
        """Gives back files and connections."""
