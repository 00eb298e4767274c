"""Files that belong to a file: its manifest store as a sidecar, and the segments that its init segment begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SIDECAR_BYTES_MAX: Final = 32 * 2**20  # as for a store inside a file
FRAGMENTS_MAX: Final = 4  # descriptors go along with a job; whoever has more segments asks for them one by one


@dataclass(frozen=True)
class Beside:
    """None and nothing for a file that stands alone."""

    sidecar: Path | None = None
    fragments: tuple[Path, ...] = ()
