"""A Published in memory that has a conscience: it fails the test that breaks a promise which no reader could notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ledger.log.published import CHECKPOINT, KEYS, VKEYS, check_full, checked_name, differs, moved, moving_name
from ledger.proof.tiles import TileName, bundles_of, tiles_of


class ConscientiousMemory:
    """Fails (AssertionError) when immutable bytes are overwritten, a checkpoint goes back or comes before its tiles, or a
    partial tile that the checkpoint still calls for is removed without its full one.

    `before` and `after` are called around each write with its name: tests raise there, to crash before or after it.
    """

    def __init__(self, with_entries: bool = True) -> None:
        self.files: dict[str, bytes] = {}
        self.writes: list[str] = []
        self.with_entries = with_entries
        self.before: Callable[[str], None] = lambda name: None
        self.after: Callable[[str], None] = lambda name: None

    def read(self, name: str) -> bytes | None:
        return self.files.get(checked_name(name))

    def create(self, name: str, content: bytes) -> bool:
        TileName.parse(name)
        there = self.files.get(name)
        if there is None:
            self._write(name, content)
        elif there != content:
            raise differs(name)
        return there is None

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        moving_name(name)
        if self.files.get(name) != old:
            raise moved(name)
        if name not in (VKEYS, KEYS):
            assert _size(new) >= _size(old), f"{name} moves backwards"
            self._assert_covered(_size(new))
        self._write(name, new)

    def drop_partials(self, name: TileName) -> int:
        check_full(name, self.files.get(name.path))
        partials = [path for path in self.files if path.startswith(f"{name.path}.p/")]
        for path in partials:
            self.before(path)
            del self.files[path]
            self.after(path)
        return len(partials)

    def names(self) -> Iterator[str]:
        yield from list(self.files)

    def _write(self, name: str, content: bytes) -> None:
        self.before(name)
        assert name in (CHECKPOINT, VKEYS, KEYS, "checkpoint.witnessed") or name not in self.files, (
            f"{name} is overwritten"
        )
        self.files[name] = content
        self.writes.append(name)
        self.after(name)

    def _assert_covered(self, size: int) -> None:
        called_for = [*tiles_of(size), *(bundles_of(size) if self.with_entries else ())]
        missing = [name.path for name in called_for if name.path not in self.files]
        assert not missing, f"the checkpoint comes before {missing[:3]}"


def _size(note: bytes | None) -> int:
    return int(note.split(b"\n")[1]) if note else 0
