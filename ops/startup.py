"""Is this the log that was served until now? Asked on every start, before anything can be appended.

(0) This home holds the keys that the log names now (`log_signers` has looked): a replaced key file must not sign on.
(1) The head's checkpoint is signed by the keys that were in force at its size.
(2) The service's key is the one that the log names (`ServiceKey` has looked): what it signed otherwise nobody could verify.
(3) What is published is a past of this log, and (4) so is the newest checkpoint that was time-stamped: an older copy of the
    database that was put back would give indices a second time.

Whoever puts back database, `public/` and `stamps/` together leaves nothing in the home that could tell; witnesses, and
everybody who kept a receipt, still can. fsck looks at all of it; this reads a few rows.
"""

from __future__ import annotations

from ledger.door import Ledger
from ledger.errors import LedgerError, Untrusted
from ledger.log.logkeys import stored_log_keys
from ledger.log.published import PublishedFolder
from ledger.log.publisher import Publisher
from ledger.log.stamps import StampFolder
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import tree_root
from ledger.proof.note import NoteVerifier
from ledger.store.contract import Store

_RESTORE = "Don't append; restore the newest copy of the log, then run fsck."


def check_start(
    ledger: Ledger,
    held: tuple[NoteVerifier, ...],
    public: PublishedFolder,
    stamps: StampFolder,
) -> None:
    """`held`: the keys of this home, which the log names if it has entries.

    Raises Untrusted `log_key_differs`, `log_behind_published`, `log_behind_stamp`, `log_forked`
    and what opening a checkpoint raises; Unavailable.
    """
    size, note = ledger.head()
    log_keys = LogKeys.single(held)
    if size:
        log_keys = stored_log_keys(ledger.store)
        _check_head(note, log_keys)
    Publisher(ledger.store, public, log_keys, with_entries=False).check()
    _check_stamps(ledger.store, stamps, log_keys)


def _check_head(note: bytes, log_keys: LogKeys) -> None:
    try:
        log_keys.open(note)
    except LedgerError as error:
        what = f"the log's newest checkpoint is not one that the keys of this home signed: {error.what}"
        raise Untrusted(
            "log_key_differs", what, "Put the log's own keys back, or its own database; run fsck."
        ) from error


def _check_stamps(store: Store, stamps: StampFolder, log_keys: LogKeys) -> None:
    """Only the log's own signature on the newest: that it was stamped, and by whom, is for fsck to verify."""
    newest = max(stamps.sizes(), default=0)
    if not newest:
        return
    stamped = log_keys.open(stamps.read(newest).checkpoint).checkpoint
    size = store.size()
    if stamped.size > size:
        what = f"the log has {size} entries, {stamped.size} were time-stamped: it lost some, or is an older copy"
        raise Untrusted("log_behind_stamp", what, _RESTORE)
    if tree_root(stamped.size, store) != stamped.root:
        what = f"the log does not begin with the {stamped.size} entries that were time-stamped"
        raise Untrusted("log_forked", what, "Keep both; somebody changed the past. Run fsck.")
