"""An index in a file, so that a start does not read millions of rows: codes and ids as they are, never pickled.

    countersign-codes/1\n | header (JSON, one line) | codes, 32 bytes each | ids, 8 bytes each | SHA-256 of all before it

The header says up to where in the log, and of which rows, the file is. Anything that doesn't fit (another position, another
length, a flipped bit: faiss's own files load those silently) is no snapshot, and the rows are read instead. Written beside
and renamed: a crash leaves the old file or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from projections.index.memory import MemoryIndex
from projections.index.port import CODE_BYTES

MAGIC = b"countersign-codes/1\n"
ID_BYTES = 8
DIGEST_BYTES = 32
HEADER_BYTES_MAX = 4_096  # a header is some 300 bytes; a file whose first line is longer is none of ours


def save(path: Path, index: MemoryIndex, position: Mapping[str, Any]) -> None:
    """Replaces the file. Raises OSError; a snapshot that can't be written is one that will be missing."""
    codes, ids = index.contents()
    header = json.dumps({**position, "count": len(ids)}, sort_keys=True).encode() + b"\n"
    digest = hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        temporary = Path(file.name)
        try:
            for part in (MAGIC, header, codes.tobytes(), ids.astype("<i8").tobytes()):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def load(path: Path, position: Mapping[str, Any]) -> MemoryIndex | None:
    """The index, if the file is whole and of exactly this position; None otherwise."""
    found = read_position(path)
    if found is None or {name: found.get(name) for name in position} != dict(position):
        return None
    raw = path.read_bytes()
    body, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        return None
    start, count = body.index(b"\n", len(MAGIC)) + 1, found["count"]
    if len(body) != start + count * (CODE_BYTES + ID_BYTES):
        return None
    codes = np.frombuffer(body, dtype=np.uint8, count=count * CODE_BYTES, offset=start).reshape(-1, CODE_BYTES)
    ids = np.frombuffer(body, dtype="<i8", count=count, offset=start + count * CODE_BYTES)
    index = MemoryIndex()
    index.add(codes, ids.astype(np.int64))
    return index


def read_position(path: Path) -> dict[str, Any] | None:
    """What the file says it is, unchecked; None when it says nothing readable."""
    try:
        with path.open("rb") as file:
            line = file.readline(len(MAGIC) + 1)
            header = json.loads(file.readline(HEADER_BYTES_MAX)) if line == MAGIC else None
    except (OSError, ValueError):
        return None
    return header if isinstance(header, dict) and isinstance(header.get("count"), int) else None
