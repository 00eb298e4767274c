"""The port to an outside registry of consents. No answer, a strange one and a late one are all Unavailable, never a yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol


@dataclass(frozen=True)
class RegistryWord:
    """What a registry says of one of its consents, and for how long that is good."""

    status: Literal["given", "ended", "unknown"]
    fresh_for: timedelta


class ConsentRegistry(Protocol):
    """Raises Unavailable `registry_unavailable`."""

    name: str

    def status(self, reference: str) -> RegistryWord: ...
