"""The log as strangers read it: C2SP tlog-tiles in a folder, which any static web server can publish.

    checkpoint               the signed tree head
    log.vkeys                one verifier key a line
    tile/<L>/<N>[.p/<W>]     hashes, 32 bytes each; partial tiles carry their width in the name
    tile/entries/<N>[.p/<W>] entries, each behind its length as a big-endian uint16

Tiles first, the checkpoint last, so that a reader never sees a size whose tiles are not there. What was written is read
back and verified before this returns.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.errors import Misuse, Untrusted
from ledger.proof.merkle import HASH_BYTES, TILE_WIDTH, leaf_hash, tree_root
from ledger.proof.note import Checkpoint, NoteVerifier, open_checkpoint
from ledger.store.contract import Store

_LENGTH: Final = struct.Struct(">H")


@dataclass(frozen=True)
class Exported:
    """What was written, after it was read back: the log's name and size, its root in hex, and how many files."""

    origin: str
    size: int
    root: str
    tiles: int
    bundles: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def export_log(store: Store, vkeys: tuple[str, ...], target: Path) -> Exported:
    """Writes the log at its present checkpoint into an empty or new folder.

    Raises Misuse `export_not_empty`, `log_empty`; Untrusted when what was written does not verify, which leaves it there
    without a checkpoint.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Misuse("export_not_empty", "the folder to export into is not empty", "Name a new folder.")
    size, checkpoint = store.head()
    if not size:
        raise Misuse("log_empty", "the log has no entries yet", "Export it once something was said.")
    bundles = sum(_write(target, name, content) for name, content in _bundles(store, size))
    tiles = sum(_write(target, name, content) for name, content in _tiles(store, size))
    _write(target, "log.vkeys", "".join(f"{vkey}\n" for vkey in vkeys).encode())
    opened = verify_export(target, checkpoint)
    _write(target, "checkpoint", checkpoint)
    return Exported(opened.origin, size, opened.root.hex(), tiles, bundles)


def verify_export(target: Path, checkpoint: bytes | None = None) -> Checkpoint:
    """Reads an exported log back from its files alone. Raises Untrusted naming the file that does not fit."""
    verifiers = [NoteVerifier.parse(line) for line in (target / "log.vkeys").read_text().splitlines()]
    opened = open_checkpoint(checkpoint or (target / "checkpoint").read_bytes(), verifiers, strict=True).checkpoint
    folder = _ExportedTiles(target, opened.size)
    for number in range(-(-opened.size // TILE_WIDTH)):
        name = tile_name("entries", number, min(TILE_WIDTH, opened.size - number * TILE_WIDTH))
        hashes = b"".join(leaf_hash(entry) for entry in _unbundled((target / name).read_bytes()))
        if hashes != folder.tile(0, number):
            raise Untrusted("export_differs", f"{name} does not have the leaves of its tile", "Run fsck.")
    if tree_root(opened.size, folder) != opened.root:
        raise Untrusted("export_differs", "the tiles do not add up to the checkpoint's root", "Run fsck.")
    return opened


def tile_name(level: int | str, number: int, width: int) -> str:
    """`tile/0/x001/067`, with `.p/<W>` for a partial one (C2SP tlog-tiles, "Merkle Tree")."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def _bundles(store: Store, size: int) -> Iterator[tuple[str, bytes]]:
    for number, start in enumerate(range(0, size, TILE_WIDTH)):
        entries = [one.entry for one in store.read_entries(after=start, upto=min(size, start + TILE_WIDTH))]
        yield tile_name("entries", number, len(entries)), b"".join(_LENGTH.pack(len(one)) + one for one in entries)


def _tiles(store: Store, size: int) -> Iterator[tuple[str, bytes]]:
    """Only the hashes that `size` calls for: a tile in the store may have grown since the checkpoint was read."""
    level, hashes = 0, size
    while hashes:
        for number in range(-(-hashes // TILE_WIDTH)):
            width = min(TILE_WIDTH, hashes - number * TILE_WIDTH)
            yield tile_name(level, number, width), store.tile(level, number)[: width * HASH_BYTES]
        level, hashes = level + 1, hashes // TILE_WIDTH


def _write(target: Path, name: str, content: bytes) -> int:
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return 1


def _unbundled(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size + length
        yield content[at - length : at]


class _ExportedTiles:
    """Reads tiles from the exported files, by the names that a stranger would ask for."""

    def __init__(self, target: Path, size: int) -> None:
        self._target, self._size = target, size

    def tile(self, level: int, index: int) -> bytes:
        hashes = self._size >> (8 * level)
        name = tile_name(level, index, min(TILE_WIDTH, hashes - index * TILE_WIDTH))
        try:
            return (self._target / name).read_bytes()
        except FileNotFoundError as error:
            raise Untrusted("export_differs", f"{name} is missing", "Export the log again.") from error
