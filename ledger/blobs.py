"""Large things by their SHA-256: prompts over the bound, media, raw reports, manifest stores. A folder on one machine."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from ledger.errors import NotFound, TooLarge, Unavailable, Untrusted

CHUNK_BYTES = 1 << 20  # one read or write; memory stays flat whatever the file's size
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs(Protocol):
    """Content-addressed and immutable: the same bytes are the same blob, and a digest never changes its bytes."""

    def put(self, content: bytes) -> str: ...

    def put_stream(self, chunks: Iterable[bytes], *, bytes_max: int) -> tuple[str, int]: ...

    def get(self, sha256: str) -> bytes: ...

    def path(self, sha256: str) -> Path: ...

    def has(self, sha256: str) -> bool: ...

    def digests(self) -> Iterator[str]: ...


class FolderBlobs:
    """`<root>/ab/cdef…`. Written beside, flushed, then renamed: a crash leaves a stray temporary file, never half a blob."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        return self.put_stream([content], bytes_max=len(content))[0]

    def put_stream(self, chunks: Iterable[bytes], *, bytes_max: int) -> tuple[str, int]:
        """(sha256, size). Raises TooLarge `blob_too_large` as soon as the bound is passed, keeping nothing."""
        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._root, prefix="incoming-", delete=False) as file:
            temporary = Path(file.name)
            try:
                digest, size = _copy(chunks, file, bytes_max)
                self._keep(temporary, digest)
            except OSError as error:
                raise Unavailable("blobs_unavailable", f"the blob folder answered {error.strerror}") from error
            finally:
                temporary.unlink(missing_ok=True)
        return digest, size

    def _keep(self, temporary: Path, digest: str) -> None:
        target = self.path(digest)
        if target.exists():
            return
        target.parent.mkdir(exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(target)
        for folder in (target.parent, self._root):  # the root too: it may have got its first file of this name just now
            _flush_folder(folder)

    def get(self, sha256: str) -> bytes:
        """The bytes, checked. Raises NotFound `blob_missing`, Untrusted `blob_altered`."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("blob_missing", f"no blob {sha256}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Untrusted("blob_altered", f"blob {sha256} no longer has the bytes it is named for", "Run fsck.")
        return content

    def path(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise NotFound("blob_missing", "a blob is named by 64 lower-case hex digits")
        return self._root / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def digests(self) -> Iterator[str]:
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            for file in sorted(folder.iterdir()):
                yield folder.name + file.name


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(chunks: Iterable[bytes], file: IO[bytes], bytes_max: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge("blob_too_large", f"more than {bytes_max} bytes", "Send a smaller file or raise the bound.")
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest(), size


def read_chunks(path: Path) -> Iterator[bytes]:
    """A file in pieces of CHUNK_BYTES."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
