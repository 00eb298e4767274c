"""Private keys in files (0600). Keys that lie elsewhere answer the same calls: ledger/signers.py."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ledger.errors import Misuse, NotFound, Unavailable

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key that signs statements. `keyid` is the SHA-256 of its SubjectPublicKeyInfo, hex (SPEC S3.2)."""

    private: Ed25519PrivateKey
    spki: bytes
    keyid: str

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def signing_key(private: Ed25519PrivateKey) -> SigningKey:
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(private, spki, hashlib.sha256(spki).hexdigest())


def new_signing_key() -> SigningKey:
    return signing_key(Ed25519PrivateKey.generate())


def write_private_key(path: Path, key: PrivateKey) -> None:
    """PKCS#8 PEM, readable by its owner only, never over an existing file; on disk before this returns."""
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def write_secret(path: Path, secret: bytes) -> None:
    """0600 from the first byte, whole or not at all: a crash leaves at most a stray `.partial` beside it.

    Raises Misuse `key_exists` rather than overwrite, Unavailable `key_not_written`.
    """
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
            os.link(partial, path)
        finally:
            Path(partial).unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise Misuse(
            "key_exists", f"{path.name} is already there", "Choose another name; keys are not replaced."
        ) from error
    except OSError as error:
        what = f"{path.name} could not be written: {error.strerror}"
        raise Unavailable(
            "key_not_written", what, "Free space or put rights and disk in order, then try again."
        ) from error


def sync_folder(path: Path) -> None:
    """Makes the folder's names durable: without it a power cut takes a new name with it."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_signing_key(path: Path) -> SigningKey:
    """Raises NotFound `key_missing`, Misuse `key_unreadable` (never with the key's content)."""
    key = _read(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise Misuse("key_unreadable", f"{path.name} does not hold an Ed25519 private key")
    return signing_key(key)


def read_mldsa_key(path: Path) -> MLDSA44PrivateKey:
    key = _read(path)
    if not isinstance(key, MLDSA44PrivateKey):
        raise Misuse("key_unreadable", f"{path.name} does not hold an ML-DSA-44 private key")
    return key


def _read(path: Path) -> object:
    try:
        return load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError as error:
        raise NotFound("key_missing", f"there is no key file {path.name}", "Check the home folder.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
        raise Misuse("key_unreadable", f"{path.name} is not an unencrypted PKCS#8 PEM key") from error
