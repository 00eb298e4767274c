"""Run the asked-for extractors on one file, each on its own: what breaks one says so in its finding and stops no other.

Runs in the child process. An extractor that nobody asked for, or that isn't built yet, is `not_checked`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ledger.media.findings import (
    QUERY_VARIANTS,
    C2paReport,
    Finding,
    FindingState,
    Fingerprints,
    FrameCode,
    Probe,
    VariantCode,
)
from ledger.media.trust import TrustSettings

NOT_BUILT: Final = ("faces", "audio_fingerprint", "visible_mark", "invisible_watermark")
DIGEST_ALGORITHM: Final = ("digest", "sha256", "FIPS 180-4")


@dataclass
class Extraction:
    """What the extractors found so far; the parent adds the digest, which it computes itself."""

    c2pa: C2paReport
    probe: Probe | None = None
    fingerprints: Fingerprints | None = None
    essence_sha256: str | None = None
    variants: tuple[VariantCode, ...] = ()
    findings: dict[str, Finding] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "c2pa": self.c2pa.as_json(raw_report=True),
            "probe": None if self.probe is None else self.probe.as_json(),
            "fingerprints": None if self.fingerprints is None else self.fingerprints.as_json(),
            "essence_sha256": self.essence_sha256,
            "variants": [variant.as_json() for variant in self.variants],
            "findings": [finding.as_json() for finding in self.findings.values()],
        }


def examine(path: Path, extractors: frozenset[str], trust: TrustSettings, now: datetime) -> Extraction:
    """Run the extractors named. Imports follow what is asked: the cheap set loads no decoder."""
    found = Extraction(C2paReport("not_checked", "not_checked", trust_sha256=trust.sha256))
    if "c2pa" in extractors:
        _guarded(found, ("c2pa",), lambda: _c2pa(found, path, trust, now))
    if extractors & {"probe", "pdq", "phash256", "essence", QUERY_VARIANTS}:
        _decode(found, path, extractors)
    return found


def finding(extractor: str, state: FindingState, **detail: Any) -> Finding:
    """A finding without an algorithm: nothing ran, or nothing finished."""
    return Finding(extractor, "none", "0", state, detail)


def _guarded(found: Extraction, extractors: tuple[str, ...], run: Callable[[], None]) -> None:
    """Turn whatever a stranger's bytes provoke into findings. The code is ours or the exception's name, never its text."""
    try:
        run()
    except Exception as error:  # decoders raise anything; the process is fenced and the finding says which
        code = str(getattr(error, "code", type(error).__name__))
        state: FindingState = "unsupported" if type(error).__name__ == "UnsupportedMediaError" else "failed"
        for extractor in extractors:
            found.findings.setdefault(extractor, finding(extractor, state, code=code))


def _c2pa(found: Extraction, path: Path, trust: TrustSettings, now: datetime) -> None:
    from ledger.media.c2pa import read_c2pa

    report = found.c2pa = read_c2pa(path, trust, now)
    states: dict[str, FindingState] = {"absent": "absent", "unsupported": "unsupported", "not_checked": "not_checked"}
    detail = {
        "state": report.state,
        "ingredients_state": report.ingredients_state,
        "signing_state": report.signing_state,
        "signed_at": report.signed_at,
        "trust_sha256": report.trust_sha256,
        "trust_lists": list(report.trust_lists),
        "checked_at": report.checked_at,
    }
    state = states.get(report.state, "found")
    found.findings["c2pa"] = Finding("c2pa", report.algorithm, report.version, state, detail)


def _decode(found: Extraction, path: Path, extractors: frozenset[str]) -> None:
    from ledger.media.probe import sniff

    kind = sniff(path)
    if kind.kind == "other":
        for name in extractors & {"probe", "pdq", "phash256", "essence"}:
            found.findings[name] = finding(name, "unsupported", code="not_media", media_type=kind.name)
        return
    if "probe" in extractors:
        _guarded(found, ("probe",), lambda: _probe(found, path, kind))
    if "essence" in extractors:
        _guarded(found, ("essence",), lambda: _essence(found, path, kind))
    codes = tuple(name for name in ("pdq", "phash256") if name in extractors)
    if codes or QUERY_VARIANTS in extractors:
        _guarded(found, codes, lambda: _fingerprints(found, path, kind, extractors))


def _probe(found: Extraction, path: Path, kind: Any) -> None:
    import av

    from ledger.media.probe import probe

    found.probe = probe(path, kind, path.stat().st_size)
    detail = {"media_type": kind.name, "medium": found.probe.medium}
    found.findings["probe"] = Finding("probe", "libav", f"av {av.__version__}", "found", detail)


def _essence(found: Extraction, path: Path, kind: Any) -> None:
    from ledger.media.essence import essence

    digest, algorithm, version = essence(path, kind)
    found.essence_sha256 = digest
    found.findings["essence"] = Finding("essence", algorithm, version, "found", {"sha256": digest})


def _fingerprints(found: Extraction, path: Path, kind: Any, extractors: frozenset[str]) -> None:
    """One pass over the pictures for every code and variant."""
    from ledger.media import fingerprints as codes
    from ledger.media.frames import Coverage, sample_frames

    coverage, frames, variants = Coverage(), list[FrameCode](), list[VariantCode]()
    for frame in sample_frames(path, kind, coverage):
        if QUERY_VARIANTS in extractors:
            variants += codes.query_codes(frame.t_ms, frame.pixels)
            frames.append(variants[-1].code if variants[-1].variant == "plain" else _plain(variants, frame.t_ms))
        else:
            frames.append(codes.frame_code(frame.t_ms, frame.pixels))
    found.variants = tuple(variants)
    version = codes.fingerprint_version()
    found.fingerprints = Fingerprints(codes.PDQ_ALGORITHM, version, tuple(frames))
    usable = sum(frame.quality >= codes.QUALITY_MIN for frame in frames)
    detail: dict[str, Any] = {"frames": len(frames), "usable_frames": usable, "until_ms": coverage.until_ms}
    detail |= {"ended_early": coverage.ended_early} if coverage.ended_early else {}
    for name, algorithm in (("pdq", codes.PDQ_ALGORITHM), ("phash256", codes.PHASH_ALGORITHM)):
        if name in extractors:
            found.findings[name] = Finding(name, algorithm, version, "found" if frames else "absent", detail)


def _plain(variants: list[VariantCode], t_ms: int) -> FrameCode:
    return next(v.code for v in reversed(variants) if v.variant == "plain" and v.code.t_ms == t_ms)
