"""The frames that findings point at: what a person looks at to judge a finding."""

from __future__ import annotations

from api.services.services import Services
from ledger.errors import NotFound
from ledger.media.evidence import named_evidence
from ledger.rules.lineage import examination


def evidence_frame(services: Services, asset: str, frame: str) -> bytes:
    """Our own JPEG. Raises NotFound `evidence_unknown`: no finding about the file names it, or it is lost."""
    found = examination(services.ledger.history(), asset)
    findings = found[1].findings if found else ()
    named = {one["sha256"] for finding in findings for _, one in named_evidence(finding.detail)}
    if frame not in named or not services.blobs.has(frame):
        raise NotFound("evidence_unknown", "no finding about this file points at such a frame", "See its findings.")
    return services.blobs.get(frame)
