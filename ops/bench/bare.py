"""What nobody who verifies a file can do without: its bytes hashed, its manifest read by the SDK in the same process."""

from __future__ import annotations

import hashlib
from pathlib import Path

import c2pa

from ledger.errors import LedgerError

BARE = "c2pa.Reader + SHA-256"


def read_bare(path: Path) -> None:
    """The same bytes hashed, the manifest read by the SDK in this process with its defaults."""
    hashlib.sha256(path.read_bytes()).digest()
    with c2pa.Reader(str(path)) as reader:
        if not reader.json():
            raise LedgerError("bench_failed", "the demo's signed file has no manifest")
