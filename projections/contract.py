"""The projection's port: what a view handles and ignores, the tables it owns, and how one statement changes them.

A projection is a pure function of the log (and of the blobs that entries name by digest): `apply` reads and writes its
own tables only, never the clock, the network or another view's rows. So a rebuilt view equals the live one.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ledger.statement import Said

Condition = Literal["ready", "behind", "rebuilding", "stopped"]


class Projection(Protocol):
    """`handled` and `ignored` are wire types; together they are the whole catalogue, and nothing is in both."""

    name: str
    """Lower-case words joined by underscores; every table of the view is called `<name>_…`."""
    version: int
    """Changes whenever `schema` or `apply` does; another number than the stored one means rebuild."""
    schema: str
    """CREATE statements without IF NOT EXISTS, separated by semicolons."""
    handled: frozenset[str]
    ignored: frozenset[str]

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        """Writes what follows from one statement, inside the runner's transaction. Any error stops this view here."""


@dataclass(frozen=True)
class ViewHealth:
    """Where a view stands: it has applied `position` of `log_size` entries. `error` is why it stopped at that entry."""

    name: str
    version: int
    position: int
    log_size: int
    condition: Condition
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)
