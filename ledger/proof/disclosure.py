"""One sealed field, shown to one reader: value and salt fit the commitment that an entry of the log holds (SPEC S6.9).

    (1) the document is canonical JSON with exactly its members
    (2) the entry is in the log at its index, under the log's keys
    (3) it is the statement that the document names
    (4) it seals the field with the commitment of this value under this salt

Each field has a salt of its own, so this says nothing of any other. Who signed the entry is for an evidence pack to show.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.logged import LoggedEntry, document_members, verify_logged
from ledger.proof.note import NoteSignature, NoteVerifier

DISCLOSURE_FORMAT = "countersign.disclosure/1"
DISCLOSURE_BYTES_MAX = 4 * 2**20  # a reference picture has 2.8 MB in base64; entry and proof take 100 KB
COMMITMENT_SALT_BYTES = 32  # ledger.statement.SALT_BYTES: a shorter one could be searched

_DISCLOSURE_MEMBERS = frozenset({"format", "statement_id", "pointer", "value", "salt", "index", "entry", "proof"})


@dataclass(frozen=True)
class DisclosedField:
    """What was shown and verified. `subject`: the pseudonym that it was sealed under; `signatures`: on the checkpoint."""

    statement_id: str
    type: str
    pointer: str
    subject: str
    value: Any
    index: int
    recorded_at: datetime
    origin: str
    size: int
    signatures: tuple[NoteSignature, ...]


def commitment_of(value: Any, salt: bytes) -> str:
    """HMAC-SHA256(salt, JCS(value)), hex (SPEC S6.2)."""
    return hmac.new(salt, canonical(value), hashlib.sha256).hexdigest()


def format_disclosure(pointer: str, value: Any, salt: bytes, statement_id: str, logged: dict[str, Any]) -> bytes:
    """The document. `logged`: the statement's entry, as `logged_json` gives it."""
    field = {"statement_id": statement_id, "pointer": pointer, "value": value, "salt": salt.hex()}
    return canonical({"format": DISCLOSURE_FORMAT, **field, **logged})


def verify_disclosure(
    raw: bytes, log_keys: Sequence[NoteVerifier], cosigners: Sequence[NoteVerifier] = ()
) -> DisclosedField:
    """The steps above. Raises Untrusted `document_malformed`, `disclosure_statement_differs`, `disclosure_not_sealed`,
    `disclosure_salt`, `commitment_differs`, and what `verify_logged` raises.
    """
    shown = document_members(raw, DISCLOSURE_FORMAT, _DISCLOSURE_MEMBERS, DISCLOSURE_BYTES_MAX)  # (1)
    logged = verify_logged({name: shown[name] for name in ("index", "entry", "proof")}, log_keys, cosigners)  # (2)
    statement = logged.entry.statement
    if statement["id"] != shown["statement_id"]:  # (3)
        raise Untrusted("disclosure_statement_differs", "the entry is of another statement than the document names")
    subject = _opened_subject(logged, shown)  # (4)
    return DisclosedField(
        statement_id=statement["id"],
        type=logged.entry.type,
        pointer=shown["pointer"],
        subject=subject,
        value=shown["value"],
        index=logged.entry.index,
        recorded_at=logged.entry.recorded_at,
        origin=logged.head.checkpoint.origin,
        size=logged.head.checkpoint.size,
        signatures=logged.head.signatures,
    )


def _opened_subject(logged: LoggedEntry, shown: dict[str, Any]) -> str:
    pointer, salt_text = shown["pointer"], shown["salt"]
    sealed = logged.entry.statement.get("sealed", {})
    if not isinstance(pointer, str) or pointer not in sealed:
        raise Untrusted("disclosure_not_sealed", "the statement seals no such field")
    try:
        salt = bytes.fromhex(salt_text)
    except (TypeError, ValueError) as error:
        raise Untrusted("disclosure_salt", "the salt is not in hex") from error
    if salt.hex() != salt_text or len(salt) != COMMITMENT_SALT_BYTES:
        raise Untrusted("disclosure_salt", f"the salt does not have {COMMITMENT_SALT_BYTES} bytes")
    if not hmac.compare_digest(commitment_of(shown["value"], salt), sealed[pointer]["commitment"]):
        raise Untrusted("commitment_differs", f"value and salt of {pointer} do not fit the commitment in the log")
    return str(sealed[pointer]["subject"])
