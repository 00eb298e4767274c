"""Turning the log's own keys (SPEC S7.20): an administrator says it, every old key endorses it, nothing comes in between."""

from __future__ import annotations

from datetime import datetime

from ledger.errors import LedgerError, Misuse
from ledger.history import History
from ledger.proof.encoding import base64_text
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import tree_root
from ledger.rules.proposal import Here, Proposal, refuse
from schemas.statements.actor import LogOpened
from schemas.statements.logkeys import LogKeysRotated


def log_keys(history: History) -> LogKeys:
    """The chain so far. Raises Untrusted."""
    said = [*history.about("log:opened", LogOpened), *history.about("log:keys", LogKeysRotated)]
    return LogKeys.of(LogEntry.parse(one.index, one.entry) for one in said)


def accept_rotation(proposal: Proposal, body: LogKeysRotated, history: History, at: datetime) -> None:
    """In the administrator's own words, directly after the tree that the old keys endorsed, where the new keys are.

    Raises Misuse `rotation_not_here`.
    """
    history.next_only()
    _check_handover(body, history.upto, proposal.here)
    if not proposal.own_key:
        refuse("own_key_needed", "the log's keys are turned by an administrator's own signature")
    try:
        log_keys(history).extended(history.upto, body.as_json())
    except LedgerError as error:
        refuse(error.code, error.what)


def _check_handover(body: LogKeysRotated, upto: int, here: Here) -> None:
    """Only a process that holds the new keys takes a rotation in: the checkpoint over it needs them."""
    if not here.vkeys_ready or body.new_vkeys != here.vkeys_ready:
        what = "this ledger does not hold the private keys that the rotation names"
        raise Misuse("rotation_not_here", what, "Use `countersign log rotate-keys` on the home itself.")
    if body.size == upto and body.root != base64_text(tree_root(upto, here.tiles)):
        refuse("log_rotation_root", "the root that the old keys endorsed is not that of the log")
