"""A copy of the log for strangers, in a new folder: C2SP tlog-tiles, which any static web server can publish.

It is written by the publisher that publishes the log everywhere else (ledger/log), and read back before this returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import Misuse, Untrusted
from ledger.log.audit import audit_published
from ledger.log.indexaudit import audit_named_roots
from ledger.log.published import VKEYS, PublishedFolder
from ledger.log.publisher import Publisher
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.logkeys import LogKeys
from ledger.proof.note import NoteVerifier
from ledger.proof.tiles import tile_name
from ledger.store.contract import Store

__all__ = ["Exported", "export_log", "tile_name", "verify_export"]


@dataclass(frozen=True)
class Exported:
    """What was written, after it was read back: the log's name and size, its root in hex, and how many files; how many roots of
    its tag index it names, each computed again from the exported entries, and up to which size.
    """

    origin: str
    size: int
    root: str
    tiles: int
    bundles: int
    index_roots: int
    indexed_to: int

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def export_log(store: Store, log_keys: LogKeys | Sequence[NoteVerifier], target: Path) -> Exported:
    """Writes the log at its present checkpoint into an empty or new folder.

    Raises Misuse `export_not_empty`, `log_empty`; Untrusted when the log does not verify, which leaves no checkpoint.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Misuse("export_not_empty", "the folder to export into is not empty", "Name a new folder.")
    folder = PublishedFolder(target)
    Publisher(store, folder, log_keys, with_entries=True).publish()
    report = audit_published(folder, log_keys)
    head = report.checkpoint
    index = audit_named_roots(folder, head.size)
    counts = (report.tiles, report.bundles, index.roots, index.indexed_to)
    return Exported(head.origin, head.size, head.root.hex(), *counts)


def verify_export(target: Path) -> Checkpoint:
    """Reads an exported log back from its files alone, under the keys that lie with it.

    Raises Untrusted, `export_differs` where a file does not fit; that the keys are the log's own is for the reader to know.
    """
    folder = PublishedFolder(target)
    try:
        vkeys = (folder.read(VKEYS) or b"").decode("utf-8")
        log_keys = tuple(map(NoteVerifier.parse, vkeys.splitlines()))
    except (UnicodeDecodeError, Misuse) as error:
        raise Untrusted("export_differs", f"{VKEYS} does not hold verifier keys") from error
    try:
        head = audit_published(folder, log_keys).checkpoint
        audit_named_roots(folder, head.size)
        return head
    except Untrusted as error:
        if error.code == "published_differs":
            raise Untrusted("export_differs", error.what, "Export the log again.") from error
        raise
