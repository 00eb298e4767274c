"""How a log lies in files (C2SP tlog-tiles): the paths of tiles and entry bundles, and the bytes of a bundle.

    tile/<L>/<N>[.p/<W>]        W hashes of 32 bytes at level L; without .p/<W>, 256 of them
    tile/entries/<N>[.p/<W>]    the entries behind tile 0/N, each after its length as a big-endian uint16

N is in groups of three digits, all but the last after an `x`: 1234067 is x001/x234/067. Pure: no file is touched here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ledger.errors import Misuse, Untrusted
from ledger.proof.merkle import TILE_HEIGHT, TILE_WIDTH

ENTRY_BYTES_MAX = 2**16 - 1  # what a uint16 length can say
TILE_LEVEL_MAX = 7  # 256**8 leaves are more than a size can count (2**63-1); the specification allows names up to 63

_ENTRY_LENGTH = struct.Struct(">H")
_TILE_NAME = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?|entries)/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True)
class TileName:
    """One tile or bundle: `level` 0 up, or "entries"; `width` 1 to 256, where 256 is a full one."""

    level: int | Literal["entries"]
    number: int
    width: int

    @property
    def full(self) -> bool:
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """`tile/0/x001/067`, with `.p/<W>` for a partial one."""
        return tile_name(self.level, self.number, self.width)

    @classmethod
    def parse(cls, path: str) -> TileName:
        """The tile of that path, in its one spelling. Raises Misuse `tile_name_malformed`."""
        match = _TILE_NAME.fullmatch(path)
        if match:
            number = int(match["number"].replace("/", "").replace("x", ""))
            level: int | Literal["entries"] = "entries" if match["level"] == "entries" else int(match["level"])
            name = cls(level, number, int(match["width"] or TILE_WIDTH))
            if name.path == path and (level == "entries" or level <= TILE_LEVEL_MAX):
                return name
        raise Misuse("tile_name_malformed", "that is no path of a tile", "See C2SP tlog-tiles for the paths.")


def tile_name(level: int | str, number: int, width: int) -> str:
    """The path of a tile, relative to the log's prefix."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def tiles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """The hash tiles that a log of `size` has and one of `since` had not, lowest level first, each at its full width."""
    level = 0
    while hashes := size >> (TILE_HEIGHT * level):
        for number in range((since >> (TILE_HEIGHT * level)) // TILE_WIDTH, -(-hashes // TILE_WIDTH)):
            name = TileName(level, number, min(TILE_WIDTH, hashes - number * TILE_WIDTH))
            if (number * TILE_WIDTH + name.width) << (TILE_HEIGHT * level) > since:
                yield name
        level += 1


def bundles_of(size: int, since: int = 0) -> Iterator[TileName]:
    """The entry bundles that a log of `size` has and one of `since` had not."""
    for number in range(since // TILE_WIDTH, -(-size // TILE_WIDTH)):
        if (width := min(TILE_WIDTH, size - number * TILE_WIDTH)) + number * TILE_WIDTH > since:
            yield TileName("entries", number, width)


def bundle_of(entries: Iterable[bytes]) -> bytes:
    """The entries of one bundle, each behind its length."""
    return b"".join(_ENTRY_LENGTH.pack(len(entry)) + entry for entry in entries)


def unbundled(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, which must end with its last entry. Raises Untrusted `bundle_malformed`."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        if at + _ENTRY_LENGTH.size > len(bundle):
            raise _bundle_malformed("its last length is cut off")
        (length,) = _ENTRY_LENGTH.unpack_from(bundle, at)
        at += _ENTRY_LENGTH.size + length
        if at > len(bundle):
            raise _bundle_malformed("its last entry is cut off")
        entries.append(bundle[at - length : at])
    return entries


def _bundle_malformed(what: str) -> Untrusted:
    return Untrusted("bundle_malformed", f"Not an entry bundle: {what}.", "Ask for it again.")
