"""The part of CBOR (RFC 8949) that a COSE signature uses, read with bounds. Definite lengths only; no floats.

Not `cbor2`, which builds whatever a stranger's tags ask for. The alternative is to believe the engine about a
certificate's purpose.
"""

from __future__ import annotations

from typing import Any, Final

DEPTH_MAX: Final = 16  # a COSE_Sign1 with time stamps nests six deep
ITEMS_MAX: Final = 4096  # a certificate chain and two maps; more is an attack on memory


class CborError(ValueError):
    """The bytes are not the CBOR that a COSE signature is made of."""


def loads(data: bytes) -> Any:
    """The first item in `data`: int, bytes, str, list, dict, bool or None; tags are dropped. Raises CborError."""
    return _Reader(data).item(0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._items = data, 0, 0

    def item(self, depth: int) -> Any:
        self._items += 1
        if depth > DEPTH_MAX or self._items > ITEMS_MAX:
            raise CborError("too deep or too long")
        first = self._take(1)[0]
        major, argument = first >> 5, self._argument(first & 0x1F)
        if major in (0, 1):
            return argument if major == 0 else -1 - argument
        if major in (2, 3):
            return self._string(major, argument)
        if major == 4:
            return [self.item(depth + 1) for _ in range(self._bounded(argument))]
        if major == 5:
            return {self._key(depth): self.item(depth + 1) for _ in range(self._bounded(argument))}
        return self.item(depth + 1) if major == 6 else self._simple(first & 0x1F)

    def _argument(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise CborError("indefinite length")
        return int.from_bytes(self._take(1 << (low - 24)), "big")

    def _string(self, major: int, size: int) -> bytes | str:
        raw = self._take(size)
        try:
            return raw if major == 2 else raw.decode()
        except UnicodeDecodeError as error:
            raise CborError("text is not UTF-8") from error

    def _key(self, depth: int) -> int | str | bytes:
        key = self.item(depth + 1)
        if not isinstance(key, int | str | bytes):
            raise CborError("map key of another type")
        return key

    def _simple(self, low: int) -> bool | None:
        simple: dict[int, bool | None] = {20: False, 21: True, 22: None, 23: None}
        if low not in simple:
            raise CborError("a float or an unknown simple value")
        return simple[low]

    def _bounded(self, count: int) -> int:
        if count > ITEMS_MAX:
            raise CborError("too many items")
        return count

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise CborError("ends too early")
        self._at += size
        return self._data[self._at - size : self._at]
