"""What a witness answers to `add-checkpoint` (C2SP tlog-witness), without HTTP: a body in, a status and bytes out.

1. The body is an old size, at most 63 hashes, a blank line and a checkpoint            400
2. The checkpoint's origin is one that this witness looks after                         404
3. One of the keys that it trusts for that origin signed it, and none wrongly           403
4. The old size is not above the checkpoint's                                           400
Then, with nobody else at the state:
5. The old size is that of the last cosigned checkpoint, or 0                           409 and the size
6. A checkpoint of the same size has the same root                                      409 and the size; both are kept
7. The proof shows that the new tree extends the old                                    422
8. Remember, on disk; only then sign                                                    200 and signature lines
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.clock import Clock
from ledger.errors import Misuse, Untrusted
from ledger.log.witness import SIZE_TYPE
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines, only_signed_by
from ledger.proof.encoding import base64_bytes, decimal_int
from ledger.proof.merkle import EMPTY_ROOT, HASH_BYTES, PROOF_HASHES_MAX, verify_consistency
from ledger.proof.note import NOTE_BYTES_MAX, NoteVerifier, open_note
from ledger.proof.notekeys import ED25519_TYPE, MLDSA44_TYPE
from ops.witness.state import WitnessFolder

REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4 * 2**10  # a checkpoint, its old size and 63 lines of 45 bytes
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Judged:
    """The HTTP answer."""

    status: int
    body: bytes
    kind: str = _TEXT


@dataclass(frozen=True)
class _Asked:
    """A parsed request; the checkpoint's signatures are not verified yet."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


class _No(Exception):
    """Ends the judging with an answer."""

    def __init__(self, answer: Judged) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Witness:
    """Cosigns checkpoints of the logs that `log_keys` belong to; a key's name is its log's origin."""

    def __init__(self, state: WitnessFolder, log_keys: Iterable[NoteVerifier], clock: Clock) -> None:
        """Raises Misuse `witness_log_key` for a key that signs no log."""
        self._state, self._clock = state, clock
        self._logs: dict[str, list[NoteVerifier]] = {}
        for verifier in log_keys:
            if verifier.type not in (ED25519_TYPE, MLDSA44_TYPE):
                raise Misuse("witness_log_key", f"{verifier.name}'s key signs no log", "Give the log's vkey.")
            self._logs.setdefault(verifier.name, []).append(verifier)

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that it looks after."""
        return tuple(self._logs)

    @property
    def vkey(self) -> str:
        """What others put into their policy."""
        return self._state.key.verifier.vkey()

    def add_checkpoint(self, body: bytes) -> Judged:
        """Raises Unavailable when the state cannot be read or written; nothing was signed then."""
        try:
            asked = _parsed(body)  # 1
            signed = self._opened(asked)  # 2, 3
            if asked.old > asked.checkpoint.size:  # 4
                raise _No(_told(400, "the old size is above the checkpoint's"))
            with self._state.locked():
                self._check(asked, signed)  # 5, 6, 7
                time_s = int(self._clock.now().timestamp())
                self._state.remember(asked.checkpoint.origin, signed)  # 8
                return Judged(200, cosignature_lines(asked.checkpoint, [self._state.key], time_s))
        except _No as no:
            return no.answer

    def _opened(self, asked: _Asked) -> bytes:
        """The checkpoint with the log's own signatures alone: what is worth keeping."""
        keys = self._logs.get(asked.checkpoint.origin)
        if keys is None:
            raise _No(_told(404, "this witness does not look after that log"))
        try:
            open_note(asked.note, keys)
        except Untrusted as error:
            raise _No(_told(403, error.what)) from error
        return only_signed_by(asked.note, keys)

    def _check(self, asked: _Asked, signed: bytes) -> None:
        new, last = asked.checkpoint, self._state.last(asked.checkpoint.origin)
        seen = _checkpoint(last) if last is not None else Checkpoint(new.origin, 0, EMPTY_ROOT)
        if asked.old != seen.size:
            raise _No(_size(seen))
        if new.size == seen.size and new.root != seen.root:
            if last is not None:
                self._state.keep_conflict(last, signed)
            raise _No(_size(seen))
        try:
            verify_consistency(seen.size, new.size, asked.proof, seen.root, new.root)
        except Untrusted as error:
            raise _No(_told(422, error.what)) from error


def _parsed(body: bytes) -> _Asked:
    head, blank, note = body.partition(b"\n\n")
    try:
        first, *hash_lines = head.decode("ascii").split("\n")
        word, old = first.split(" ")
        proof = tuple(map(base64_bytes, hash_lines))
        if word != "old" or not blank or len(body) > REQUEST_BYTES_MAX or len(proof) > PROOF_HASHES_MAX:
            raise ValueError("not an old size, a proof and a checkpoint")
        if any(len(one) != HASH_BYTES for one in proof):
            raise ValueError("a hash is not 32 bytes")
        return _Asked(decimal_int(old), proof, note, _checkpoint(note))
    except (ValueError, Untrusted) as error:
        raise _No(_told(400, "the body is not as add-checkpoint asks")) from error


def _checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(note.partition(b"\n\n")[0].decode("utf-8") + "\n")


def _size(seen: Checkpoint) -> Judged:
    return Judged(409, f"{seen.size}\n".encode(), SIZE_TYPE)


def _told(status: int, why: str) -> Judged:
    return Judged(status, f"{why}\n".encode())
