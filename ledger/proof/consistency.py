"""A consistency proof as a file (SPEC S7.24): that a log of one size begins with every entry of a smaller one.

countersign.consistency/1
<smaller size> <larger size>
<hash, base64>              one line each, as RFC 9162 section 2.1.4 orders them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.encoding import base64_bytes, base64_text, decimal_int
from ledger.proof.merkle import HASH_BYTES, PROOF_HASHES_MAX, verify_consistency

CONSISTENCY_FORMAT = "countersign.consistency/1"
CONSISTENCY_BYTES_MAX = 8 * 2**10  # 64 hashes of 45 characters and the two lines before them


@dataclass(frozen=True)
class Consistency:
    """The hashes between two sizes of one log. Says nothing without both roots."""

    old: int
    new: int
    hashes: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        lines = [CONSISTENCY_FORMAT, f"{self.old} {self.new}", *map(base64_text, self.hashes)]
        return "".join(f"{line}\n" for line in lines).encode("ascii")

    @classmethod
    def parse(cls, raw: bytes) -> Consistency:
        """Raises Untrusted `consistency_malformed` for all but the one spelling."""
        try:
            head, sizes, *hashes = raw.decode("ascii").split("\n")[:-1]
            old, new = map(decimal_int, sizes.split(" "))
            found = cls(old, new, tuple(map(base64_bytes, hashes)))
        except ValueError as error:
            raise _consistency_malformed() from error
        lengths = {len(one) for one in found.hashes}
        if head != CONSISTENCY_FORMAT or lengths - {HASH_BYTES} or len(hashes) > PROOF_HASHES_MAX + 1:
            raise _consistency_malformed()
        if found.to_bytes() != raw:
            raise _consistency_malformed()
        return found

    def require(self, old: Checkpoint, new: Checkpoint) -> None:
        """Raises Untrusted `consistency_proof_invalid` unless it is between these two, and shows it."""
        if (self.old, self.new) != (old.size, new.size):
            what = f"it is between {self.old} and {self.new} entries, not {old.size} and {new.size}"
            raise Untrusted("consistency_proof_invalid", what)
        verify_consistency(old.size, new.size, self.hashes, old.root, new.root)


def consistency_file(old: int, new: int, hashes: Sequence[bytes]) -> bytes:
    return Consistency(old, new, tuple(hashes)).to_bytes()


def _consistency_malformed() -> Untrusted:
    return Untrusted("consistency_malformed", f"not a consistency proof of the format {CONSISTENCY_FORMAT}")
