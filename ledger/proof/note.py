"""Signed notes (C2SP signed-note), and checkpoints in them.

A note is text, a blank line, and signature lines: em dash, name, base64(key id || payload). Keys of other people are
passed over; a known key's bad signature spoils the whole note. Every part has one spelling only, so that in a note
whose signers are all known no byte can change unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.errors import Misuse, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.encoding import INT64_MAX, base64_bytes, base64_text
from ledger.proof.notekeys import NOTE_NAME, Ed25519NoteKey, MlDsa44NoteKey, NoteSigner, NoteVerifier

__all__ = [
    "NOTE_BYTES_MAX",
    "NOTE_SIGNATURES_MAX",
    "Checkpoint",
    "Ed25519NoteKey",
    "MlDsa44NoteKey",
    "NoteSignature",
    "NoteSigner",
    "NoteVerifier",
    "OpenedCheckpoint",
    "OpenedNote",
    "open_checkpoint",
    "open_note",
    "sign_note",
    "signature_lines",
]

NOTE_BYTES_MAX = 512 * 2**10  # a hundred signature lines with ML-DSA-44 (3.3 KB each) and a checkpoint
NOTE_SIGNATURES_MAX = 100  # the specification asks for at least 16; each known one costs a verification

_NOTE_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # control characters other than newline
_SIGNATURE_LINE = re.compile(r"\u2014 (?P<name>[^ ]+) (?P<payload>[A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True)
class NoteSignature:
    """One signature that was verified."""

    name: str
    type: int
    key_id: bytes
    time_s: int | None


@dataclass(frozen=True)
class OpenedNote:
    """The text, who is known to have signed it, and how many lines by unknown keys were passed over."""

    text: str
    signatures: tuple[NoteSignature, ...]
    unknown: int


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint that every required key signed."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]
    unknown: int


def sign_note(text: str, signers: Sequence[NoteSigner], time_s: int = 0) -> bytes:
    """`text` with one signature line a signer, in order. `time_s`: POSIX seconds for timestamped types, 0 for none.

    Raises Misuse `note_text` for text that cannot be signed or no signer; Untrusted `checkpoint_malformed`.
    """
    if not text.endswith("\n") or _NOTE_CONTROL.search(text) or not signers or not 0 <= time_s <= INT64_MAX:
        raise Misuse("note_text", "A note needs text of whole lines, a signer, and a time from 1970 on.")
    lines = [_signature_line(signer.verifier, signer.sign(text, time_s)) for signer in signers]
    return (text + "\n" + "".join(lines)).encode("utf-8")


def open_note(raw: bytes, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """The text of a note that at least one of `verifiers` signed; signatures by other keys are ignored.

    Raises Untrusted `note_malformed`, `note_signature_invalid` (a known key's signature fails, whatever the others
    do), `note_signature_missing` (no known key signed); Misuse `note_verifiers_ambiguous`.
    """
    known = _by_name_and_id(verifiers)
    text, lines = _split_note(raw)
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    for name, payload in map(_parsed_signature_line, lines):
        verifier = known.get((name, payload[:4]))
        if verifier is None:
            continue
        if (name, payload[:4]) in verified:
            raise _note_malformed("two signatures by one key")
        time_s = verifier.verify(text, payload[4:])
        verified[name, payload[:4]] = NoteSignature(name, verifier.type, payload[:4], time_s)
    if not verified:
        raise Untrusted("note_signature_missing", "No key that we know signed this note.", "Give the signer's vkey.")
    return OpenedNote(text, tuple(verified.values()), len(lines) - len(verified))


def open_checkpoint(
    raw: bytes,
    verifiers: Iterable[NoteVerifier],
    require: Iterable[NoteVerifier] | None = None,
    origin: str | None = None,
    strict: bool = False,
) -> OpenedCheckpoint:
    """The checkpoint in a note that every verifier in `require` signed (None: all of `verifiers`).

    Its origin must be `origin`, or, when None, the name of a key that signed it. `strict` refuses lines by unknown
    keys, so that no byte of the note can change unnoticed. Raises what `open_note` raises, and Untrusted
    `note_signature_missing`, `checkpoint_malformed`, `checkpoint_wrong_origin`.
    """
    verifiers = tuple(verifiers)
    note = open_note(raw, verifiers)
    signed = {(signature.name, signature.key_id) for signature in note.signatures}
    for verifier in verifiers if require is None else require:
        if (verifier.name, verifier.key_id) not in signed:
            raise Untrusted("note_signature_missing", f"{verifier.name} ({verifier.key_id.hex()}) did not sign this.")
    if strict and note.unknown:
        raise _note_malformed("it has signature lines by unknown keys")
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin not in ({name for name, _ in signed} if origin is None else {origin}):
        raise Untrusted("checkpoint_wrong_origin", "The checkpoint is of another log.", "Check which log you asked.")
    return OpenedCheckpoint(checkpoint, note.signatures, note.unknown)


def signature_lines(raw: bytes) -> list[tuple[str, bytes, bytes]]:
    """(name, key id, the line with its newline) of each signature of a note, none of them verified.

    Raises Untrusted `note_malformed`.
    """
    parsed = ((line, *_parsed_signature_line(line)) for line in _split_note(raw)[1])
    return [(name, payload[:4], f"{line}\n".encode()) for line, name, payload in parsed]


def _by_name_and_id(verifiers: Iterable[NoteVerifier]) -> dict[tuple[str, bytes], NoteVerifier]:
    known: dict[tuple[str, bytes], NoteVerifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise Misuse("note_verifiers_ambiguous", f"Two keys of {verifier.name} share a key id.", "Drop one.")
    return known


def _split_note(raw: bytes) -> tuple[str, list[str]]:
    """The text, final newline included, and the signature lines without theirs."""
    if len(raw) > NOTE_BYTES_MAX:
        raise _note_malformed(f"more than {NOTE_BYTES_MAX} bytes")
    try:
        note = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _note_malformed("not UTF-8") from error
    body, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or _NOTE_CONTROL.search(note):
        raise _note_malformed("not text, a blank line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise _note_malformed(f"more than {NOTE_SIGNATURES_MAX} signatures")
    return body + "\n", lines


def _parsed_signature_line(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE_LINE.fullmatch(line)
    if not match or not NOTE_NAME.fullmatch(match["name"]):
        raise _note_malformed("a signature line is not em dash, name and base64")
    try:
        payload = base64_bytes(match["payload"])
    except ValueError as error:
        raise _note_malformed("a signature is not padded standard base64") from error
    if len(payload) <= 4:
        raise _note_malformed("a signature is empty")
    return match["name"], payload


def _signature_line(verifier: NoteVerifier, payload: bytes) -> str:
    return f"\u2014 {verifier.name} {base64_text(verifier.key_id + payload)}\n"


def _note_malformed(what: str) -> Untrusted:
    return Untrusted("note_malformed", f"Not a signed note: {what}.")
