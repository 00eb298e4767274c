"""The tree, once more: leaves in, tiles compared, root out. Holds one row of at most 256 hashes a level."""

from __future__ import annotations

from collections import defaultdict

from ledger.proof.merkle import EMPTY_ROOT, HASH_BYTES, TILE_WIDTH, leaf_hash, node_hash, root_of
from ops.auditing.report import FINDINGS_MAX, AuditCheck
from ops.auditing.rows import RawRows


class TreeAudit:
    """`add` every entry in order, then `root()`, then `tell` with the root that the log's keys signed."""

    def __init__(self, db: RawRows) -> None:
        self._db = db
        self._rows: dict[int, list[bytes]] = defaultdict(list)
        self._numbers: dict[int, int] = defaultdict(int)
        self._tiles: list[tuple[int, int]] = []
        self._entries: list[int] = []
        self.tiles = 0

    def add(self, entry: bytes) -> None:
        self._push(0, leaf_hash(entry))

    def add_missing(self, index: int) -> None:
        """A row is gone; the hash that its tile kept stands in, so that only the gap is told and not all after it."""
        hashes = self._tile(0, index // TILE_WIDTH)
        at = index % TILE_WIDTH * HASH_BYTES
        self._push(0, hashes[at : at + HASH_BYTES].ljust(HASH_BYTES, b"\0"))

    def root(self) -> bytes:
        """Compares the partial tiles too. RFC 6962: complete subtrees from left to right, folded from the right."""
        peaks: list[bytes] = []
        for level in sorted(self._rows, reverse=True):
            row = self._rows[level]
            if row:
                self._compare(level, row)
            while row:
                width = 1 << (len(row).bit_length() - 1)
                peaks.append(root_of(row[:width]))
                row = row[width:]
        if not peaks:
            return EMPTY_ROOT
        computed = peaks.pop()
        while peaks:
            computed = node_hash(peaks.pop(), computed)
        return computed

    def tell(self, check: AuditCheck, root: bytes, signed_root: bytes | None) -> None:
        """Where entry and tile disagree, the signed root says which of them was changed."""
        check.checked = self.tiles
        for level, number in self._tiles:
            if root == signed_root:
                what = "its hashes are not those of the entries, which the checkpoint confirms"
                check.find("tile_altered", f"tile {level}/{number}", what)
            elif level or signed_root is None:
                check.find("tile_differs", f"tile {level}/{number}", "its hashes are not those that the entries give")
        for index in self._entries if root != signed_root else ():
            check.find("entry_altered", f"entry {index}", "its bytes do not have the hash that its tile keeps")
        self._tell_extra(check)

    def _push(self, level: int, digest: bytes) -> None:
        row = self._rows[level]
        row.append(digest)
        if len(row) == TILE_WIDTH:
            self._compare(level, row)
            self._rows[level] = []
            self._numbers[level] += 1
            self._push(level + 1, root_of(row))

    def _compare(self, level: int, row: list[bytes]) -> None:
        number = self._numbers[level]
        stored, self.tiles = self._tile(level, number), self.tiles + 1
        if stored == b"".join(row):
            return
        if len(self._tiles) < FINDINGS_MAX:
            self._tiles.append((level, number))
        for place, digest in enumerate(row if level == 0 else ()):
            if stored[place * HASH_BYTES : (place + 1) * HASH_BYTES] != digest and len(self._entries) < FINDINGS_MAX:
                self._entries.append(number * TILE_WIDTH + place)

    def _tile(self, level: int, number: int) -> bytes:
        row = self._db.execute("SELECT hashes FROM tile WHERE level = ? AND number = ?", (level, number)).fetchone()
        return bytes(row[0]) if row and isinstance(row[0], bytes) else b""

    def _tell_extra(self, check: AuditCheck) -> None:
        for level, number in self._db.execute("SELECT level, number FROM tile ORDER BY level, number"):
            last = self._numbers[level] - (0 if self._rows[level] else 1)
            if number > last:
                check.find("tile_extra", f"tile {level}/{number}", "no entry gives such a tile")
