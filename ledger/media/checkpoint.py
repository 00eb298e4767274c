"""How far a look has come, in a file that its process and the one that waits for it both map: how much is done, and what a
later look would need to go on from there.

Whoever writes is never held up by whoever reads, and a process that is killed in the middle of a write loses that write alone:
there are two places, written in turn, and each is believed only with its digest. Written through the mapping, because a child
may write no file of its own (`confinement`).

    0        done_ms u64, total_ms u64 (0: not known)
    4096     a place: number u64 (0: none yet), length u64, SHA-256 of what follows, STATE_BYTES_MAX of state; then the other
"""

from __future__ import annotations

import mmap
import os
import struct
from hashlib import sha256
from typing import Final

# Codes of 2,400 frames with those to search with are 12 MB; the frames that text, marks and logos keep 50 MB.
STATE_BYTES_MAX: Final = 64 * 2**20
_TOLD: Final = struct.Struct("<QQ")
_HEAD: Final = struct.Struct("<QQ32s")
_FIRST: Final = 4096
_PLACES: Final = tuple(_FIRST + n * (_HEAD.size + STATE_BYTES_MAX) for n in range(2))
FILE_BYTES: Final = _FIRST + 2 * (_HEAD.size + STATE_BYTES_MAX)  # sparse: only what was written takes room
_ROOM_FACTOR: Final = (
    4  # of a state, free on the disk before it is written: a mapping has no way to say that it is full
)


class Sheet:
    """The mapping. `descriptor` is of a file of FILE_BYTES, open for writing; it may be closed afterwards."""

    def __init__(self, descriptor: int) -> None:
        """Raises OSError or ValueError when it can't be mapped."""
        self._map = mmap.mmap(descriptor, FILE_BYTES)
        self._disk = os.dup(descriptor)

    def close(self) -> None:
        self._map.close()
        os.close(self._disk)

    def tell(self, done_ms: int, total_ms: int) -> None:
        _TOLD.pack_into(self._map, 0, done_ms, total_ms)

    def told(self) -> tuple[int, int]:
        """(done, total) in ms of the file's duration."""
        done, total = _TOLD.unpack_from(self._map, 0)
        return done, total

    def keep(self, state: bytes) -> bool:
        """False: it is too large, or the disk too full, and what was kept before stands."""
        disk = os.fstatvfs(self._disk)
        if len(state) > STATE_BYTES_MAX or disk.f_bavail * disk.f_frsize < _ROOM_FACTOR * len(state):
            return False
        number = self.number
        place = _PLACES[number % 2]  # numbers from 1: the next one goes where the last one isn't
        begin = place + _HEAD.size
        self._map[begin : begin + len(state)] = state
        _HEAD.pack_into(self._map, place, number + 1, len(state), sha256(state).digest())
        return True

    @property
    def number(self) -> int:
        """How often something was kept."""
        return max(self._head(place)[0] for place in _PLACES)

    def kept(self) -> bytes:
        """The newest whole state; b"" where there is none."""
        for place in sorted(_PLACES, key=lambda one: -self._head(one)[0]):
            number, length, digest = self._head(place)
            state = self._map[place + _HEAD.size : place + _HEAD.size + min(length, STATE_BYTES_MAX)]
            if number and sha256(state).digest() == digest:
                return state
        return b""

    def _head(self, place: int) -> tuple[int, int, bytes]:
        number, length, digest = _HEAD.unpack_from(self._map, place)
        return number, length, digest
