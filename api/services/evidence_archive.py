"""The zip that an evidence pack travels in: the same contents give the same archive (SPEC S8.1)."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ledger.blobs import read_chunks
from ledger.errors import Misuse, Unavailable, Untrusted

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's zero: the same contents give the same archive


def write_archive(
    path: Path, claims: bytes, attested: bytes, members: Mapping[str, bytes], blobs: Mapping[str, Path]
) -> None:
    """Writes and syncs it. `blobs`: by digest. Raises OSError, Untrusted `blob_altered`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, "pack.json", claims)
        _put(archive, "pack.dsse", attested)
        for name in sorted(members):
            _put(archive, name, members[name])
        for digest, source in sorted(blobs.items()):
            _put_file(archive, f"blobs/{digest}", source, digest)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _member_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _ZIP_EPOCH)
    info.external_attr = 0o100644 << 16
    info.create_system = 3  # Unix, wherever it is written
    return info


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(_member_info(name), content)


def _put_file(archive: zipfile.ZipFile, name: str, source: Path, digest: str) -> None:
    """In pieces, and checked on the way: a damaged blob store must not look like evidence."""
    info, seen = _member_info(name), hashlib.sha256()
    info.file_size = source.stat().st_size
    with archive.open(info, "w") as member:
        for chunk in read_chunks(source):
            seen.update(chunk)
            member.write(chunk)
    if seen.hexdigest() != digest:
        raise Untrusted("blob_altered", f"blob {digest} no longer has the bytes it is named for", "Run fsck.")


def partial_beside(out: Path) -> Path:
    """An empty file in the same folder, so that the last step is one rename."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".partial")
    except OSError as error:
        raise Unavailable("pack_not_written", f"no file can be made there: {error.strerror}", "Look at it.") from error
    os.fchmod(handle, 0o644)
    os.close(handle)
    return Path(name)


def sha256_of(path: Path) -> str:
    return _digest_of(read_chunks(path))


def _digest_of(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def refuse_existing(out: Path, overwrite: bool) -> None:
    if out.exists() and not overwrite:
        raise Misuse("pack_exists", f"{out.name} is already there", "Choose another name, or say to overwrite it.")
