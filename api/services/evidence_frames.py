"""The frames that findings point at: what a person looks at to judge a finding."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from api.services.services import Services
from ledger.errors import NotFound
from ledger.media.evidence import named_evidence
from ledger.rules.lineage import examination
from schemas.statements.asset import FindingRecord


def evidence_frame(services: Services, asset: str, frame: str) -> bytes:
    """Our own JPEG. Raises NotFound `evidence_unknown`: no finding about the file names it, or it is lost."""
    found = examination(services.ledger.history(), asset)
    findings = found[1].findings if found else ()
    named = {one["sha256"] for finding in findings for _, one in named_evidence(finding.detail)}
    if frame not in named or not services.blobs.has(frame):
        raise NotFound("evidence_unknown", "no finding about this file points at such a frame", "See its findings.")
    return services.blobs.get(frame)


def lines_read(services: Services, findings: Iterable[FindingRecord]) -> list[dict[str, Any]]:
    """What was read in the picture, claims first; nothing where it was erased. It lies beside the log: it may name people."""
    digests = [one.detail.get("lines_sha256") for one in findings if one.extractor == "text"]
    if not digests or not digests[0] or not services.blobs.has(digests[0]):
        return []
    lines = json.loads(services.blobs.get(digests[0]))["lines"]
    return sorted(lines, key=lambda line: (not line["claim"], line["t_ms"]))
