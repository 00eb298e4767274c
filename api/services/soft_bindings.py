"""Manifests found again by the picture: the C2PA Soft Binding Resolution API over what this ledger took in (ADR 027).

What is recovered is a manifest, not a permission: whether a file may be used is another question, and a recovered manifest
says nothing of the bytes in hand. It counts only if every one of its soft bindings matches what was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.problems import MediaTypeUnsupported
from api.services.services import Services
from ledger.errors import Misuse, NotFound, Unavailable
from ledger.history import History, bodies
from ledger.media.claim import SOFT_BINDING_PDQ
from ledger.media.findings import ALL, CHEAP, QUERY_VARIANTS
from ledger.media.softbinding import AskedBindings, active_alone, as_fingerprints, bindings_of, codes_of
from ledger.rules.lineage import examination
from projections.matches import Match
from schemas.statements.asset import AssetDerived, AssetExamined, ManifestIssued

MANIFEST_PREFIX = "urn:countersign:manifest:sha256:"
BESIDE_MAX = 3  # the newest manifests beside one file: each takes a look in a fenced child
SERVED = frozenset({"trusted", "untrusted", "expired"})  # whoever gets it judges it; what was tampered with misleads


@dataclass(frozen=True)
class Hint:
    """Another binding that the caller knows of, for algorithms that we can't compute."""

    alg: str | None = None
    value: str | None = None

    @property
    def others(self) -> frozenset[tuple[str, str]]:
        if (self.alg is None) != (self.value is None):
            raise Misuse("softbinding_hint_incomplete", "hintAlg and hintValue go together", "Give both or none.")
        return frozenset({(self.alg, self.value)}) if self.alg is not None and self.value is not None else frozenset()


_WHOLE_FRAMES = ("/whole", "/unbarred")  # a binding is to the picture, not to a part of it


def by_binding(services: Services, alg: str, value: str, limit: int) -> list[dict[str, Any]]:
    """Raises Misuse `softbinding_algorithm_unknown`, `softbinding_value_invalid`."""
    _require_ours(alg)
    try:
        codes = codes_of(value)
    except ValueError as error:
        what = f"the value is not one of {SOFT_BINDING_PDQ}: {error}"
        raise Misuse("softbinding_value_invalid", what, "See docs/soft-binding.md.") from error
    services.views.catch_up()
    found = services.views.matches.search(as_fingerprints(codes))
    return _recovered(services, found, AskedBindings(codes), limit)


def by_content(services: Services, path: Path, alg: str | None, hint: Hint, limit: int) -> list[dict[str, Any]]:
    """Raises MediaTypeUnsupported `asset_type_unsupported`, Misuse, Unavailable."""
    others = hint.others
    if alg is not None:
        _require_ours(alg)
    seen = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    if seen.finding("pdq").state == "failed":
        raise Unavailable("examination_failed", "the file could not be examined", "Check it, and try again.")
    if seen.fingerprints is None or not seen.fingerprints.frames:
        what = "there is no picture in this file that an algorithm of ours reads"
        raise MediaTypeUnsupported("asset_type_unsupported", what, "Send a still or a clip.")
    services.views.catch_up()
    found = services.views.matches.search(seen.fingerprints, variants=seen.variants, features=seen.features)
    whole = [variant.code.pdq for variant in seen.variants if variant.variant.endswith(_WHOLE_FRAMES)]
    codes = [frame.pdq for frame in seen.fingerprints.frames] + whole
    return _recovered(services, found, AskedBindings(tuple(dict.fromkeys(codes)), others), limit)


def manifest_store(services: Services, manifest_id: str, *, active_only: bool) -> bytes:
    """Raises Misuse `manifest_id_invalid`, NotFound `manifest_unknown`, Unavailable `manifest_unreadable`."""
    sha256 = manifest_id.removeprefix(MANIFEST_PREFIX)
    if not manifest_id.startswith(MANIFEST_PREFIX) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Misuse("manifest_id_invalid", f"a manifest here is {MANIFEST_PREFIX}…", "Take it from an answer.")
    history = services.ledger.history()
    if not _ours_or_whole(history, sha256) or not services.blobs.has(sha256):
        raise NotFound("manifest_unknown", "no manifest of this number is kept here", "Take it from an answer.")
    store = services.blobs.get(sha256)
    try:
        return active_alone(store) if active_only else store
    except (ValueError, StopIteration) as error:
        what = "the manifest store can't be taken apart"
        raise Unavailable("manifest_unreadable", what, "Ask for the whole store.") from error


def _ours_or_whole(history: History, sha256: str) -> bool:
    """Issued here to be kept beside a file, or found in a file that it fits."""
    said = history.last(f"manifest:{sha256}", AssetExamined, AssetDerived, ManifestIssued)
    if said is None or isinstance(said.body, ManifestIssued):
        return said is not None
    asset = said.body.asset if isinstance(said.body, AssetExamined | AssetDerived) else None
    examined = examination(history, asset) if asset else None
    return examined is not None and examined[1].c2pa_state in SERVED


def _require_ours(alg: str) -> None:
    if alg != SOFT_BINDING_PDQ:
        what = f"this service knows {SOFT_BINDING_PDQ} only"
        raise Misuse("softbinding_algorithm_unknown", what, "Ask a service that supports it.")


def _recovered(services: Services, found: list[Match], asked: AskedBindings, limit: int) -> list[dict[str, Any]]:
    history = services.ledger.history()
    rows: dict[str, dict[str, Any]] = {}
    for match in filter(lambda one: one.tells, found):
        for sha256, report in _kept(services, history, match.asset_sha256):
            if sha256 not in rows and asked.matches(bindings_of(report)):
                score = max(0, min(100, round(match.score * 100)))
                rows[sha256] = {"manifestId": MANIFEST_PREFIX + sha256, "similarityScore": score}
    return list(rows.values())[:limit]


def _kept(services: Services, history: History, asset: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(digest of the manifest store, the engine's report on it) of a file, where both are here and it was not tampered with."""
    yield from _beside(services, history, asset)
    examined = examination(history, asset)
    if examined is None or examined[1].manifest_sha256 is None or examined[1].c2pa_state not in SERVED:
        return
    body = examined[1]
    whole = json.loads(services.blobs.get(body.examination_sha256))
    report_sha256, manifest = whole["c2pa"].get("raw_report_sha256"), str(body.manifest_sha256)
    if report_sha256 and services.blobs.has(report_sha256) and services.blobs.has(manifest):
        yield manifest, json.loads(services.blobs.get(report_sha256))


def _beside(services: Services, history: History, asset: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The manifests that were issued to be kept beside a file: nobody examined those, so they are read now."""
    issued = [body for _, body in bodies(history.about(f"asset:{asset}", ManifestIssued), ManifestIssued)]
    for body in issued[-BESIDE_MAX:]:
        if services.blobs.has(body.manifest_sha256):
            found = services.examiner.examine(services.blobs.path(body.manifest_sha256), extractors=CHEAP).c2pa
            if found.state in SERVED:
                yield body.manifest_sha256, json.loads(found.raw_report)
