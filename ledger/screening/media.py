"""The port to whatever compares files with reference media: fingerprints today; faces and marks where an engine is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from schemas.statements.guardrail import MediaPlace


@dataclass(frozen=True)
class Nearness:
    """How near a file is, 0 to 100, and where in both."""

    score: int
    place: MediaPlace


class NearMedia(Protocol):
    """Answers about files of the ledger. What it can't look at, it says; nobody takes that for a no."""

    @property
    def spec(self) -> str:
        """What looks, in which version."""

    def near(self, reference: str) -> dict[str, Nearness] | None:
        """Files near the reference media of this digest; None: it can't be looked at."""

    def comparable(self, asset: str, reference: str) -> bool:
        """Whether a file of the ledger would be found if it were near that reference."""
