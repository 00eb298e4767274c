"""Where looks that take long leave how far they came, so that the next one goes on there: one file for a file and what is asked
of it, gone as soon as the look is over.

What lies here was written by the fenced child and is read by a fenced child only. It holds codes and frames of a stranger's
file, no face and nothing that identifies; what a crash leaves is deleted after KEPT_SECONDS, or when there are too many.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ledger.media.checkpoint import FILE_BYTES, Sheet

KEPT_SECONDS: Final = 24 * 3600  # somebody tries again by then, or never
FILES_MAX: Final = 8  # a gigabyte at the very most; a minute of work each
_DIGITS: Final = 16  # of the key: what is asked of a file has few variants


class Trace:
    """One look's file. `resumable`: it has something to go on from."""

    def __init__(self, descriptor: int, path: Path | None) -> None:
        self.descriptor, self._path, self.sheet = descriptor, path, Sheet(descriptor)
        self.over = False

    def end(self) -> None:
        """Keeps the file only where something is left to do that was begun."""
        begun = self.sheet.number > 0
        self.sheet.close()
        if self._path is not None and (self.over or not begun):
            self._path.unlink(missing_ok=True)
        os.close(self.descriptor)


class Scratch:
    """Files in `folder`; without one nothing outlives the process, and a look can only go on within one call."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @contextmanager
    def trace(self, sha256: str, asked: dict[str, Any]) -> Iterator[Trace]:
        """The file for this look, held by us alone. Where somebody else is at the same one, a file that nobody finds."""
        trace = self._opened(sha256, asked)
        try:
            yield trace
        finally:
            trace.end()

    def under_way(self, sha256: str) -> tuple[int, int] | None:
        """(done, total) in ms of what is being looked at in this file just now, by whatever process; None for nothing."""
        for path in self._files(f"{sha256}-*"):
            with suppress(OSError, ValueError), _opened(path, os.O_RDWR) as descriptor:
                if not _held(descriptor):
                    sheet = Sheet(descriptor)
                    try:
                        return sheet.told()
                    finally:
                        sheet.close()
        return None

    def _opened(self, sha256: str, asked: dict[str, Any]) -> Trace:
        with suppress(OSError):  # a folder that can't be written costs the look nothing but this
            if self._folder is not None:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                path = self._folder / f"{sha256}-{_key(asked)}"
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if _held(descriptor) and _is(descriptor, path):
                    os.ftruncate(descriptor, FILE_BYTES)
                    os.utime(descriptor)
                    self._tidy(os.fstat(descriptor).st_mtime)
                    return Trace(descriptor, path)
                os.close(descriptor)
        with tempfile.TemporaryFile(prefix="countersign-") as file:
            os.ftruncate(file.fileno(), FILE_BYTES)
            return Trace(os.dup(file.fileno()), None)

    def _tidy(self, now: float) -> None:
        """Deletes what is old by the disk's own clock, and the oldest of too many; nothing that somebody holds."""
        files = sorted(self._files("*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for place, path in enumerate(files):
            if place >= FILES_MAX or now - path.stat().st_mtime > KEPT_SECONDS:
                with suppress(OSError), _opened(path, os.O_RDONLY) as descriptor:
                    if _held(descriptor):
                        path.unlink(missing_ok=True)

    def _files(self, pattern: str) -> list[Path]:
        return list(self._folder.glob(pattern)) if self._folder is not None and self._folder.is_dir() else []


def _key(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:_DIGITS]


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _held(descriptor: int) -> bool:
    """Whether it is ours from now on; a lock dies with its holder, however that ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is(descriptor: int, path: Path) -> bool:
    """Whether the name still means this file: another look may have ended, and deleted it, just before."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
