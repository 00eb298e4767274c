"""Who signs notes: the verifier keys that strangers are given, and the private keys behind them (C2SP signed-note).

    0x01 Ed25519     payload = signature over the text
    0x04 Ed25519     payload = uint64 POSIX seconds || signature over tlog-cosignature's `cosignature/v1` message, the
                     time and the checkpoint's text; what witnesses sign with
    0x06 ML-DSA-44   payload = uint64 POSIX seconds || signature over tlog-cosignature's `cosigned_message`, which binds
                     the signer's name, the time, the origin, the size and the root; it can sign checkpoints only

All name the key by SHA-256(name || 0x0A || type || public key)[:4].
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.errors import Misuse, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.encoding import INT64_MAX, base64_bytes, base64_text
from ledger.proof.keys import ed25519_public_key

ED25519_TYPE = 0x01
COSIGNATURE_TYPE = 0x04
MLDSA44_TYPE = 0x06
NOTE_NAME = re.compile(r"[^\s+\x00-\x1f]+")  # neither Unicode spaces nor plus
NOTE_NAME_BYTES_MAX = 255  # the length byte of `cosigner_name`

_MLDSA44_PUBLIC_BYTES = 1312


@dataclass(frozen=True)
class NoteVerifier:
    """A public key that may sign notes under `name`; `public_key` is 32 or 1,312 raw bytes."""

    name: str
    type: int
    public_key: bytes

    def __post_init__(self) -> None:
        _check_note_name(self.name)
        if self.type in (ED25519_TYPE, COSIGNATURE_TYPE):
            ed25519_public_key(self.public_key)
        elif self.type != MLDSA44_TYPE or len(self.public_key) != _MLDSA44_PUBLIC_BYTES:
            raise _vkey_malformed("neither an Ed25519 (0x01, 0x04) nor an ML-DSA-44 (0x06) key")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no proof of anything."""
        typed_key = bytes([self.type]) + self.public_key
        return hashlib.sha256(self.name.encode("utf-8") + b"\n" + typed_key).digest()[:4]

    def vkey(self) -> str:
        """`name+hex(key id)+base64(type || public key)`, the line that others are given to trust this key."""
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.type]) + self.public_key)}"

    @classmethod
    def parse(cls, vkey: str) -> NoteVerifier:
        """The key in one vkey line, without its newline. Raises Misuse `vkey_malformed`, `key_unsupported`."""
        try:
            name, _, encoded = vkey.split("+", 2)
            typed_key = base64_bytes(encoded)
        except ValueError as error:
            raise _vkey_malformed("not name+key id+base64") from error
        verifier = cls(name, typed_key[0] if typed_key else 0, typed_key[1:])
        if verifier.vkey() != vkey:
            raise _vkey_malformed("its key id is not that of its key")
        return verifier

    def verify(self, text: str, payload: bytes) -> int | None:
        """The POSIX seconds that the signature states (None for Ed25519).

        Raises Untrusted `note_signature_invalid`, or `checkpoint_malformed` where only a checkpoint can be signed.
        """
        try:
            if self.type == ED25519_TYPE:
                ed25519_public_key(self.public_key).verify(payload, text.encode("utf-8"))
                return None
            time_s, checkpoint = int.from_bytes(payload[:8], "big"), Checkpoint.parse(text)
            if time_s > INT64_MAX:
                raise ValueError("a time over 2**63-1")
            if self.type == COSIGNATURE_TYPE:
                ed25519_public_key(self.public_key).verify(payload[8:], cosignature_v1_message(time_s, checkpoint))
            else:
                message = cosigned_message(self.name, time_s, checkpoint)
                MLDSA44PublicKey.from_public_bytes(self.public_key).verify(payload[8:], message)
        except (InvalidSignature, ValueError) as error:
            raise Untrusted("note_signature_invalid", f"The signature by {self.name} does not fit.") from error
        return time_s

    def verify_message(self, message: bytes, signature: bytes) -> None:
        """A plain signature over bytes that are no note. Raises Untrusted `signature_invalid`."""
        try:
            if self.type == MLDSA44_TYPE:
                MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature, message)
            else:
                ed25519_public_key(self.public_key).verify(signature, message)
        except InvalidSignature as error:
            raise Untrusted("signature_invalid", f"The signature by {self.name} does not fit.") from error


class NoteSigner(Protocol):
    """A private key that signs notes; a key kept elsewhere (KMS, HSM) implements this."""

    @property
    def verifier(self) -> NoteVerifier:
        """Its public half."""

    def sign(self, text: str, time_s: int) -> bytes:
        """The signature payload, without the key id. `time_s`: POSIX seconds, 0 for none."""


class LogSigner(NoteSigner, Protocol):
    """A key of a log: it also endorses the keys that come after it (SPEC S7.21)."""

    def sign_message(self, message: bytes) -> bytes:
        """A plain signature over bytes that are no note."""


@dataclass(frozen=True)
class Ed25519NoteKey:
    """Signs any note's text. `time_s` is not part of this type of signature."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier(self.name, ED25519_TYPE, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str, time_s: int) -> bytes:
        return self.private_key.sign(text.encode("utf-8"))

    def sign_message(self, message: bytes) -> bytes:
        return self.private_key.sign(message)


@dataclass(frozen=True)
class MlDsa44NoteKey:
    """Signs checkpoints. With a `time_s` it also says: the largest tree of this log that I had signed by then."""

    name: str
    private_key: MLDSA44PrivateKey

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier(self.name, MLDSA44_TYPE, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str, time_s: int) -> bytes:
        message = cosigned_message(self.name, time_s, Checkpoint.parse(text))
        return time_s.to_bytes(8, "big") + self.private_key.sign(message)

    def sign_message(self, message: bytes) -> bytes:
        return self.private_key.sign(message)


@dataclass(frozen=True)
class CosignatureKey:
    """Signs checkpoints as a witness: at `time_s` this was the largest tree of that log I had seen, and it only grew.

    One key, one witness: the message does not name the signer (C2SP tlog-cosignature).
    """

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier(self.name, COSIGNATURE_TYPE, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str, time_s: int) -> bytes:
        message = cosignature_v1_message(time_s, Checkpoint.parse(text))
        return time_s.to_bytes(8, "big") + self.private_key.sign(message)


def cosignature_v1_message(time_s: int, checkpoint: Checkpoint) -> bytes:
    """What Ed25519 cosignatures sign (C2SP tlog-cosignature): two lines, then the checkpoint's text."""
    return f"cosignature/v1\ntime {time_s}\n{checkpoint.text()}".encode()


def cosigned_message(name: str, time_s: int, checkpoint: Checkpoint) -> bytes:
    """What ML-DSA-44 signs (C2SP tlog-cosignature, `cosigned_message`); all integers big-endian, 8 bytes."""
    name_bytes, origin_bytes = name.encode("utf-8"), checkpoint.origin.encode("utf-8")
    return b"".join(
        (
            b"subtree/v1\n\x00",
            bytes([len(name_bytes)]) + name_bytes,
            time_s.to_bytes(8, "big"),
            bytes([len(origin_bytes)]) + origin_bytes,
            bytes(8),  # start: a checkpoint's tree begins at leaf 0
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _check_note_name(name: str) -> None:
    if not NOTE_NAME.fullmatch(name) or len(name.encode("utf-8")) > NOTE_NAME_BYTES_MAX:
        raise _vkey_malformed("its name is empty, too long, or has a space or plus")


def _vkey_malformed(what: str) -> Misuse:
    return Misuse("vkey_malformed", f"Not a verifier key: {what}.", "Ask the signer for the vkey line again.")
