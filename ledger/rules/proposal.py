"""What a rule is asked about: a statement that was parsed and whose signer is known, not yet in the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from ledger.errors import Reason, Refused
from ledger.proof.merkle import TileReader
from schemas.base import Body, Statement

CLOCK_SKEW_MAX = timedelta(minutes=5)  # how far ahead of ours an honest signer's clock may run


@dataclass(frozen=True)
class Here:
    """What the process at the door holds beside the log: some things may be said only where they can be carried out."""

    tiles: TileReader
    """Of the log itself, as long as the history that a rule reads, or longer."""
    vkeys_ready: tuple[str, ...]
    """The log's next keys, whose private halves this process holds; empty when it is not about to turn to any."""


@dataclass(frozen=True)
class Proposal:
    """`own_key`: the actor signed it themselves; False means that the service signed on their behalf."""

    statement: Statement
    body: Body
    roles: frozenset[str]
    own_key: bool
    here: Here

    @property
    def actor(self) -> str:
        return self.statement.actor


def refuse(code: str, detail: str, entry_index: int | None = None) -> NoReturn:
    """One rule's no, with the entry behind it."""
    raise Refused(code, detail, "", (Reason(code, detail, entry_index),))


def refuse_all(what: str, reasons: Iterable[Reason]) -> None:
    """Raises Refused with every reason, under the first one's code; returns when there is none."""
    found = tuple(reasons)
    if found:
        raise Refused(found[0].code, what, "Every reason is listed.", found)
