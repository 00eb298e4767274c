"""The time stamps of an evidence pack, verified to the authorities that the caller believes (RFC 3161; SPEC S8.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509

from ledger.errors import LedgerError
from ledger.log.timestamp import TimeStamp, check_installed, verify_token
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.packclaims import stamp_names
from ledger.proof.packfile import PackFile
from ledger.proof.packreport import (
    PACK_STAMPED_STEP,
    UNVERIFIED_STAMPS_REMARK,
    PackFault,
    PackReport,
    PackStep,
    StampBound,
)
from schemas.base import format_instant


def with_authorities(source: bytes | Path, report: PackReport, anchors: Sequence[x509.Certificate]) -> PackReport:
    """`report` of the pack in `source` with its stamps verified under `anchors`; a pack without any fails, since it was asked.

    A pack that fails already is left as it is. Raises Unavailable `extra_missing`.
    """
    check_installed()
    if report.state == "untrusted":
        return report
    faults: list[PackFault] = []
    bounds: list[StampBound] = []
    if not report.stamps:
        what = "you gave certificates of authorities, and the pack holds no time stamp"
        faults.append(PackFault(PACK_STAMPED_STEP, "stamps", "pack_not_stamped", what))
    file = PackFile(source)
    try:
        for bound in report.stamps:
            try:
                stamp = _verified(file, bound.size, anchors)
                bounds.append(StampBound(bound.size, format_instant(stamp.stamped_at), stamp.authority))
            except LedgerError as error:
                bounds.append(bound)
                faults.append(PackFault(PACK_STAMPED_STEP, stamp_names(bound.size)[1], error.code, error.what))
    finally:
        file.close()
    step = PackStep(PACK_STAMPED_STEP, len(report.stamps), tuple(faults), ())
    others = [one for one in report.steps if one.number != PACK_STAMPED_STEP]
    remarks = tuple(one for one in report.remarks if one != UNVERIFIED_STAMPS_REMARK)
    return replace(report, steps=(*others, step), stamps=tuple(bounds), remarks=remarks)


def _verified(file: PackFile, size: int, anchors: Sequence[x509.Certificate]) -> TimeStamp:
    """Step 13 has opened the checkpoint under the log's keys."""
    checkpoint, token = map(file.read, stamp_names(size)[:2])
    head = Checkpoint.parse(checkpoint.partition(b"\n\n")[0].decode("utf-8") + "\n")
    return verify_token(token, checkpoint, head, anchors)
