"""Personal data, outside the log: sealed values and their salts under a key per person, which can be destroyed.

AES-256-GCM under the subject's data key with the statement's id and field as associated data, so that a ciphertext moved
to another row fails; the data key is wrapped under the key-encryption key. Erasing nulls the key, the ciphertexts and the
salts: commitments in the log then prove nothing about anyone, and every proof still verifies (SPEC S6).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Gone, LedgerError, Misuse, NotFound, Untrusted
from ledger.statement import Opening
from ledger.vault_keys import NONCE_BYTES, FixedKek, Kek, KekSource, key_differs
from ledger.vault_rows import flush, open_vault_file, sealed_row, subject_row, transaction
from schemas.base import format_instant


@dataclass(frozen=True)
class Erased:
    """There was a value; its key was destroyed at this time."""

    at: str


@dataclass(frozen=True)
class Holdings:
    """What the vault has, or had, of one person: `values` in so many `statements`; `erased` once the key is destroyed."""

    erased: Erased | None
    values: int
    statements: int


class Vault:
    """Answers three things that must never be confused: a value, Erased, or an error (unknown / unavailable).

    Several processes may have one vault open; each looks, in every transaction, which key it is wrapped under now.
    """

    def __init__(self, path: Path, key_encryption_key: bytes | KekSource) -> None:
        """Raises Unavailable `vault_unavailable`, `vault_key_unavailable`."""
        source = FixedKek(key_encryption_key) if isinstance(key_encryption_key, bytes) else key_encryption_key
        self._source, self._keks = source, [Kek(key) for key in source.candidates()]
        self._lock = threading.Lock()
        self._db = open_vault_file(path)

    def keep(self, statement_id: str, subject: str, openings: Mapping[str, Opening]) -> None:
        """Stores openings before their statement enters the log: a crash between leaves a stray row, never a lost value.

        What is kept is never replaced, so that two who speak under one id at once can't swap each other's values: raises
        Misuse `statement_id_reused` for another value, Gone `subject_erased`, Untrusted, Unavailable.
        """
        with self._lock, transaction(self._db):
            key = self._data_key(subject) or self._new_key(subject)
            if isinstance(key, Erased):
                raise Gone("subject_erased", f"the key of {subject} was destroyed at {key.at}", "Register anew.")
            for pointer, opening in openings.items():
                self._keep_one(key, (statement_id, pointer, subject), opening)

    def _keep_one(self, key: AESGCM, row: tuple[str, str, str], opening: Opening) -> None:
        statement_id, pointer, subject = row
        content = _seal(key, statement_id, pointer, opening)
        added = self._db.execute("INSERT OR IGNORE INTO sealed VALUES (?, ?, ?, ?)", (*row, content)).rowcount
        if added:
            return
        owner, kept = sealed_row(self._db, statement_id, pointer)
        if owner != subject or _unseal(key, statement_id, pointer, kept) != opening:
            what = f"statement {statement_id} came before with another value for {pointer}"
            raise Misuse("statement_id_reused", what, "Give every statement an id of its own.")

    def open(self, statement_id: str, pointer: str) -> Opening | Erased:
        """The value and its salt. Raises NotFound `sealed_unknown`, Untrusted `vault_…`, Unavailable `vault_…`."""
        with self._lock, transaction(self._db, "BEGIN"):
            subject, content = sealed_row(self._db, statement_id, pointer)
            key = self._data_key(subject)
        if key is None:  # something is sealed under it, so its absence is damage and not a question too many
            raise Untrusted("vault_altered", f"the key of {subject} is missing", "Restore the vault from its copies.")
        return key if isinstance(key, Erased) else _unseal(key, statement_id, pointer, content)

    def holdings(self, subject: str) -> Holdings:
        """Counts, no values. Raises NotFound `subject_unknown`, Unavailable."""
        with self._lock, transaction(self._db, "BEGIN"):
            row = subject_row(self._db, subject)
            if row is None:
                raise NotFound("subject_unknown", f"the vault has no key for {subject}")
            sql = "SELECT COUNT(*), COUNT(DISTINCT statement_id), COUNT(content) FROM sealed WHERE subject = ?"
            values, statements, left = self._db.execute(sql, (subject,)).fetchone()
        gone = row[1] is not None and row[0] is None and not left
        return Holdings(Erased(row[1] or "") if gone else None, values, statements)

    def kept_apart(self) -> list[tuple[str, str]]:
        """(subject, statement) of what is kept under a number (a UUID) and not under a pseudonym. Raises Unavailable."""
        sql = "SELECT DISTINCT subject, statement_id FROM sealed WHERE content IS NOT NULL AND subject GLOB ?"
        with self._lock, transaction(self._db, "BEGIN"):
            return [
                (subject, name) for subject, name in self._db.execute(sql, ("????????-????-7???-????-????????????",))
            ]

    def erase(self, subject: str, at: datetime) -> Erased:
        """Destroys a person's key, ciphertexts and salts. Idempotent: the first time of erasure stays.

        Raises NotFound `subject_unknown`; Unavailable `vault_busy` while another reader keeps old pages alive in the
        write-ahead file: then the key is gone from the tables but not yet from the disk, and it must be said again.
        """
        with self._lock:
            with transaction(self._db):
                row = subject_row(self._db, subject)
                if row is None:
                    raise NotFound("subject_unknown", f"the vault has no key for {subject}")
                erased = Erased(row[1] or format_instant(at))
                self._db.execute("UPDATE sealed SET content = NULL WHERE subject = ?", (subject,))
                sql = "UPDATE subject SET wrapped_key = NULL, erased_at = ? WHERE name = ?"
                self._db.execute(sql, (erased.at, subject))
            flush(self._db)
        return erased

    def rotate(self) -> int:
        """A new key-encryption key takes over; the old one is destroyed and opens nothing. How many keys were wrapped anew.

        A crash anywhere leaves a vault that opens: before the commit under the old key, after it under the new one, whose
        file was durable before. Said again, it first ends what was begun. Raises Unavailable `vault_busy` (say it again),
        Untrusted `vault_altered`, `vault_key_differs`.
        """
        with self._lock:
            with transaction(self._db):
                old = self._kek(adopt=True)
                self._source.settle(old.name)
                new = Kek(self._source.stage())
                count = self._wrap_anew(old, new)
            with transaction(self._db):  # again, because another rotation may have come between
                present = self._kek()
                self._source.settle(present.name)
            self._keks = [present]
            flush(self._db)
        return count

    def close(self) -> None:
        self._db.close()

    def _wrap_anew(self, old: Kek, new: Kek) -> int:
        rows = self._db.execute(
            "SELECT name, CAST(wrapped_key AS BLOB) FROM subject WHERE erased_at IS NULL"
        ).fetchall()
        for subject, wrapped in rows:
            again = new.wrap(subject, old.unwrap(subject, wrapped))
            self._db.execute("UPDATE subject SET wrapped_key = ? WHERE name = ?", (again, subject))
        self._db.execute("UPDATE kek SET name = ?", (new.name,))
        return len(rows)

    def _kek(self, *, adopt: bool = False) -> Kek:
        """The key that the vault is wrapped under now. `adopt`: the first to write names it, if nobody did before."""
        row = self._db.execute("SELECT name FROM kek").fetchone()
        if row is None:
            return self._adopted() if adopt else self._keks[0]
        found = self._named(row[0])
        if found is None:  # another process rotated
            self._keks = [Kek(key) for key in self._source.candidates()]
            found = self._named(row[0])
        if found is None:
            raise key_differs()
        return found

    def _named(self, name: str) -> Kek | None:
        return next((kek for kek in self._keks if kek.name == name), None)

    def _adopted(self) -> Kek:
        """The key that opens what is there already; of a vault with no keys yet, ours."""
        rows = self._db.execute("SELECT name, wrapped_key FROM subject WHERE wrapped_key IS NOT NULL").fetchall()
        found = next((kek for kek in self._keks if not rows or any(_opens(kek, *row) for row in rows)), None)
        if found is None:
            raise key_differs()
        self._db.execute("INSERT INTO kek VALUES (1, ?)", (found.name,))
        return found

    def _new_key(self, subject: str) -> AESGCM:
        key = AESGCM.generate_key(256)
        wrapped = self._kek(adopt=True).wrap(subject, key)
        self._db.execute("INSERT INTO subject VALUES (?, ?, NULL)", (subject, wrapped))
        return AESGCM(key)

    def _data_key(self, subject: str) -> AESGCM | Erased | None:
        """None for somebody the vault never had."""
        row = subject_row(self._db, subject)
        if row is None:
            return None
        wrapped, erased_at = row
        if wrapped is None and erased_at is not None:
            return Erased(erased_at)
        return AESGCM(self._kek().unwrap(subject, wrapped))


def _opens(kek: Kek, subject: str, wrapped: bytes) -> bool:
    try:
        return bool(kek.unwrap(subject, wrapped))
    except LedgerError:
        return False


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
