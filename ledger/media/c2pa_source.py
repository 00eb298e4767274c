"""What the C2PA engine is given to read: a file, a file with its sidecar, the parts of a fragmented MP4, or a store alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import c2pa as sdk

from ledger.media.beside import Beside

STORE_MEDIA_TYPE: Final = "application/c2pa"
TOP_LEVEL_BOXES_MAX: Final = 64  # an init segment has three or four
MOOV_BYTES_MAX: Final = 1 * 2**20  # without samples it is some kilobytes
_STORE_HEAD_BYTES: Final = 24


@dataclass(frozen=True)
class Source:
    path: Path
    beside: Beside
    media_type: str | None
    """What the engine is told; None lets it look."""
    detached: bool
    """A manifest store alone, or an init segment without its segments: there are no bytes to compare hashes with."""


def source_of(path: Path, beside: Beside) -> Source:
    with path.open("rb") as stream:
        if is_store(stream.read(_STORE_HEAD_BYTES)):
            return Source(path, beside, STORE_MEDIA_TYPE, detached=True)
        return Source(path, beside, None, detached=not beside.fragments and _is_init_segment(stream))


def is_store(head: bytes) -> bool:
    """Whether the bytes begin as a manifest store does: a JUMBF superbox whose description says `c2pa` (ISO 19566-5)."""
    return head[4:8] == b"jumb" and head[12:20] == b"jumdc2pa"


def _is_init_segment(stream: BinaryIO) -> bool:
    """Whether an MP4 announces fragments (mvex) and holds neither fragments nor media data (ISO 14496-12, 8.8)."""
    at, kinds, announced = 0, set[bytes](), False
    for _ in range(TOP_LEVEL_BOXES_MAX):
        stream.seek(at)
        size, kind = struct.unpack(">I4s", stream.read(8).ljust(8, b"\0"))
        if size < 8:
            break
        kinds.add(kind)
        announced |= kind == b"moov" and b"mvex" in stream.read(min(size, MOOV_BYTES_MAX))
        at += size
    return b"ftyp" in kinds and announced and not kinds & {b"mdat", b"moof", b"sidx"}


@contextmanager
def reading(source: Source, context: sdk.Context) -> Iterator[sdk.Reader]:
    """The engine's reader on all of it. Raises sdk.C2paError and OSError."""
    beside = source.beside
    store = beside.sidecar.read_bytes() if beside.sidecar else None
    kind = source.media_type
    with ExitStack() as stack:
        stream = stack.enter_context(source.path.open("rb"))
        if store is not None and kind is None:
            kind = _media_type(stream.read(64))
            stream.seek(0)
        reader = stack.enter_context(sdk.Reader(kind, stream, store, context=context))
        for fragment in beside.fragments:
            first, part = (stack.enter_context(one.open("rb")) for one in (source.path, fragment))
            reader.with_fragment("video/mp4", first, part)
        yield reader


def _media_type(head: bytes) -> str:
    from ledger.media.media_type import media_type

    return media_type(head).name
