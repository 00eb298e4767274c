"""The port to a contract system: every contract with its terms, by reference and revision. It is only ever read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from schemas.statements.contract import ContractTermRecorded


@dataclass(frozen=True)
class Unreadable:
    """A contract that is there and can't be used: which, and why. It is told, never skipped."""

    name: str
    why: str


class ContractSystem(Protocol):
    """`terms` answers with what can be read and with what can't. Raises Unavailable when the system does not answer."""

    system: str

    def terms(self) -> Iterable[ContractTermRecorded | Unreadable]: ...
