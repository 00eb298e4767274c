"""Where a log is published: files that never change, and four that move forward.

checkpoint            the log's signed head; everything that it covers is there before it
checkpoint.witnessed  the latest head that the policy's quorum of witnesses cosigned, with their signatures
log.vkeys             the log's verifier keys, one a line
log.keys              how it came to them: each turning of its keys, so that whoever holds older ones gets to these (SPEC S7.23)
tile/…                hashes and entries; what was once written under a name keeps its bytes

Every adapter runs the suite in tests/contract/log.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ledger.errors import Conflict, Misuse, Unavailable, Untrusted
from ledger.proof.tiles import TileName

CHECKPOINT = "checkpoint"
WITNESSED = "checkpoint.witnessed"
VKEYS = "log.vkeys"
KEYS = "log.keys"
MOVING = (CHECKPOINT, WITNESSED, VKEYS, KEYS)

_INCOMING = ".incoming"  # one name: only who holds the lock writes it, so a crash leaves at most this one


class Published(Protocol):
    """Every method may raise Unavailable `published_unavailable`, and Misuse for a name that is no name of a log."""

    def read(self, name: str) -> bytes | None:
        """The bytes under that name, None when there are none."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes a tile or bundle; False when those very bytes were there. Durable before it returns.

        Raises Untrusted `published_differs` when other bytes are there: they are left alone.
        """

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        """One of the moving files from `old` (None: not there yet) to `new`, at once and durable.

        Raises Conflict `published_moved` when it holds something else by now.
        """

    def drop_partials(self, name: TileName) -> int:
        """Removes every partial tile of that place, whose full tile must be there; how many there were."""

    def names(self) -> Iterator[str]:
        """Every name there is, in no order."""


class PublishedFolder:
    """A folder that any static web server can serve.

    Files are written beside, flushed and renamed under a lock that other processes heed too. A crash leaves a file whole
    or absent, and perhaps `.incoming`, which the next write takes over.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._here = threading.Lock()

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / checked_name(name)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unavailable(error) from error

    def create(self, name: str, content: bytes) -> bool:
        TileName.parse(name)
        with self._locked():
            there = self.read(name)
            if there is None:
                self._write(name, content)
            elif there != content:
                raise differs(name)
            else:
                self._flush_to_root(name)  # a crash may have left the name in memory alone; its bytes were flushed
        return there is None

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        moving_name(name)
        with self._locked():
            if self.read(name) != old:
                raise moved(name)
            self._write(name, new)

    def drop_partials(self, name: TileName) -> int:
        with self._locked():
            check_full(name, self.read(name.path))
            folder = self._root / f"{name.path}.p"
            if not folder.is_dir():
                return 0
            partials = list(folder.iterdir())
            for partial in partials:
                partial.unlink()
            folder.rmdir()
        return len(partials)

    def names(self) -> Iterator[str]:
        for path in self._root.rglob("*"):
            if path.is_file() and path.name != _INCOMING:
                yield path.relative_to(self._root).as_posix()

    def _write(self, name: str, content: bytes) -> None:
        target, incoming = self._root / name, self._root / _INCOMING
        target.parent.mkdir(parents=True, exist_ok=True)
        with incoming.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(target)
        self._flush_to_root(name)

    def _flush_to_root(self, name: str) -> None:
        """Every folder on the way: a new folder's name is an entry of its parent."""
        folder = (self._root / name).parent
        _flush(folder)
        while folder != self._root:
            folder = folder.parent
            _flush(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._here:
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                handle = os.open(self._root, os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX)  # let go when it is closed, or its process dies
                    yield
                finally:
                    os.close(handle)
            except OSError as error:
                raise _unavailable(error) from error


def checked_name(name: str) -> str:
    """`name` if a log has such a file. Raises Misuse `tile_name_malformed`: no name leads out of the folder."""
    return name if name in MOVING else TileName.parse(name).path


def moving_name(name: str) -> None:
    if name not in MOVING:
        raise Misuse("published_immutable", f"{name} never changes", "Only checkpoints and keys are replaced.")


def check_full(name: TileName, there: bytes | None) -> None:
    """Partial tiles are only dead once the full one is there."""
    if not name.full or there is None:
        raise Misuse("tile_not_full", f"{name.path} is not there in full", "Write the full tile first.")


def differs(name: str) -> Untrusted:
    return Untrusted("published_differs", f"{name} is published with other bytes", "Run fsck; don't overwrite it.")


def moved(name: str) -> Conflict:
    return Conflict("published_moved", f"{name} was replaced by somebody else meanwhile", "Publish again.")


def _unavailable(error: OSError) -> Unavailable:
    return Unavailable("published_unavailable", f"the folder answered {error.strerror}", "Check the disk; try again.")


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
