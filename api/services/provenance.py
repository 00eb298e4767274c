"""Signing: a C2PA manifest that names the file's entry in this log and tells its lineage (SPEC S5.3, S11.8).

Signed into the file it makes a twin, a new asset; beside the file it is a sidecar, and the bytes stay what they were. Either
way the log names the manifest before anybody gets it.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services.ancestry import Ancestry, ancestry
from api.services.intake import keep_file, say_examination
from api.services.services import Services
from ledger.errors import Misuse, NotFound, Unavailable
from ledger.history import History
from ledger.media.c2pa_claims import TRAINED_ALGORITHMIC_MEDIA
from ledger.media.claim import Claim, pdq_soft_binding
from ledger.media.findings import Examination
from ledger.media.signing import ManifestSigner
from ledger.proof.merkle import leaf_hash
from ledger.rules.generations import generation
from ledger.rules.lineage import arrival, examination
from ledger.statement import Said
from schemas.statements.asset import AssetDerived, AssetImported, ManifestIssued

TOOL = "countersign c2pa signer"


@dataclass(frozen=True)
class Signed:
    """The twin: its digest, where its bytes lie, and what it reads back as under our own anchors."""

    asset_sha256: str
    path: Path
    examination: Examination
    entry_indices: tuple[int, int]
    recovered: str | None = None
    """The known file that its parent was found to be, where the lineage did not say."""


@dataclass(frozen=True)
class Sidecar:
    """A manifest store for bytes that stay as they are."""

    asset_sha256: str
    manifest_sha256: str
    path: Path
    entry_index: int


@dataclass(frozen=True)
class _Known:
    signer: ManifestSigner
    came: Said
    examination: Examination
    ancestry: Ancestry


def sign_asset(services: Services, asset: str, *, title: str, carried: dict[str, Any] | None = None) -> Signed:
    """`carried`: more members of the ledger's assertion.

    Raises NotFound `asset_unknown`, Unavailable `signer_missing`, Misuse from the signer.
    """
    history = services.ledger.history()
    known = _known(services, history, asset)
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        target = Path(folder) / "signed"
        made = known.signer.sign(
            services.blobs.path(asset),
            target,
            _claim(services, history, known, title, carried),
            parent=known.ancestry.parent,
            components=tuple(known.ancestry.components),
        )
        found = services.examiner.examine(target)
        keep_file(services, target, found.sha256)
    body = AssetDerived(
        asset=found.sha256,
        parents=(asset,),
        relation="signed",
        size_bytes=found.size_bytes,
        media_type=_media_type(known.came.body),
        tool=TOOL,
        manifest_sha256=services.blobs.put(made.manifest_bytes),
    )
    derived = services.ledger.say(body)
    entries = (derived.index, say_examination(services, found).index)
    return Signed(found.sha256, services.blobs.path(found.sha256), found, entries, known.ancestry.recovered)


def sign_beside(services: Services, asset: str, *, title: str) -> Sidecar:
    """Raises as `sign_asset` does, and Misuse `manifest_present` for a file that has one inside."""
    history = services.ledger.history()
    known = _known(services, history, asset)
    if known.examination.c2pa.manifest_sha256 is not None:
        raise Misuse(
            "manifest_present", "the file has a manifest inside", "Sign it again instead: that keeps its history."
        )
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        made = known.signer.sign(
            services.blobs.path(asset),
            Path(folder) / "store.c2pa",
            _claim(services, history, known, title),
            parent=known.ancestry.parent,
            components=tuple(known.ancestry.components),
            embed=False,
        )
    sha256 = services.blobs.put(made.manifest_bytes)
    certificate = known.signer.certificate_sha256
    said = services.ledger.say(ManifestIssued(asset=asset, manifest_sha256=sha256, certificate_sha256=certificate))
    return Sidecar(asset, sha256, services.blobs.path(sha256), said.index)


def signer_of(services: Services) -> ManifestSigner:
    """Raises Unavailable `signer_missing`."""
    if services.signer is None:
        raise Unavailable(
            "signer_missing", "no C2PA signing identity is set up in this home", "See the runbook on keys."
        )
    return services.signer


def _known(services: Services, history: History, asset: str) -> _Known:
    signer = signer_of(services)
    came, examined = arrival(history, asset), examination(history, asset)
    if came is None or examined is None:
        raise NotFound("asset_unknown", "no examined file with this digest is in the ledger", "Import it first.")
    recorded = Examination.from_json(json.loads(services.blobs.get(examined[1].examination_sha256)))
    return _Known(signer, came, recorded, ancestry(services, history, asset, recorded))


def _claim(
    services: Services, history: History, known: _Known, title: str, carried: dict[str, Any] | None = None
) -> Claim:
    """What the manifest says: the file's entry here, the model that made it, and its picture as a soft binding."""
    assertion = {
        "origin": services.origin,
        "statement_id": known.came.statement.id,
        "leaf_sha256": leaf_hash(known.came.entry).hex(),
        "index": known.came.index,
        **(carried or {}),
    }
    fingerprints = known.examination.fingerprints
    binding = pdq_soft_binding(fingerprints) if fingerprints else None
    return Claim(
        title=title,
        ledger_assertion=assertion,
        software_agent=_model(history, known.came.body) or "unknown generator",
        digital_source_type=known.examination.c2pa.digital_source_type or TRAINED_ALGORITHMIC_MEDIA,
        soft_bindings=(binding,) if binding else (),
        edits=tuple(known.ancestry.edits),
    )


def _model(history: History, body: object) -> str | None:
    requested = generation(history, body.generation) if isinstance(body, AssetImported) and body.generation else None
    return f"{requested[1].provider} {requested[1].model_snapshot}" if requested else None


def _media_type(body: object) -> str:
    return str(getattr(body, "media_type", "application/octet-stream"))
