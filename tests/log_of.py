"""A log with many small entries on a real SQLiteStore, sealed by real keys: for tests of how a log is published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import sign_note
from ledger.proof.notekeys import CosignatureKey, Ed25519NoteKey, MlDsa44NoteKey, NoteVerifier
from ledger.proof.policy import TlogPolicy
from ledger.store.contract import EntryEvent, Pending
from ledger.store.sqlite import SQLiteStore

ORIGIN = "countersign.example/many"
SEALED_S = 1_790_000_000  # POSIX seconds of every checkpoint here

Keys = tuple[Ed25519NoteKey, MlDsa44NoteKey]


def log_keys(origin: str = ORIGIN, seed: bytes = b"\x70" * 32) -> Keys:
    """The same two keys for the same seed."""
    return (
        Ed25519NoteKey(origin, Ed25519PrivateKey.from_private_bytes(seed)),
        MlDsa44NoteKey(origin, MLDSA44PrivateKey.from_seed_bytes(seed)),
    )


def witness_key(number: int) -> CosignatureKey:
    return CosignatureKey(f"witness.example/w{number}", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


class ManyEntries:
    """A store under `path`, and the keys that seal it."""

    def __init__(self, path: Path, keys: Keys | None = None) -> None:
        self.path, self.keys = path, keys or log_keys()
        self.store = SQLiteStore(path, self.seal)

    @property
    def verifiers(self) -> tuple[NoteVerifier, ...]:
        return tuple(key.verifier for key in self.keys)

    def seal(self, size: int, root: bytes, before: bytes = b"") -> bytes:
        return sign_note(Checkpoint(self.keys[0].name, size, root).text(), self.keys, SEALED_S)

    def grow(self, entries: int, mark: str = "") -> int:
        """So many more entries in one transaction; the new size."""
        size = self.store.size()
        events = tuple(
            EntryEvent(type="test.said.v1", tags=[], data=self.entry(number, mark), statement_id=f"{mark}{number}")
            for number in range(size, size + entries)
        )
        return self.store.append_batch([Pending(events)]).size

    @staticmethod
    def entry(number: int, mark: str = "") -> bytes:
        return f'{{"number":{number},"mark":"{mark}"}}'.encode()

    def close(self) -> None:
        self.store.close()


def policy_of(text: Sequence[str]) -> TlogPolicy:
    return TlogPolicy.parse("".join(f"{line}\n" for line in text).encode())
