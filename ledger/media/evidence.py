"""Evidence frames: what a finding points at. Small JPEGs, named by their SHA-256 in its detail under `evidence`, handed to the
caller apart, and kept by them as blobs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final

EVIDENCE: Final = "evidence_frames"  # the name under which they are apart
EVIDENCE_FRAMES_MAX: Final = 24  # of one examination, about 40 kB each; beyond it a finding goes without
EVIDENCE_BYTES_MAX: Final = 512 * 2**10  # a noisy frame of 512 px has 130 kB


def keep_content(apart: dict[str, Any], content: bytes) -> str | None:
    """The SHA-256 of what was put beside the findings; None when there is enough of it already."""
    kept: dict[str, str] = apart.setdefault(EVIDENCE, {})
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 not in kept and (len(kept) >= EVIDENCE_FRAMES_MAX or len(content) > EVIDENCE_BYTES_MAX):
        return None
    kept[sha256] = base64.b64encode(content).decode("ascii")
    return sha256


def evidence_of(apart: dict[str, Any]) -> dict[str, bytes]:
    """{SHA-256: JPEG} of an examination. Raises TypeError or ValueError for anything that is not what it says."""
    found = {
        str(name): base64.b64decode(str(text), validate=True) for name, text in dict(apart.get(EVIDENCE, {})).items()
    }
    if len(found) > EVIDENCE_FRAMES_MAX or any(len(content) > EVIDENCE_BYTES_MAX for content in found.values()):
        raise ValueError("too much evidence")
    if any(hashlib.sha256(content).hexdigest() != name for name, content in found.items()):
        raise ValueError("evidence under another name")
    return found


def named_evidence(detail: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each {"t_ms", "sha256"} under `evidence` in a finding's detail, after what it lies in."""
    if isinstance(detail, dict):
        one = detail.get("evidence")
        if isinstance(one, dict) and isinstance(one.get("sha256"), str):
            yield detail, one
        detail = list(detail.values())
    if isinstance(detail, list):
        for inner in detail:
            yield from named_evidence(inner)
