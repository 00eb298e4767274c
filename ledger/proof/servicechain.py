"""The service's keys as a document brings them: the log's first entry, what brought or ended its keys, and who signed that.

    (1) the entries rise from the log's first one, and make a chain of log keys of which the verifier holds a link
    (2) each is in the log at its index, all under one checkpoint
    (3) each is signed by its actor's key, by induction from the first

So a statement that is said to be the service's own is: by a key that the log itself brought to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.keyring import KeyRing
from ledger.proof.logged import LoggedEntry, trusted_chain, verify_logged
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteVerifier

SERVICE_ENTRIES_MAX = 1_000  # a service whose keys took more to bring and end has them in a pack, or in the log


@dataclass(frozen=True)
class ServiceChain:
    """The service's name and keys, the log's keys, and the checkpoint under which all of it stands."""

    ring: KeyRing
    log_keys: LogKeys
    note: bytes

    def require_said(self, logged: LoggedEntry) -> None:
        """That it is the service's own word, under the same checkpoint. Raises Untrusted `service_checkpoints`,
        `service_not_signer`, and what `KeyRing.verify` raises.
        """
        if logged.note != self.note:
            raise Untrusted("service_checkpoints", "its proofs do not carry one and the same checkpoint")
        entry = logged.entry
        if entry.actor != self.ring.service or entry.on_behalf:
            raise Untrusted("service_not_signer", f"entry {entry.index} is not the service's own word")
        self.ring.verify(entry)


def verify_service_chain(
    values: Any, log_keys: LogKeys | Sequence[NoteVerifier], cosigners: Sequence[NoteVerifier] = ()
) -> ServiceChain:
    """`values` as `logged_json` gives them. Raises Untrusted `service_entries`, `service_checkpoints`, `service_keys`, and what
    `trusted_chain`, `verify_logged` and `KeyRing.verify` raise.
    """
    if not isinstance(values, list) or not 0 < len(values) <= SERVICE_ENTRIES_MAX:
        raise Untrusted("service_entries", f"it brings no entries about keys, or more than {SERVICE_ENTRIES_MAX}")
    chain = log_keys if isinstance(log_keys, LogKeys) else trusted_chain(values, log_keys)  # (1)
    logged = [verify_logged(value, chain, cosigners) for value in values]  # (2)
    indices = [one.entry.index for one in logged]
    if indices != sorted(set(indices)) or indices[0] != 0:
        raise Untrusted("service_entries", "its entries about keys do not rise from the log's first")
    if len({one.note for one in logged}) != 1:
        raise Untrusted("service_checkpoints", "its proofs do not carry one and the same checkpoint")
    ring, faults = KeyRing.of(one.entry for one in logged)
    for index, what in faults.items():
        raise Untrusted("service_keys", f"entry {index}: {what}")
    for one in logged:  # (3)
        ring.verify(one.entry)
    return ServiceChain(ring, chain, logged[0].note)
