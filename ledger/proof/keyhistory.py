"""The history of a log's keys as one document: from the keys of any time to those of today, offline (SPEC S7.23).

(1) the document is canonical JSON with exactly its members
(2) its entries are the log's first and every rotation of its keys, which make a chain; the verifier holds one link of it
(3) every entry is in the log at its index, all under one checkpoint by the keys of its size
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.errors import LedgerError, Untrusted
from ledger.proof.canonical import canonical, parse_json
from ledger.proof.logged import document_members, trusted_chain, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteVerifier

KEY_HISTORY_FORMAT = "countersign.log-keys/1"
KEY_HISTORY_BYTES_MAX = 8 * 2**20  # an entry and its proof take 30 KB: two hundred rotations
KEY_HISTORY_ENTRIES_MAX = 200


def format_key_history(entries: Sequence[dict[str, Any]]) -> bytes:
    """The document. `entries` as `logged_json` gives them: the log's first, then its rotations."""
    return canonical({"format": KEY_HISTORY_FORMAT, "entries": entries})


def told_by_history(raw: bytes) -> tuple[int, ...] | None:
    """Which entries a document of our own has; None for anything else. Verifies nothing."""
    try:
        return tuple(int(one["index"]) for one in parse_json(raw)["entries"])
    except (LedgerError, ValueError, KeyError, TypeError):
        return None


def verify_key_history(raw: bytes, log_keys: Sequence[NoteVerifier]) -> LogKeys:
    """The chain. Raises Untrusted `document_malformed`, `key_history_entries`, `vkeys_not_yours`, `vkeys_given_up`, and what
    `LogKeys.of` and `verify_logged` raise.
    """
    shown = document_members(raw, KEY_HISTORY_FORMAT, frozenset({"format", "entries"}), KEY_HISTORY_BYTES_MAX)  # (1)
    values = shown["entries"]
    if not isinstance(values, list) or not 0 < len(values) <= KEY_HISTORY_ENTRIES_MAX:
        raise Untrusted("key_history_entries", f"it has no entries, or more than {KEY_HISTORY_ENTRIES_MAX}")
    chain = trusted_chain(values, log_keys)  # (2)
    logged = [verify_logged(value, chain) for value in values]  # (3)
    if len(logged) != len(chain.links) or len({one.note for one in logged}) != 1:
        raise Untrusted("key_history_entries", "it has other entries than these, or proofs under different checkpoints")
    return chain
