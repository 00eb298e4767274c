"""The time stamps of a home: each over a checkpoint of this very log, by an authority that is believed here."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from ledger.errors import LedgerError, Unavailable, Untrusted
from ledger.log.stamps import StampFolder
from ledger.log.timestamp import TimeStamp, verify_stamp
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import tree_root
from ops.auditing.report import AuditCheck
from ops.auditing.rows import OpenRows, RawRows, RawTiles, raw_size
from ops.home import Home
from ops.stamper import home_anchors
from schemas.base import format_instant

LISTED_MAX = 10  # the newest are told one by one, the rest are counted: a log of ten years has a hundred thousand


def audit_stamps(check: AuditCheck, home: Home, log_keys: LogKeys | None, open_rows: OpenRows) -> None:
    """Verifies every stamp, then holds the log's raw rows to it. Lists the newest.

    The rows are looked at after the stamps, in a snapshot of their own: a log that grew and was stamped while it was being
    audited is not behind its stamps.
    """
    found: list[TimeStamp] = []
    stamps = StampFolder(home.stamps)
    try:
        sizes = stamps.sizes()
        anchors = home_anchors(home) if sizes else ()
        keys = log_keys or LogKeys.single(())
        for stamped in sizes:
            check.checked += 1
            if (stamp := _audited(check, stamps, stamped, keys, anchors)) is not None:
                found.append(stamp)
    except LedgerError as error:  # nothing of the stamps' own: no anchors, no package, no folder
        check.leave_out(error.what)
    if found:
        with open_rows() as db:
            size = raw_size(db)
            for stamp in found:
                _hold_log_to(check, stamp, db, size)
    check.notes += [_told(stamp) for stamp in found[-LISTED_MAX:]]
    if len(found) > LISTED_MAX:
        check.notes.append(f"and {len(found) - LISTED_MAX} earlier ones")


def _audited(
    check: AuditCheck,
    stamps: StampFolder,
    size: int,
    log_keys: LogKeys,
    anchors: Sequence[x509.Certificate],
) -> TimeStamp | None:
    try:
        kept = stamps.read(size)
        stamp = verify_stamp(kept.token, kept.checkpoint, log_keys, anchors)
        if stamp.size != size:
            raise Untrusted("stamp_misplaced", f"its checkpoint has {stamp.size} entries")
    except Unavailable:
        raise
    except LedgerError as error:
        check.find(error.code, f"stamp {size}", error.what)
        return None
    return stamp


def _hold_log_to(check: AuditCheck, stamp: TimeStamp, db: RawRows, size: int) -> None:
    """Whoever rewrites or cuts the log, checkpoint and all, can't rewrite what an authority signed."""
    item, when = f"stamp {stamp.size}", format_instant(stamp.stamped_at)
    if stamp.size > size:
        check.find("log_behind_stamp", item, f"the log has {size} entries, and had {stamp.size} by {when}")
        return
    try:
        if tree_root(stamp.size, RawTiles(db)) != stamp.root:
            check.find("stamp_root_differs", item, f"its first {stamp.size} entries are not those it had by {when}")
    except LedgerError as error:
        check.find(error.code, item, error.what)


def _told(stamp: TimeStamp) -> str:
    return f"{stamp.size} entries by {format_instant(stamp.stamped_at)}, says {stamp.authority}"
