"""The log's keys at work: the chain as a store tells it, and the seal that signs each checkpoint with the keys in force.

Which keys are in force is said by the log alone. A process that finds the checkpoint before its own signed by other keys
than it holds looks again: another process has turned the log's keys, and this one follows, or says that it can't.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.clock import Clock
from ledger.errors import Untrusted
from ledger.history import Entries
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.keyhistory import format_key_history
from ledger.proof.logentry import LogEntry
from ledger.proof.logged import logged_json
from ledger.proof.logkeys import LOG_KEYS_ROTATED, LOG_OPENED, LogKeys
from ledger.proof.merkle import inclusion_proof
from ledger.proof.note import sign_note, signature_lines
from ledger.proof.notekeys import LogSigner
from ledger.proof.tlogproof import format_proof
from ledger.store.contract import Query, Store

Signers = tuple[LogSigner, ...]

_ABOUT_KEYS = (Query(types=[LOG_OPENED], tags=["log:opened"]), Query(types=[LOG_KEYS_ROTATED], tags=["log:keys"]))


def stored_log_keys(entries: Entries) -> LogKeys:
    """The chain as it stands in a store now. O(rotations). Raises Untrusted; `log_not_opened` for an empty log."""
    return LogKeys.of(LogEntry.parse(one.index, one.entry) for one in entries.read_entries(_ABOUT_KEYS))


def key_history(store: Store, head: tuple[int, bytes] | None = None) -> bytes:
    """The document by which holders of older or newer keys get to all of them (SPEC S7.23), at the log's head or at an earlier
    one: its size and checkpoint.
    """
    size, checkpoint = head or store.head()
    entries = list(store.read_entries(_ABOUT_KEYS, upto=size))
    proofs = [format_proof(one.index, inclusion_proof(one.index, size, store), checkpoint) for one in entries]
    return format_key_history(
        [logged_json(one.index, one.entry, proof) for one, proof in zip(entries, proofs, strict=True)]
    )


def turned_at(entries: Entries, size: int) -> tuple[int, ...]:
    """The entries among the first `size` that a history of the log's keys has; none in a log that was not opened."""
    return tuple(one.index for one in entries.read_entries(_ABOUT_KEYS, upto=size))


class LogSeal:
    """Signs the checkpoint of each transaction. Called by one writer at a time."""

    def __init__(self, origin: str, clock: Clock, renew: Callable[[], Signers]) -> None:
        """`renew`: the signers of the log's newest link, read anew when they are needed."""
        self._origin, self._clock, self._renew = origin, clock, renew
        self._signers: Signers = ()
        self._last = b""
        self._next: tuple[int, Signers] | None = None

    def hand_over(self, size: int, signers: Signers) -> None:
        """If the log grows from exactly this size, old keys and new sign together: its next entry is the rotation."""
        self._next = (size, signers)

    def __call__(self, size: int, root: bytes, before: bytes) -> bytes:
        """Raises what `renew` raises, and Untrusted `log_key_differs`."""
        if not self._signers or before != self._last:
            self._follow(before)
        signers = self._signers
        if self._next is not None and _size_of(before) == self._next[0]:
            signers = (*self._signers, *self._next[1])
        note = sign_note(Checkpoint(self._origin, size, root).text(), signers, int(self._clock.now().timestamp()))
        self._last = note if signers is self._signers else b""
        return note

    def _follow(self, before: bytes) -> None:
        signed = {(name, key_id) for name, key_id, _ in signature_lines(before)} if before else set()
        if not self._signers or signed != _ids(self._signers):
            self._signers = self._renew()
            if before and not _ids(self._signers) <= signed:
                what = "the checkpoint before was not signed by the keys that the log names and this home holds"
                raise Untrusted("log_key_differs", what, "Don't append; run fsck.")


def _ids(signers: Sequence[LogSigner]) -> set[tuple[str, bytes]]:
    return {(one.verifier.name, one.verifier.key_id) for one in signers}


def _size_of(note: bytes) -> int:
    return Checkpoint.parse(note.partition(b"\n\n")[0].decode("utf-8") + "\n").size if note else 0
