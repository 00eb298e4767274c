"""A published log, read by somebody who has its files and its keys and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.errors import Misuse
from ledger.log.audit import audit_published
from ledger.log.indexaudit import audit_named_roots
from ledger.log.published import PublishedFolder
from ledger.proof.note import NoteVerifier
from ledger.proof.policy import TlogPolicy


def check_log(folder: Path, vkeys: Sequence[str], policy: TlogPolicy | None) -> dict[str, Any]:
    """What was read and fits. Raises what `audit_published` and `audit_named_roots` raise; where only hashes are published, the
    roots of the tag index are said to be not checked.
    """
    published = PublishedFolder(folder)
    report = audit_published(published, tuple(map(NoteVerifier.parse, vkeys)), policy)
    if policy is not None and report.witnessed_size is None:
        raise Misuse("not_witnessed", "you gave a policy, and no witnessed checkpoint is published there")
    return {**report.as_json(), "index": _index(published, report.checkpoint.size, report.bundles)}


def _index(published: PublishedFolder, size: int, bundles: int) -> str:
    if not bundles:
        return "not checked: only hashes are published here, and the roots of the tag index take the entries"
    found = audit_named_roots(published, size)
    if not found.roots:
        return "no root is named in this log: completeness can't be proved from it"
    roots = "1 root" if found.roots == 1 else f"{found.roots:,} roots"
    return f"{roots} named and computed again from the entries, up to size {found.indexed_to:,}"
