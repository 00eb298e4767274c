"""Personal data, outside the log: sealed values and their salts under a key per person, which can be destroyed.

AES-256-GCM under the subject's data key with the statement's id and field as associated data, so that a ciphertext moved
to another row fails; the data key is wrapped under the key-encryption key. Erasing nulls the key, the ciphertexts and the
salts: commitments in the log then prove nothing about anyone, and every proof still verifies (SPEC S6).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import NotFound, Unavailable, Untrusted
from ledger.statement import Opening
from schemas.base import format_instant

NONCE_BYTES = 12  # AES-GCM's own size; random, one data key seals far fewer than 2^32 fields

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subject (name TEXT PRIMARY KEY, wrapped_key BLOB, erased_at TEXT);
CREATE TABLE IF NOT EXISTS sealed (
  statement_id TEXT NOT NULL, pointer TEXT NOT NULL, subject TEXT NOT NULL REFERENCES subject (name), content BLOB,
  PRIMARY KEY (statement_id, pointer)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sealed_by_subject ON sealed (subject);
"""


@dataclass(frozen=True)
class Erased:
    """There was a value; its key was destroyed at this time."""

    at: str


class Vault:
    """Answers three things that must never be confused: a value, Erased, or an error (unknown / unavailable)."""

    def __init__(self, path: Path, key_encryption_key: bytes) -> None:
        self._kek = AESGCM(key_encryption_key)
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;" + _SCHEMA
            )
        except sqlite3.Error as error:
            raise Unavailable(
                "vault_unavailable", "the vault file can't be opened", "Check the home folder."
            ) from error
        path.chmod(0o600)

    def keep(self, statement_id: str, subject: str, openings: Mapping[str, Opening]) -> None:
        """Stores openings before their statement enters the log: a crash between leaves a stray row, never a lost value."""
        with self._lock, self._transaction():
            key = self._data_key(subject, create=True)
            if isinstance(key, Erased):
                raise NotFound("subject_erased", f"the key of {subject} was destroyed at {key.at}", "Register anew.")
            for pointer, opening in openings.items():
                content = _seal(key, statement_id, pointer, opening)
                self._db.execute(
                    "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)", (statement_id, pointer, subject, content)
                )

    def open(self, statement_id: str, pointer: str) -> Opening | Erased:
        """The value and its salt. Raises NotFound `sealed_unknown`, Untrusted `vault_altered`, Unavailable."""
        with self._lock, _translated():
            row = self._db.execute(
                "SELECT subject, content FROM sealed WHERE statement_id = ? AND pointer = ?", (statement_id, pointer)
            ).fetchone()
            if row is None:
                raise NotFound("sealed_unknown", f"the vault has nothing for {statement_id}{pointer}")
            key = self._data_key(row[0], create=False)
        return key if isinstance(key, Erased) else _unseal(key, statement_id, pointer, row[1])

    def erase(self, subject: str, at: datetime) -> Erased:
        """Destroys a person's key, ciphertexts and salts. Idempotent: the first time of erasure stays."""
        with self._lock, self._transaction():
            key = self._data_key(subject, create=False)
            if isinstance(key, Erased):
                return key
            erased = Erased(format_instant(at))
            self._db.execute("UPDATE sealed SET content = NULL WHERE subject = ?", (subject,))
            self._db.execute(
                "UPDATE subject SET wrapped_key = NULL, erased_at = ? WHERE name = ?", (erased.at, subject)
            )
        with self._lock, _translated():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the write-ahead file held the old pages
        return erased

    def close(self) -> None:
        self._db.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _data_key(self, subject: str, *, create: bool) -> AESGCM | Erased:
        row = self._db.execute("SELECT wrapped_key, erased_at FROM subject WHERE name = ?", (subject,)).fetchone()
        if row is None and create:
            key, nonce = AESGCM.generate_key(256), os.urandom(NONCE_BYTES)
            wrapped = nonce + self._kek.encrypt(nonce, key, subject.encode())
            self._db.execute("INSERT INTO subject VALUES (?, ?, NULL)", (subject, wrapped))
            return AESGCM(key)
        if row is None:
            raise NotFound("subject_unknown", f"the vault has no key for {subject}")
        if row[0] is None:
            return Erased(row[1])
        return AESGCM(self._unwrap(subject, row[0]))

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        try:
            return self._kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode())
        except InvalidTag as error:
            raise Untrusted("vault_altered", f"the key of {subject} does not open", "Check the key file.") from error


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        with _translated():
            self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with _translated():
            self._db.execute("COMMIT" if kind is None else "ROLLBACK")


class _translated:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise Unavailable("vault_unavailable", "the vault does not answer", "Try again.") from error


def _seal(key: AESGCM, statement_id: str, pointer: str, opening: Opening) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    plain = rfc8785.dumps({"salt": opening.salt.hex(), "value": opening.value})
    return nonce + key.encrypt(nonce, plain, f"{statement_id}{pointer}".encode())


def _unseal(key: AESGCM, statement_id: str, pointer: str, content: bytes) -> Opening:
    try:
        plain = key.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], f"{statement_id}{pointer}".encode())
    except InvalidTag as error:
        raise Untrusted("vault_altered", f"{statement_id}{pointer} does not open under its key", "Run fsck.") from error
    opened = json.loads(plain)
    return Opening(opened["value"], bytes.fromhex(opened["salt"]))
