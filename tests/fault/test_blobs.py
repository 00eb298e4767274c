"""Blobs: named by their bytes, whole or not there, and altered ones are found out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.blobs import FolderBlobs, read_chunks
from ledger.errors import NotFound, TooLarge, Unavailable, Untrusted


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_sha256_and_comes_back(blobs: FolderBlobs) -> None:
    digest = blobs.put(b"some bytes")
    assert digest == hashlib.sha256(b"some bytes").hexdigest()
    assert (blobs.get(digest), blobs.has(digest), list(blobs.digests())) == (b"some bytes", True, [digest])


def test_the_same_bytes_are_one_blob(blobs: FolderBlobs, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        digests = set(pool.map(blobs.put, [b"same"] * 40))
    assert len(digests) == 1 and len(files(tmp_path)) == 1


def test_the_empty_blob_is_a_blob(blobs: FolderBlobs) -> None:
    assert blobs.get(blobs.put(b"")) == b""


@pytest.mark.parametrize("altered", [b"", b"some byteS", b"some bytes and more"])
def test_an_altered_blob_is_found_out(blobs: FolderBlobs, altered: bytes) -> None:
    digest = blobs.put(b"some bytes")
    blobs.path(digest).write_bytes(altered)
    with pytest.raises(Untrusted, match="blob_altered"):
        blobs.get(digest)


@pytest.mark.parametrize("name", ["", "00", "0" * 63, "0" * 65, "A" * 64, "../" + "0" * 61, "0" * 63 + "\n", "٠" * 64])
def test_a_name_that_is_no_digest_leads_nowhere(blobs: FolderBlobs, name: str) -> None:
    for ask in (blobs.get, blobs.path, blobs.has):
        with pytest.raises(NotFound, match="blob_missing"):
            ask(name)


def test_a_blob_that_is_not_there_is_missing(blobs: FolderBlobs) -> None:
    assert not blobs.has("0" * 64)
    with pytest.raises(NotFound, match="blob_missing"):
        blobs.get("0" * 64)


def test_a_stream_over_its_bound_stops_at_once_and_keeps_nothing(blobs: FolderBlobs, tmp_path: Path) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1_000)

    with pytest.raises(TooLarge, match="blob_too_large"):
        blobs.put_stream(endless(), bytes_max=10_000)
    assert (taken, files(tmp_path)) == (11, [])


def test_a_stream_of_exactly_its_bound_is_kept(blobs: FolderBlobs) -> None:
    digest, size = blobs.put_stream([b"12345", b"", b"67890"], bytes_max=10)
    assert (size, blobs.get(digest)) == (10, b"1234567890")


def test_a_stream_that_breaks_off_keeps_nothing(blobs: FolderBlobs, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half of it"
        raise ConnectionResetError("the other side is gone")

    with pytest.raises((Unavailable, ConnectionResetError)):
        blobs.put_stream(broken(), bytes_max=100)
    assert files(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_keeps_nothing(
    blobs: FolderBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Unavailable, match="blobs_unavailable"):
        blobs.put(b"some bytes")
    assert files(tmp_path) == []


def test_a_crash_leaves_a_stray_file_that_is_no_blob(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.put(b"some bytes")
    (tmp_path / "blobs" / "incoming-x1y2").write_bytes(b"half")
    assert len(list(blobs.digests())) == 1


def test_a_file_is_read_in_pieces(tmp_path: Path, blobs: FolderBlobs) -> None:
    content = os.urandom(3 * 2**20 + 7)
    (tmp_path / "film.mp4").write_bytes(content)
    chunks = list(read_chunks(tmp_path / "film.mp4"))
    assert max(map(len, chunks)) == 2**20 and b"".join(chunks) == content
    assert blobs.get(blobs.put_stream(chunks, bytes_max=len(content))[0]) == content
