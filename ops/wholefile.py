"""Writing a file that is there whole or not at all, readable by its owner only: what personal data leaves the home in."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ledger.errors import Unavailable
from ledger.keys import sync_folder


def write_whole(path: Path, content: bytes) -> None:
    """Replaces what is there. A crash leaves the old file, and at most a stray `.partial` beside it (0600).

    Raises Unavailable `file_not_written`.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(
            "file_not_written", f"{path.name} can't be written: {error.strerror}", "Free space."
        ) from error
