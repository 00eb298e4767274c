"""Checking a distribution pass from files: reads what is named, looks at nothing else, and raises every no."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from api.client.carried import carried_in
from ledger.errors import Misuse, Unavailable
from ledger.proof.distributionpass import PASS_BYTES_MAX, PassProven, verify_pass
from ledger.proof.jws import JWS_BYTES_MAX
from ledger.proof.note import NoteVerifier

VKEYS_BYTES_MAX = 64 * 2**10
BLOCK_BYTES = 1 * 2**20


def check_pass_files(
    document: Path,
    vkeys: Path,
    *,
    file: Path | None = None,
    sha256: str | None = None,
    status: Path | None = None,
    now: datetime,
    asked: Mapping[str, str | None] | None = None,
) -> PassProven:
    """Raises Misuse for what can't be read, and what `verify_pass` raises."""
    return verify_pass(
        read_bounded(document, PASS_BYTES_MAX + 1),
        read_vkeys(vkeys),
        subject=wanted_digest(file, sha256),
        now=now,
        status=_status(status),
        asked=asked,
    )


def check_carried(
    file: Path,
    vkeys: Path,
    *,
    status: Path | None = None,
    now: datetime,
    asked: Mapping[str, str | None] | None = None,
) -> PassProven:
    """The pass that is in the file. Raises what `carried_in` and `check_pass_files` raise."""
    carried = carried_in(file)
    keys, listed = read_vkeys(vkeys), _status(status)
    return verify_pass(carried.document, keys, subject=carried.essence, now=now, status=listed, asked=asked)


def read_vkeys(path: Path) -> list[NoteVerifier]:
    """One vkey a line. Raises Misuse `vkeys_none`, Untrusted."""
    text = read_bounded(path, VKEYS_BYTES_MAX).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise Misuse("vkeys_none", "there is no vkey in the file of log keys", "Name a file with one vkey a line.")
    return [NoteVerifier.parse(line) for line in lines]


def wanted_digest(file: Path | None, sha256: str | None) -> str:
    """Of the file in hand. Raises Misuse `file_or_digest`, `digest_invalid`, `file_unreadable`."""
    if (file is None) == (sha256 is None):
        raise Misuse("file_or_digest", "a pass is checked for one file", "Name the file, or give its SHA-256.")
    if sha256 is not None:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise Misuse("digest_invalid", "a digest is SHA-256 in 64 lower-case hex digits", "Give it so.")
        return sha256
    return digest_of(file) if file is not None else ""


def digest_of(file: Path) -> str:
    total = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                total.update(block)
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check its rights.") from error
    return total.hexdigest()


def read_bounded(path: Path, bytes_max: int) -> bytes:
    """Raises Misuse `file_unreadable`."""
    try:
        with path.open("rb") as stream:
            return stream.read(bytes_max)
    except OSError as error:
        raise Misuse("file_unreadable", f"{path.name} can't be read: {error.strerror}", "Name a file.") from error


def _status(path: Path | None) -> str | None:
    """A list that can't be read is one that nobody has: the check then fails closed."""
    if path is None:
        return None
    try:
        return read_bounded(path, JWS_BYTES_MAX + 1).decode("ascii")
    except (Misuse, UnicodeDecodeError) as error:
        what = "the status list can't be read: nobody knows whether the clearance stands"
        raise Unavailable("status_missing", what, "Fetch it anew from the address that the pass names.") from error
