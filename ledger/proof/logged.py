"""An entry and its proof as they travel inside other documents: base64 of its bytes, and the tlog-proof as text (SPEC S6.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.encoding import base64_bytes, base64_text
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import STOLEN_REMARK, LogKeys, check_rotation_root, log_keys_of
from ledger.proof.merkle import leaf_hash, verify_inclusion
from ledger.proof.note import NoteVerifier, OpenedCheckpoint
from ledger.proof.tlogproof import parse_proof


@dataclass(frozen=True)
class LoggedEntry:
    """An entry that is in the log under `head`; its own signatures are not verified. `note`: the signed checkpoint."""

    raw: bytes
    entry: LogEntry
    head: OpenedCheckpoint
    note: bytes


def logged_json(index: int, entry: bytes, proof: bytes) -> dict[str, Any]:
    """`{"index", "entry", "proof"}`."""
    return {"index": index, "entry": base64_text(entry), "proof": proof.decode("utf-8")}


def verify_logged(
    value: Any, log_keys: LogKeys | Sequence[NoteVerifier], cosigners: Sequence[NoteVerifier] = ()
) -> LoggedEntry:
    """Reads one back: at `index` of the log whose checkpoint all of `log_keys` signed. Lines by keys that are neither among
    these nor `cosigners` are passed over, so that a witnessed checkpoint is good for those who know no witness.

    Raises Untrusted `logged_malformed`, `proof_of_another_entry`, `entry_malformed`, `inclusion_proof_invalid`, and what
    `open_checkpoint` raises.
    """
    try:
        index, raw, proof_text = value["index"], base64_bytes(value["entry"]), str(value["proof"]).encode("utf-8")
        if value.keys() != {"index", "entry", "proof"} or type(index) is not int:
            raise ValueError("other members")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Untrusted("logged_malformed", "an entry does not travel with its index and its proof") from error
    proof = parse_proof(proof_text)
    if proof.index != index:
        raise Untrusted("proof_of_another_entry", f"the proof is of entry {proof.index}, not of {index}")
    head = log_keys_of(log_keys).open(proof.checkpoint, cosigners, strict=False)
    verify_inclusion(index, head.checkpoint.size, leaf_hash(raw), proof.hashes, head.checkpoint.root)
    entry = LogEntry.parse(index, raw)
    check_rotation_root(entry, head.checkpoint.size, proof.hashes)
    return LoggedEntry(raw, entry, head, proof.checkpoint)


def trusted_chain(values: Sequence[Any], log_keys: Sequence[NoteVerifier]) -> LogKeys:
    """The log's keys as these entries name them, not yet proven to be in it; `log_keys` are those of one link (SPEC S7.22).

    Raises Untrusted `logged_malformed`, `vkeys_not_yours`, `vkeys_given_up`, and what `LogKeys.of` raises.
    """
    try:
        if any(type(one["index"]) is not int for one in values):
            raise ValueError("no index")
        chain = LogKeys.of(LogEntry.parse(one["index"], base64_bytes(one["entry"])) for one in values)
    except (KeyError, TypeError, ValueError) as error:
        raise Untrusted("logged_malformed", "an entry does not travel with its index and its proof") from error
    trust = chain.trusted_by(key.vkey() for key in log_keys)
    if trust == "no":
        raise Untrusted("vkeys_not_yours", "the log's keys are not those that you gave: this is another log")
    if trust == "stolen":
        raise Untrusted("vkeys_given_up", STOLEN_REMARK)
    return chain


def document_members(raw: bytes, what: str, members: frozenset[str], bytes_max: int) -> dict[str, Any]:
    """The members of one canonical JSON object whose `format` is `what`. Raises Untrusted `document_malformed`."""
    try:
        if len(raw) > bytes_max:
            raise Untrusted("document_malformed", f"more than {bytes_max} bytes")
        value = parse_json(raw)
        if not isinstance(value, dict) or value.get("format") != what:
            raise Untrusted("document_malformed", f"this is no {what}")
        if value.keys() != members or canonical(value) != raw:
            raise Untrusted("document_malformed", f"it does not have the members of {what}, in canonical form")
    except LedgerError as error:
        raise Untrusted("document_malformed", error.what, "Ask for the document again.") from error
    return value
