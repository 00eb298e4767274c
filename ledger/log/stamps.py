"""The time stamps of a log, kept in a folder: `<size>/checkpoint` and `<size>/token.tsr`, as any other tool reads them.

    openssl ts -verify -in <size>/token.tsr -data <size>/checkpoint -CAfile authority.pem

The checkpoint is kept with its token because the log keeps only its newest. Nothing here is changed once it is there.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import NotFound, Unavailable, Untrusted
from ledger.proof.note import NOTE_BYTES_MAX
from ledger.proof.timetoken import TOKEN_BYTES_MAX

CHECKPOINT_FILE, TOKEN_FILE = "checkpoint", "token.tsr"
_INCOMING = ".incoming"  # one name: only who holds the lock uses it, so a crash leaves at most this one
_SIZE = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class KeptStamp:
    """A checkpoint of `size` entries as it was signed, and the token over its bytes. Neither is verified here."""

    size: int
    checkpoint: bytes
    token: bytes


class StampFolder:
    """Any number of processes may add and read. Every method may raise Unavailable `stamps_unavailable`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, stamp: KeptStamp) -> bool:
        """Durable before it returns; False when that size has a stamp already, which then stays.

        Both files are flushed in a folder beside, which is renamed: a crash leaves a stamp whole or absent.
        """
        with self._locked():
            target, incoming = self._root / str(stamp.size), self._root / _INCOMING
            if target.exists():
                _flush(self._root)  # who put it there may have crashed before doing so
                return False
            shutil.rmtree(incoming, ignore_errors=True)
            incoming.mkdir()
            _write(incoming / CHECKPOINT_FILE, stamp.checkpoint)
            _write(incoming / TOKEN_FILE, stamp.token)
            _flush(incoming)
            incoming.rename(target)
            _flush(self._root)
            return True

    def sizes(self) -> list[int]:
        """Of the log, at which it was stamped, smallest first."""
        with _told():
            names = [path.name for path in self._root.iterdir()] if self._root.is_dir() else []
        return sorted(int(name) for name in names if _SIZE.fullmatch(name))

    def read(self, size: int) -> KeptStamp:
        """Raises NotFound `stamp_unknown`, Untrusted `stamp_incomplete`."""
        folder = self._root / str(size)
        if not folder.is_dir():
            raise NotFound("stamp_unknown", f"the log has no time stamp at {size}", "See which sizes have one.")
        checkpoint, token = (_read(folder / name) for name in (CHECKPOINT_FILE, TOKEN_FILE))
        if checkpoint is None or token is None or len(checkpoint) > NOTE_BYTES_MAX or len(token) > TOKEN_BYTES_MAX:
            raise Untrusted("stamp_incomplete", f"of the time stamp at {size} a file is missing or far too long")
        return KeptStamp(size, checkpoint, token)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _told():
            self._root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)  # let go when it is closed, or its process dies
                yield
            finally:
                os.close(handle)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes | None:
    """At most one byte more than any stamp may have."""
    with _told():
        try:
            with path.open("rb") as file:
                return file.read(NOTE_BYTES_MAX + 1)
        except FileNotFoundError:
            return None


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"the folder of time stamps answered {error.strerror}"
        raise Unavailable("stamps_unavailable", what, "Check the disk; try again.") from error
