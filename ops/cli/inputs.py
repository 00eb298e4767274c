"""What a person typed, made into what the services take; every mistake is a Misuse with a stable code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from ledger.errors import Misuse, NotFound, TooLarge

FILES_MAX: Final = 10_000  # one command's worth; a folder with more is imported in parts, so that progress is kept
HASH_BLOCK_BYTES: Final = 2**20
_ACTOR = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # schemas.base.ActorId
_DIGEST = re.compile(r"[0-9a-f]{64}")


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named: recursive, in name order, hidden ones left out, each once.

    What does not exist stays in the list, so that it gets its own error. Raises TooLarge `files_too_many`.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            found[file] = None
            if len(found) > FILES_MAX:
                raise TooLarge("files_too_many", f"more than {FILES_MAX} files", "Name them in parts.")
    if not found:
        raise Misuse("files_none", "there is no file in what was named", "Name at least one file.")
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():  # a link to a folder above would never end
            yield from _walk(path)
        elif path.is_file():
            yield path


def asset_digest(file_or_digest: str) -> str:
    """The SHA-256 that names an asset: as given, or that of the file. Raises NotFound, Misuse."""
    if _DIGEST.fullmatch(file_or_digest):
        return file_or_digest
    return file_sha256(Path(file_or_digest))


def file_sha256(path: Path) -> str:
    """Raises NotFound `file_not_found`, Misuse `file_unreadable`."""
    if not path.is_file():
        raise NotFound("file_not_found", "there is no such file", "Name a file, or 64 lower-case hex digits.")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(HASH_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check its rights.") from error
    return digest.hexdigest()


def instant(text: str | None, option: str) -> datetime | None:
    """RFC 3339 in UTC, or None. Raises Misuse `instant_invalid`."""
    if text is None:
        return None
    from schemas.base import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise Misuse("instant_invalid", f"{option}: {error}", "Write it as 2026-11-23T09:30:00Z.") from error


def needed_instant(text: str, option: str) -> datetime:
    """The same where none is a mistake."""
    found = instant(text, option)
    if found is None:
        raise Misuse("instant_invalid", f"{option} is missing", "Write it as 2026-11-23T09:30:00Z.")
    return found


def one_of(value: str, choices: Collection[str], option: str) -> None:
    """Raises Misuse `choice_invalid` naming the choices."""
    if value not in choices:
        raise Misuse("choice_invalid", f"{option}: not one of {', '.join(sorted(choices))}", "Choose one of them.")


def writable_target(path: Path, *, force: bool) -> Path:
    """A file that may be written: its folder exists, and it does not, unless `force`. Raises Misuse `out_…`."""
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise Misuse("out_unwritable", "--out names a folder, or its folder does not exist", "Name a new file.")
    if path.exists() and not force:
        raise Misuse("out_exists", "the file named by --out is there already", "Choose another name, or add --force.")
    return path


def actor_name(text: str) -> str:
    """A name that can't lead out of the keys folder. Raises Misuse `actor_invalid`."""
    if not _ACTOR.fullmatch(text):
        raise Misuse("actor_invalid", "an actor's name has lower-case letters, digits, dots and hyphens", "Correct it.")
    return text
