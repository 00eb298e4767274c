"""Cosignatures on a log's checkpoint (C2SP tlog-cosignature): made, taken over from a witness's answer, put together.

A cosigned checkpoint is the log's own note with more signature lines after its own. Whether the witnesses behind them are
enough is for a policy to say, not for this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger.errors import Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import open_note, sign_note, signature_lines
from ledger.proof.notekeys import COSIGNATURE_TYPE, MLDSA44_TYPE, NoteSigner, NoteVerifier

COSIGNATURE_TYPES = (COSIGNATURE_TYPE, MLDSA44_TYPE)  # those whose signature states a time


def cosignature_lines(checkpoint: Checkpoint, signers: Sequence[NoteSigner], time_s: int) -> bytes:
    """The signature lines by which `signers` say at `time_s` (POSIX seconds, not 0) that they saw this tree."""
    return sign_note(checkpoint.text(), signers, time_s).partition(b"\n\n")[2]


def with_cosignatures(note: bytes, answer: bytes, witnesses: Iterable[NoteVerifier]) -> bytes:
    """`note` with those lines of a witness's `answer` that keys in `witnesses` made; a key's newer line replaces its older.

    Lines by other keys are left out. A signature without a time is not taken: it does not say that the tree was the
    largest. Raises Untrusted `note_malformed`, `note_signature_invalid`, `note_signature_missing` (none of the keys
    signed), `cosignature_untimed`.
    """
    text, blank, _ = note.partition(b"\n\n")
    opened = open_note(text + blank + answer, witnesses)
    if not all(signature.time_s for signature in opened.signatures):
        raise Untrusted("cosignature_untimed", "A witness's signature states no time.", "Ask the witness's operator.")
    signed = {(signature.name, signature.key_id) for signature in opened.signatures}
    kept = [line for name, key_id, line in signature_lines(note) if (name, key_id) not in signed]
    taken = [line for name, key_id, line in signature_lines(text + blank + answer) if (name, key_id) in signed]
    return text + blank + b"".join((*kept, *taken))


def only_signed_by(note: bytes, verifiers: Iterable[NoteVerifier]) -> bytes:
    """The note without the lines of other keys, which are not looked at. Raises Untrusted `note_malformed`."""
    known = {(verifier.name, verifier.key_id) for verifier in verifiers}
    text, blank, _ = note.partition(b"\n\n")
    return text + blank + b"".join(line for name, key_id, line in signature_lines(note) if (name, key_id) in known)
