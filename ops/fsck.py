"""`countersign fsck`: is this home whole? Told from raw rows by an auditor that shares no query with the store.

Order: the file; then one pass over the rows, which feeds tree, entries, signatures, tags and index; the checkpoint; what was
published and time-stamped; then what the entries name elsewhere (keys, blobs, vault); last the views. Nothing is changed,
nothing is repaired. Where nothing outside the log's file tells of a larger log, an older copy of it is a whole log.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError, Untrusted
from ops.auditing.entries import EntryAudit
from ops.auditing.holdings import audit_blobs, audit_vault
from ops.auditing.indexes import IndexAudit
from ops.auditing.keyfiles import audit_keys, audit_rotations
from ops.auditing.publication import audit_publication
from ops.auditing.raw_log import RawLog
from ops.auditing.report import AuditCheck, AuditReport, Progress
from ops.auditing.rows import RawEntry, RawRows, raw_entries, scratch
from ops.auditing.speakers import Speakers
from ops.auditing.stamps import audit_stamps
from ops.auditing.tree import TreeAudit
from ops.auditing.views import audit_views
from ops.home import Home
from ops.settings import Settings

PROGRESS_ENTRIES = 10_000  # how many entries between two words of progress: a few seconds' work
GAP_ENTRIES_MAX = 10_000  # gaps larger than this are told as one, not entry by entry


def audit_home(
    path: Path,
    settings: Settings,
    *,
    skip_blobs: bool = False,
    skip_views: bool = False,
    progress: Progress = lambda _: None,
) -> AuditReport:
    """Every check of `ops.auditing.report.TITLES`; what is wrong is in the report, never raised.

    Raises Unavailable `store_unavailable` when the log can't be looked at now, which says nothing about the log.
    """
    report, home = AuditReport(), Home(path)
    log = RawLog.of(home, settings)
    with scratch() as seen:
        try:
            if not log.is_there():
                report["file"].find("log_missing", log.name, "there is no log in this home")
                return report
            with log.open() as db:
                _audit_file(report["file"], log, db)
                speakers = _audit_log(report, db, seen, settings, progress)
            audit_publication(report["published"], home, speakers.log_keys, log.open)
            audit_stamps(report["stamps"], home, speakers.log_keys, log.open)
        except Untrusted as error:
            report["file"].find(error.code, log.name, error.what)
            _leave_out(report, "the log's rows can't be read")
            return report
        audit_keys(report["keys"], home, speakers)
        _audit_holdings(report, seen, home, skip_blobs, progress)
    _audit_views(report, home, settings, skip_views, progress)
    return report


def _audit_file(check: AuditCheck, log: RawLog, db: RawRows) -> None:
    for line in log.complaints(db):
        check.checked += 1
        if line != "ok":
            check.find("store_corrupt", log.name, line)
    check.notes += log.remarks(db)


def _audit_log(
    report: AuditReport, db: RawRows, seen: sqlite3.Connection, settings: Settings, progress: Progress
) -> Speakers:
    head = db.execute("SELECT size, checkpoint FROM head").fetchone()
    if head is None:
        report["rows"].find("head_missing", "head", "the log has no head row")
    size, checkpoint = head or (0, b"")
    if not (isinstance(size, int) and isinstance(checkpoint, bytes)):  # SQLite keeps any type in any column
        report["rows"].find("head_malformed", "head", "its size is no number, or its checkpoint no bytes")
        size, checkpoint = size if isinstance(size, int) else 0, checkpoint if isinstance(checkpoint, bytes) else b""
    tree, entries, index = TreeAudit(db), EntryAudit(report, seen), IndexAudit(report["index"], db, seen)
    report.log_size = _walk(report, db, _Audits(tree, entries, index), size, progress)
    if report.log_size != size:
        what = f"the head says {size} entries, the rows end at {report.log_size}"
        report["rows"].find("head_size_differs", "head", what)
    root = tree.root()
    signed_root = _audit_checkpoint(report, checkpoint, entries.speakers, root, settings)
    audit_rotations(report["checkpoint"], db, entries.speakers)
    tree.tell(report["tree"], root, signed_root)
    return entries.speakers


@dataclass(frozen=True)
class _Audits:
    """What is fed from the one pass over the rows."""

    tree: TreeAudit
    entries: EntryAudit
    index: IndexAudit


def _walk(report: AuditReport, db: RawRows, audits: _Audits, size: int, progress: Progress) -> int:
    """One pass over the rows in order; returns the last position."""
    last = 0
    for row in raw_entries(db):
        if not isinstance(row, RawEntry):
            report["tags"].find("tag_without_entry", f"entry {row[0] - 1}", "tag rows name an entry that is not there")
            continue
        _tell_gap(report, audits, last, row.position)
        last = row.position
        report["rows"].checked += 1
        audits.tree.add(row.data)
        audits.entries.look(row)
        audits.index.look(row)
        if row.position % PROGRESS_ENTRIES == 0:
            progress(f"entries {row.position} of {size}")
    if last < size:
        _tell_gap(report, audits, last, size + 1)
    return last


def _tell_gap(report: AuditReport, audits: _Audits, last: int, position: int) -> None:
    """Positions in (last, position) have no row."""
    missing = range(last + 1, position)
    if missing:
        audits.index.give_up("an entry is missing")
    if len(missing) > GAP_ENTRIES_MAX:
        report["rows"].find("entries_missing", f"entry {last}", f"{len(missing)} entries are missing from here")
        return
    for gone in missing:
        report["rows"].find("entry_missing", f"entry {gone - 1}", "there is no row for it")
        audits.tree.add_missing(gone - 1)


def _audit_checkpoint(
    report: AuditReport, note: bytes, speakers: Speakers, root: bytes, settings: Settings
) -> bytes | None:
    """The root that the log's keys signed, or None when they did not sign this."""
    check = report["checkpoint"]
    if not note and not report.log_size:
        check.notes.append("the log is empty")
        return None
    try:
        if speakers.log_keys is None:
            raise Untrusted("log_keys_unknown", "no first entry names the log's keys")
        opened = speakers.log_keys.open(note)
        signed = opened.checkpoint
    except LedgerError as error:
        check.find(error.code, "checkpoint", error.what)
        return None
    check.checked = len(opened.signatures)
    if signed.origin != settings.origin:
        check.find("origin_differs", "settings.toml", f"the log is {signed.origin}, the settings say {settings.origin}")
    if signed.size != report.log_size:
        check.find("size_differs", "checkpoint", f"it covers {signed.size} entries; there are {report.log_size}")
    elif signed.root != root:
        check.find("root_differs", "checkpoint", "its root is not that of the entries")
    return signed.root


def _audit_holdings(
    report: AuditReport, seen: sqlite3.Connection, home: Home, skip_blobs: bool, progress: Progress
) -> None:
    if skip_blobs:
        report["blobs"].leave_out("by request")
    else:
        audit_blobs(report["blobs"], seen, home.blobs, progress)
    try:
        audit_vault(report["vault"], seen, home)
    except sqlite3.DatabaseError as error:
        report["vault"].find("vault_unreadable", "vault.sqlite", f"SQLite answered: {error}")


def _audit_views(report: AuditReport, home: Home, settings: Settings, skip_views: bool, progress: Progress) -> None:
    check = report["views"]
    if skip_views:
        check.leave_out("by request")
    elif not report.clean:
        check.leave_out("views can only be rebuilt from a log that is whole")
    else:
        try:
            audit_views(check, home, settings, progress)
        except LedgerError as error:
            check.find(error.code, "views.sqlite", error.what)


def _leave_out(report: AuditReport, why: str) -> None:
    for check in report.checks[1:]:
        if not check.findings_total:
            check.leave_out(why)
