"""A model that the house brings, held to the digest that names it. The parent only hashes it; the fenced child loads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ledger.errors import Unavailable, Untrusted
from ledger.media.findings import LEARNT_DESCRIPTOR

MODEL_BYTES_MAX: Final = 512 * 2**20  # it is loaded into a child of 3 GB


@dataclass
class BroughtModel:
    """`threshold_permille`: how near by cosine two frames have to be before a person is asked to look."""

    path: Path
    sha256: str
    threshold_permille: int
    _checked: tuple[int, int, int] | None = field(default=None, repr=False)  # inode, size, time of what was hashed

    def as_json(self) -> dict[str, Any]:
        return {"model_sha256": self.sha256, "threshold_permille": self.threshold_permille}

    def specs(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """What the extractor would answer with; nothing where no engine is installed."""
        if find_spec("onnxruntime") is None:
            return {}
        from ledger.media.descriptor import spec

        return {LEARNT_DESCRIPTOR: (spec(self.sha256),)}

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the file. Raises Unavailable `model_missing`, Untrusted `model_altered`."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            what = "the learnt descriptor's model can't be opened"
            raise Unavailable(
                "model_missing", what, "Put it where descriptor_model says, or say nothing there."
            ) from None
        try:
            self._check(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _check(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        if now == self._checked:
            return
        with os.fdopen(os.dup(descriptor), "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest() if status.st_size <= MODEL_BYTES_MAX else ""
        os.lseek(descriptor, 0, os.SEEK_SET)
        if found != self.sha256:
            what = "the learnt descriptor's model is not the one that the settings name by digest, or too large"
            raise Untrusted("model_altered", what, "Put the right file there, or its digest into descriptor_sha256.")
        self._checked = now
