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

from ledger.errors import Misuse, NotFound, Unavailable, Untrusted
from ledger.statement import Opening
from ledger.store.sqlite_rows import open_database
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
            self._db = open_database(path, "PRAGMA secure_delete=ON;" + _SCHEMA)
        except sqlite3.Error as error:
            raise Unavailable(
                "vault_unavailable", "the vault file can't be opened", "Check the home folder."
            ) from error
        path.chmod(0o600)

    def keep(self, statement_id: str, subject: str, openings: Mapping[str, Opening]) -> None:
        """Stores openings before their statement enters the log: a crash between leaves a stray row, never a lost value.

        What is kept is never replaced, so that two who speak under one id at once can't swap each other's values: raises
        Misuse `statement_id_reused` for another value, NotFound `subject_erased`, Untrusted, Unavailable.
        """
        with self._lock, self._transaction():
            key = self._data_key(subject, create=True)
            if isinstance(key, Erased):
                raise NotFound("subject_erased", f"the key of {subject} was destroyed at {key.at}", "Register anew.")
            for pointer, opening in openings.items():
                self._keep_one(key, (statement_id, pointer, subject), opening)

    def _keep_one(self, key: AESGCM, row: tuple[str, str, str], opening: Opening) -> None:
        statement_id, pointer, subject = row
        content = _seal(key, statement_id, pointer, opening)
        added = self._db.execute("INSERT OR IGNORE INTO sealed VALUES (?, ?, ?, ?)", (*row, content)).rowcount
        if added:
            return
        owner, kept = self._row(statement_id, pointer)
        if owner != subject or _unseal(key, statement_id, pointer, kept) != opening:
            what = f"statement {statement_id} came before with another value for {pointer}"
            raise Misuse("statement_id_reused", what, "Give every statement an id of its own.")

    def open(self, statement_id: str, pointer: str) -> Opening | Erased:
        """The value and its salt. Raises NotFound `sealed_unknown`, Untrusted `vault_altered`, Unavailable."""
        with self._lock, _translated():
            subject, content = self._row(statement_id, pointer)
            key = self._data_key(subject, create=False, kept=True)
        return key if isinstance(key, Erased) else _unseal(key, statement_id, pointer, content)

    def erase(self, subject: str, at: datetime) -> Erased:
        """Destroys a person's key, ciphertexts and salts. Idempotent: the first time of erasure stays.

        Raises NotFound `subject_unknown`; Unavailable `vault_busy` while another reader keeps old pages alive in the
        write-ahead file: then the key is gone from the tables but not yet from the disk, and it must be said again.
        """
        with self._lock, self._transaction():
            row = self._db.execute("SELECT erased_at FROM subject WHERE name = ?", (subject,)).fetchone()
            if row is None:
                raise NotFound("subject_unknown", f"the vault has no key for {subject}")
            erased = Erased(row[0] or format_instant(at))
            self._db.execute("UPDATE sealed SET content = NULL WHERE subject = ?", (subject,))
            self._db.execute(
                "UPDATE subject SET wrapped_key = NULL, erased_at = ? WHERE name = ?", (erased.at, subject)
            )
        with self._lock, _translated():
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Unavailable("vault_busy", "old pages are still being read; erasure is not complete", "Erase again.")
        return erased

    def close(self) -> None:
        self._db.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _row(self, statement_id: str, pointer: str) -> tuple[str, bytes | None]:
        sql = "SELECT subject, CAST(content AS BLOB) FROM sealed WHERE statement_id = ? AND pointer = ?"
        row = self._db.execute(sql, (statement_id, pointer)).fetchone()
        if row is None:
            raise NotFound("sealed_unknown", f"the vault has nothing for {statement_id}{pointer}")
        return row[0], row[1]

    def _data_key(self, subject: str, *, create: bool, kept: bool = False) -> AESGCM | Erased:
        """`kept`: something is sealed under this key, so that its absence is damage and not a question too many."""
        row = self._db.execute(
            "SELECT CAST(wrapped_key AS BLOB), erased_at FROM subject WHERE name = ?", (subject,)
        ).fetchone()
        if row is None and create:
            key, nonce = AESGCM.generate_key(256), os.urandom(NONCE_BYTES)
            wrapped = nonce + self._kek.encrypt(nonce, key, subject.encode())
            self._db.execute("INSERT INTO subject VALUES (?, ?, NULL)", (subject, wrapped))
            return AESGCM(key)
        if row is None and kept:
            raise Untrusted("vault_altered", f"the key of {subject} is missing", "Restore the vault from its copies.")
        if row is None:
            raise NotFound("subject_unknown", f"the vault has no key for {subject}")
        if row[0] is None and row[1] is not None:
            return Erased(row[1])
        return AESGCM(self._unwrap(subject, row[0]))

    def _unwrap(self, subject: str, wrapped: bytes | None) -> bytes:
        try:
            if wrapped is None:
                raise InvalidTag
            return self._kek.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode())
        except (InvalidTag, ValueError) as error:
            raise Untrusted("vault_altered", f"the key of {subject} does not open", "Check the key file.") from error


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        with _translated():
            self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        with _translated():
            if kind is None:
                self._db.execute("COMMIT")
            elif self._db.in_transaction:  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise error


class _translated:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise Unavailable("vault_unavailable", "the vault does not answer", "Try again.") from error


def _seal(key: AESGCM, statement_id: str, pointer: str, opening: Opening) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    plain = rfc8785.dumps({"salt": opening.salt.hex(), "value": opening.value})
    return nonce + key.encrypt(nonce, plain, f"{statement_id}{pointer}".encode())


def _unseal(key: AESGCM, statement_id: str, pointer: str, content: bytes | None) -> Opening:
    try:
        if content is None:
            raise InvalidTag
        plain = key.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], f"{statement_id}{pointer}".encode())
    except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
        raise Untrusted("vault_altered", f"{statement_id}{pointer} does not open under its key", "Run fsck.") from error
    opened = json.loads(plain)
    return Opening(opened["value"], bytes.fromhex(opened["salt"]))
