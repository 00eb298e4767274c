"""The shape of a sound fingerprint: sub-fingerprints in order, as recorded, and at other speeds to search with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ledger.media.decoding import text, whole

ITEM_HEX: Final = 8  # a sub-fingerprint is 32 bits
STEP_US: Final = 123_810  # between two of them: 1,365 samples of 11,025 Hz


def _items(value: Any) -> str:
    """Raises TypeError or ValueError when it is not hex of whole items."""
    digits = text(value)
    if len(digits) % ITEM_HEX or len(bytes.fromhex(digits)) * 2 != len(digits):
        raise ValueError("expected sub-fingerprints of 8 hex digits each")
    return digits


@dataclass(frozen=True)
class SoundPrint:
    """`items` holds 8 hex digits for each STEP_US of sound. Prints of two algorithms don't compare."""

    algorithm: str
    version: str
    items: str

    def __len__(self) -> int:
        return len(self.items) // ITEM_HEX

    def as_json(self) -> dict[str, Any]:
        return {"algorithm": self.algorithm, "version": self.version, "items": self.items}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SoundPrint:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        return cls(text(data["algorithm"]), text(data["version"]), _items(data["items"]))


@dataclass(frozen=True)
class SoundVariant:
    """The print that the sound would have if it ran `speed_permille` / 1000 times too fast and were slowed down again."""

    speed_permille: int
    items: str

    def as_json(self) -> list[Any]:
        return [self.speed_permille, self.items]

    @classmethod
    def from_json(cls, data: list[Any]) -> SoundVariant:
        """Raises TypeError or ValueError when `data` is not what `as_json` writes."""
        speed, items = data
        return cls(whole(speed), _items(items))
