"""A log's tree head as text (C2SP tlog-checkpoint): origin, size, root.

Extension lines are refused: nobody could audit them, and ML-DSA-44 signatures don't cover them.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import Untrusted
from ledger.proof.encoding import base64_bytes, base64_text, decimal_int

ORIGIN_BYTES_MAX = 255  # the length byte of `log_origin` in tlog-cosignature


@dataclass(frozen=True)
class Checkpoint:
    """The log called `origin` has `size` leaves under `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text: three lines."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint in `text`, which must be exactly what `text()` writes.

        Raises Untrusted `checkpoint_malformed`.
        """
        try:
            origin, size, root, end = text.split("\n")
            checkpoint = cls(origin, decimal_int(size), base64_bytes(root))
        except ValueError as error:
            raise _checkpoint_malformed("not three lines with a decimal size and a base64 root") from error
        if end or len(checkpoint.root) != 32 or not 0 < len(origin.encode("utf-8")) <= ORIGIN_BYTES_MAX:
            raise _checkpoint_malformed("its origin is empty or too long, or its root is not 32 bytes")
        return checkpoint


def _checkpoint_malformed(what: str) -> Untrusted:
    return Untrusted("checkpoint_malformed", f"Not a checkpoint: {what}.")
