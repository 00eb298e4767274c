"""Memory indexes over the rows of `matches`: filled from committed rows before each search, never ahead of them.

A large one is also kept in a file (`snapshot`), which says up to which row it goes and names that row by `chain`: a digest
over every row before it, so that a file of another log, or of other rows under the same numbers, is none of ours. Rows that
were removed leave memory and file at the next look (`settle` looks without a search).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from projections.database import Snapshot
from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BYTES
from projections.index.snapshot import load, read_position, save
from projections.matchpolicy import current

SNAPSHOT_CODES = 50_000  # new codes that make a file worth writing: reading them as rows takes a tenth of a second
_LOG = logging.getLogger("countersign.matches")

Part = tuple[str, str]
"""Which algorithm's codes, and whose: `own` outputs or `reference` media. Never compared across parts."""


@dataclass
class _Held:
    """`number`: the last row that is in it. `removed`: how many removals it knows. `saved`: codes in the file."""

    index: MemoryIndex = field(default_factory=MemoryIndex)
    number: int = 0
    removed: int = 0
    saved: int = 0


class HeldIndexes:
    """One `MemoryIndex` a part. Thread-safe: filling is done by one, who searches keeps what it was given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filling = threading.Lock()
        self._held: dict[Part, _Held] = {}
        self._builds, self._settled = 0, 0

    def index(self, look: Snapshot, part: Part) -> MemoryIndex:
        """The index as of this snapshot or newer; a view that was begun anew starts empty ones."""
        with self._filling:
            if look.builds != self._builds:
                self._held, self._builds = {}, look.builds
            held = self._held.get(part)
            if held is None:
                held = self._held[part] = self._opened(look, part)
            self._fill(look, part, held)
            return held.index

    def settle(self, look: Snapshot) -> bool:
        """Removed codes leave the memory of this process and the files now, whether or not anybody searches; True if any."""
        newest = look.rows("SELECT coalesce(max(n), 0) FROM matches_removed")[0][0]
        if newest == self._settled:
            return False
        for part in set(self._held) | self._filed(look):
            self.index(look, part)
        self._settled = newest
        return True

    def _filed(self, look: Snapshot) -> set[Part]:
        parts = set(look.rows("SELECT DISTINCT algorithm, part FROM matches_asset"))
        return {part for part in parts if self._path(part).exists()}

    # -- filling -------------------------------------------------------------------------------------------------

    def _opened(self, look: Snapshot, part: Part) -> _Held:
        position = read_position(self._path(part))
        number = position.get("number") if position else None
        if not isinstance(number, int) or (known := _position(look, part, number)) is None:
            return _Held()
        index = load(self._path(part), known)
        return _Held() if index is None else _Held(index, number, known["removed"], index.count)

    def _fill(self, look: Snapshot, part: Part, held: _Held) -> None:
        gone = look.rows("SELECT n, number FROM matches_removed WHERE n > ? ORDER BY n", (held.removed,))
        if gone:
            held.index.remove(number for _, number in gone)
            held.index.forget()
            held.removed = gone[-1][0]
        fresh = _codes_after(look, part, held.number)
        if fresh:
            codes = np.frombuffer(b"".join(code for _, code in fresh), dtype=np.uint8).reshape(-1, CODE_BYTES)
            held.index.add(codes, np.array([number for number, _ in fresh], dtype=np.int64))
            held.number = fresh[-1][0]
        if held.index.count - held.saved >= SNAPSHOT_CODES or (gone and self._path(part).exists()):
            self._save(look, part, held)

    def _save(self, look: Snapshot, part: Part, held: _Held) -> None:
        """A file that can't be written is removed: an old one might hold what was to go."""
        try:
            save(self._path(part), held.index, _position(look, part, held.number) or {})
            held.saved = held.index.count
        except OSError as error:
            self._path(part).unlink(missing_ok=True)
            _LOG.warning("the index was not kept in a file: %s", error.strerror)

    def _path(self, part: Part) -> Path:
        return self._folder / f"{hashlib.sha256('/'.join(part).encode()).hexdigest()[:16]}.codes"


def _position(look: Snapshot, part: Part, number: int) -> dict[str, Any] | None:
    """What a file up to that row says of itself; None when there is no such row."""
    sql = "SELECT idx, chain FROM matches_asset WHERE number = ?"
    row = look.rows(sql, (number,))
    removed = look.rows("SELECT coalesce(max(n), 0) FROM matches_removed")[0][0]
    if not row:
        return None
    own: Mapping[str, Any] = {"algorithm": part[0], "part": part[1], "number": number, "removed": removed}
    return {**own, "idx": row[0][0], "chain": row[0][1].hex()}


def _codes_after(look: Snapshot, part: Part, number: int) -> list[tuple[int, bytes]]:
    """Codes that may vote, each once a file."""
    sql = """SELECT DISTINCT number, pdq FROM matches_frame JOIN matches_asset USING (number)
             WHERE number > ? AND algorithm = ? AND part = ? AND quality >= ? ORDER BY number, pdq"""
    return look.rows(sql, (number, *part, current().quality_min))
