"""What the door answers (step 7): where a statement stands, and the proof of it."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.proof.merkle import inclusion_proof
from ledger.proof.tlogproof import format_proof
from ledger.store.contract import Store
from ledger.store.frontier import Growth


@dataclass(frozen=True)
class Receipt:
    """The answer to an append: where the statement stands, its exact entry, and the checkpoint that covers it."""

    index: int
    type: str
    statement_id: str
    entry: bytes
    size: int
    checkpoint: bytes
    existing: bool
    _store: Store
    _growth: Growth | None = None

    def proof(self) -> bytes:
        """The c2sp.org/tlog-proof of inclusion, with the checkpoint. O(log size)."""
        return format_proof(self.index, self.path(), self.checkpoint)

    def path(self) -> list[bytes]:
        """The proof's hashes, from the leaf up; for an entry that was just appended nothing is read."""
        if self._growth is not None:
            return self._growth.path(self.index)
        return inclusion_proof(self.index, self.size, self._store)
