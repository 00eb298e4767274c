"""The vault's key-encryption key: its name, the files it lies in, and how a new one takes over (SPEC S6.12).

A rotation writes the new key beside the old (`vault-kek.next`), wraps every person's key anew in one transaction, then
renames the new file over the old. The vault names the key that it is wrapped under, so whoever opens it knows which of the
two files is the right one, wherever a rotation stopped. Files change under the vault's write lock only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Unavailable, Untrusted
from ledger.keys import sync_folder, write_secret

KEK_BYTES = 32  # AES-256
NONCE_BYTES = 12  # AES-GCM's own size; random, one key seals far fewer than 2^32 times
CURRENT, NEXT = "vault-kek", "vault-kek.next"
_NAME_LABEL = b"countersign vault key-encryption key, name v1"


class Kek:
    """Wraps people's keys. `name` tells keys apart and says nothing about them."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self.name = hmac.new(key, _NAME_LABEL, hashlib.sha256).hexdigest()

    def wrap(self, subject: str, key: bytes) -> bytes:
        """The key under this one, bound to its person, so that two rows can't change places."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, subject.encode())

    def unwrap(self, subject: str, wrapped: bytes | None) -> bytes:
        """Raises Untrusted `vault_altered`."""
        try:
            if wrapped is None:
                raise InvalidTag
            return self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode())
        except (InvalidTag, ValueError) as error:
            raise Untrusted("vault_altered", f"the key of {subject} does not open", "Check the key file.") from error


class KekSource(Protocol):
    """Where the key-encryption key comes from: files here; a KMS or an HSM would be another."""

    def candidates(self) -> Sequence[bytes]:
        """Every key that may be the vault's at this moment. Raises Unavailable `vault_key_unavailable`."""

    def stage(self) -> bytes:
        """A new key, durable beside the present one. Under the vault's write lock. Raises Unavailable."""

    def settle(self, name: str) -> None:
        """Leaves the key of this name only, and destroys any other. Under the vault's write lock."""


class FixedKek:
    """One key that somebody holds in memory; it can't be rotated."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def candidates(self) -> list[bytes]:
        return [self._key]

    def stage(self) -> bytes:
        raise Unavailable("vault_key_fixed", "this vault was opened with a key that lies in no file")

    def settle(self, name: str) -> None:
        pass


class KekFiles:
    """`vault-kek`, and `vault-kek.next` while a rotation is under way, in the home's keys folder (0600)."""

    def __init__(self, folder: Path) -> None:
        self._current, self._next = folder / CURRENT, folder / NEXT

    def candidates(self) -> list[bytes]:
        """The next one is read first: if a rotation renames it meanwhile, it is found under the other name."""
        found = [key for key in (_read(self._next), _read(self._current)) if key is not None]
        if not found:
            raise Unavailable("vault_key_unavailable", f"there is no key file {CURRENT}", "Restore the keys folder.")
        return found

    def stage(self) -> bytes:
        key = os.urandom(KEK_BYTES)
        with _writing():
            write_secret(self._next, key)
        return key

    def settle(self, name: str) -> None:
        """A crash before the rename leaves both files; after it, one. Either opens."""
        upcoming, current = _read(self._next), _read(self._current)
        with _writing():
            if upcoming is not None and Kek(upcoming).name == name:
                self._next.replace(self._current)
            elif current is not None and Kek(current).name == name:
                self._next.unlink(missing_ok=True)  # of a rotation that never came to wrapping anything
            else:
                raise key_differs()
            sync_folder(self._current.parent)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"the keys folder can't be written: {error.strerror}"
        raise Unavailable("vault_key_not_written", what, "Nothing was lost; look at the disk, then again.") from error


def key_differs() -> Untrusted:
    what = "the key file is not of the key that this vault is wrapped under"
    return Untrusted("vault_key_differs", what, "Restore the keys folder that belongs to this vault.")


def _read(path: Path) -> bytes | None:
    """None for a file that is not there, or that a crash left half written."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        what = f"{path.name} can't be read: {error.strerror}"
        raise Unavailable("vault_key_unavailable", what, "Check its rights.") from error
    return key if len(key) == KEK_BYTES else None
