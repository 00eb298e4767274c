"""What the log names and others keep: blobs by digest, sealed values in the vault."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from ledger.blobs import read_chunks
from ledger.errors import LedgerError
from ledger.statement import Opening, commit
from ledger.vault import Erased, Vault
from ops.auditing.report import AuditCheck, Progress
from ops.auditing.rows import reading
from ops.home import Home

PROGRESS_BLOBS = 100  # how many files between two words of progress


def audit_blobs(check: AuditCheck, scratch: sqlite3.Connection, folder: Path, progress: Progress) -> None:
    """Every blob that an entry names: there if it has to be, and its bytes still those of its name."""
    elsewhere = 0
    for digest, index, required in scratch.execute("SELECT digest, idx, required FROM blob"):
        path = folder / digest[:2] / digest[2:]
        if not path.is_file():
            elsewhere += not required
            if required:
                check.find("blob_missing", f"blob {digest}", f"entry {index} names it, and it was here")
            continue
        check.checked += 1
        if check.checked % PROGRESS_BLOBS == 0:
            progress(f"blobs {check.checked}")
        if _sha256(path) != digest:
            check.find("blob_altered", f"blob {digest}", f"its bytes are not those that entry {index} names")
    if elsewhere:
        check.notes.append(f"digests of bytes that are not kept here: {elsewhere}")
    if stray := _unnamed(scratch, folder):
        check.notes.append(
            f"blobs that no entry names itself, details of reports or left by a crash: {stray}; harmless"
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in read_chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _unnamed(scratch: sqlite3.Connection, folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        named = (path.parent.name + path.name,)
        if path.is_file() and not scratch.execute("SELECT 1 FROM blob WHERE digest = ?", named).fetchone():
            found += 1
    return found


def audit_vault(check: AuditCheck, scratch: sqlite3.Connection, home: Home) -> None:
    """Every commitment has its value, or an erasure that the log says; values that no statement names are harmless."""
    wanted = scratch.execute("SELECT statement_id, pointer, subject, commitment, idx FROM sealed ORDER BY idx")
    if not home.vault.is_file():
        for statement_id, pointer, _, _, index in wanted:
            check.find("sealed_missing", f"entry {index} {pointer}", f"there is no vault, so {statement_id} lost it")
        return
    try:
        vault = home.open_vault()
    except (LedgerError, OSError) as error:
        check.find(
            "vault_unreadable", "vault.sqlite", error.what if isinstance(error, LedgerError) else "no key for it"
        )
        return
    try:
        for statement_id, pointer, subject, commitment, index in wanted:
            check.checked += 1
            found = _audit_sealed(check, vault, statement_id, pointer, commitment, index)
            if isinstance(found, Erased) and not _said_gone(scratch, subject):
                what = f"the vault says that {subject} was erased; no entry does"
                check.find("erased_unsaid", f"entry {index} {pointer}", what)
        _audit_erasures(check, vault, scratch)
    finally:
        vault.close()
    _note_orphans(check, scratch, home.vault)


def _audit_sealed(
    check: AuditCheck, vault: Vault, statement_id: str, pointer: str, commitment: str, index: int
) -> Opening | Erased | None:
    item = f"entry {index} {pointer}"
    try:
        found = vault.open(statement_id, pointer)
    except LedgerError as error:
        check.find("sealed_missing" if error.code == "sealed_unknown" else error.code, item, error.what)
        return None
    if isinstance(found, Opening) and commit(found) != commitment:
        check.find("commitment_differs", item, "the value in the vault is not the one that was committed to")
    return found


def _said_gone(scratch: sqlite3.Connection, person: str) -> bool:
    return scratch.execute("SELECT 1 FROM erasure WHERE person = ?", (person,)).fetchone() is not None


def _audit_erasures(check: AuditCheck, vault: Vault, scratch: sqlite3.Connection) -> None:
    """Who was erased is gone from the vault: an older copy of it, put back, brings people back too."""
    for person, index, done in scratch.execute("SELECT person, idx, done FROM erasure ORDER BY idx"):
        try:
            gone = vault.holdings(person).erased is not None
        except LedgerError:
            continue  # a copy from before they came; or it does not answer, which was told above
        if done and not gone:
            what = f"the log says that {person} was erased, and the vault has them: erase them again"
            check.find("erased_but_kept", f"entry {index}", what)
        elif not done:
            check.notes.append(f"the erasure of {person} began at entry {index} and is not done: erase them again")


def _note_orphans(check: AuditCheck, scratch: sqlite3.Connection, path: Path) -> None:
    known = "SELECT 1 FROM sealed WHERE statement_id = ? AND pointer = ?"
    with reading(path) as db:
        rows = db.execute("SELECT statement_id, pointer FROM sealed")
        orphans = sum(scratch.execute(known, row).fetchone() is None for row in rows)
    if orphans:
        check.notes.append(f"sealed values that no statement names, left by a crash or a refusal: {orphans}; harmless")
