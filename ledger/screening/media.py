"""The port to whatever compares files with reference media: fingerprints today; faces and marks where an engine is there."""

from __future__ import annotations

from typing import Protocol


class NearMedia(Protocol):
    """Answers about files of the ledger. What it can't look at, it says; nobody takes that for a no."""

    @property
    def spec(self) -> str:
        """What looks, in which version."""

    def near(self, reference: str) -> dict[str, int] | None:
        """Files near the reference media of this digest, with a score of 0 to 100; None: it can't be looked at."""

    def comparable(self, asset: str, reference: str) -> bool:
        """Whether a file of the ledger would be found if it were near that reference."""
