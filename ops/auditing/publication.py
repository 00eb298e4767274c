"""What the home published: whole in itself, and a past of the very log that lies here now."""

from __future__ import annotations

from ledger.errors import LedgerError, Unavailable
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, WITNESSED, PublishedFolder
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import only_signed_by
from ledger.proof.logkeys import LogKeys
from ledger.proof.merkle import tree_root
from ops.auditing.report import AuditCheck
from ops.auditing.rows import OpenRows, RawRows, RawTiles, raw_size
from ops.home import Home

ROUNDS_MAX = 3  # a publisher at work moves files under the auditor's eyes; each time more than a second apart


def audit_publication(check: AuditCheck, home: Home, log_keys: LogKeys | None, open_rows: OpenRows) -> None:
    """`public/` against itself, then the log's raw rows against each checkpoint in it.

    Cosignatures are not weighed: the policy may have changed since. The checkpoints are read before the rows, so that a
    log that grew and was published meanwhile is not called behind.
    """
    public = PublishedFolder(home.public)
    if not home.public.is_dir() or next(public.names(), None) is None:
        check.notes.append("nothing is published under public/: whether this is an older copy, only others can tell")
        return
    keys = log_keys or LogKeys.single(())
    try:
        _audit_files(check, public, keys)
        seen = _checkpoints(check, public, keys)
    except Unavailable as error:
        check.leave_out(error.what)
        return
    with open_rows() as db:
        size = raw_size(db)
        for name, past in seen:
            _hold_log_to(check, f"public/{name}", past, db, size)


def _audit_files(check: AuditCheck, public: PublishedFolder, keys: LogKeys) -> None:
    for last in (*[False] * (ROUNDS_MAX - 1), True):
        before = public.read(CHECKPOINT)
        if before is None:
            check.notes.append("there is no checkpoint under public/: tiles of a first round that broke off")
            return
        try:
            report = audit_published(public, keys)
            check.checked = report.tiles + report.bundles + report.older_partials
            return
        except Unavailable:
            raise
        except LedgerError as error:
            if last or public.read(CHECKPOINT) == before:
                name = error.what.split(" ")[0] if error.code == "published_differs" else CHECKPOINT
                check.find(error.code, f"public/{name}", error.what)
                return


def _checkpoints(check: AuditCheck, public: PublishedFolder, keys: LogKeys) -> list[tuple[str, Checkpoint]]:
    """Those that the log's keys signed; one that they did not is no word of this log."""
    found = []
    for name in (CHECKPOINT, WITNESSED):
        note = public.read(name)
        if note is None:
            continue
        try:
            found.append((name, keys.open(only_signed_by(note, keys.all)).checkpoint))
        except LedgerError as error:
            if not check.findings_total:
                check.find(error.code, f"public/{name}", error.what)
    return found


def _hold_log_to(check: AuditCheck, item: str, past: Checkpoint, db: RawRows, size: int) -> None:
    """Whoever cuts the log, checkpoint and all, or puts an older copy back, still has to reach what others may have."""
    if past.size > size:
        check.find("log_behind_published", item, f"the log has {size} entries, {past.size} were published")
        return
    try:
        if tree_root(past.size, RawTiles(db)) != past.root:
            check.find("log_forked", item, f"the log's first {past.size} entries are not those that were published")
    except LedgerError as error:
        check.find(error.code, item, error.what)
