"""Signing: a C2PA manifest that names the file's entry in this log, and the signed twin as a new asset (SPEC S5.3)."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from api.services.intake import keep_file, say_examination
from api.services.services import Services
from ledger.errors import NotFound, Unavailable
from ledger.history import History
from ledger.media.findings import Examination
from ledger.media.signing import Claim, pdq_soft_binding
from ledger.proof.merkle import leaf_hash
from ledger.rules.generations import generation
from ledger.rules.lineage import arrival, examination
from ledger.statement import Said
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported

TOOL = "countersign c2pa signer"


@dataclass(frozen=True)
class Signed:
    """The twin: its digest, where its bytes lie, and what it reads back as under our own anchors."""

    asset_sha256: str
    path: Path
    examination: Examination
    entry_indices: tuple[int, int]


def sign_asset(services: Services, asset: str, *, title: str) -> Signed:
    """Raises NotFound `asset_unknown`, Unavailable `signer_missing`, Misuse from the signer."""
    if services.signer is None:
        raise Unavailable(
            "signer_missing", "no C2PA signing identity is set up in this home", "See the runbook on keys."
        )
    history = services.ledger.history()
    came, examined = arrival(history, asset), examination(history, asset)
    if came is None or examined is None:
        raise NotFound("asset_unknown", "no examined file with this digest is in the ledger", "Import it first.")
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        target = Path(folder) / "signed"
        claim = _claim(services, history, came, examined[1], title)
        made = services.signer.sign(services.blobs.path(asset), target, claim)
        found = services.examiner.examine(target)
        keep_file(services, target, found.sha256)
    manifest_sha256 = services.blobs.put(made.manifest_bytes)
    body = AssetDerived(
        asset=found.sha256,
        parents=(asset,),
        relation="signed",
        size_bytes=found.size_bytes,
        media_type=_media_type(came.body),
        tool=TOOL,
        manifest_sha256=manifest_sha256,
    )
    derived = services.ledger.say(body)
    return Signed(
        found.sha256, services.blobs.path(found.sha256), found, (derived.index, say_examination(services, found).index)
    )


def _claim(services: Services, history: History, came: Said, examined: AssetExamined, title: str) -> Claim:
    """What the manifest says: the file's entry here, the model that made it, and its picture as a soft binding."""
    assertion = {
        "origin": services.origin,
        "statement_id": came.statement.id,
        "leaf_sha256": leaf_hash(came.entry).hex(),
        "index": came.index,
    }
    recorded = Examination.from_json(json.loads(services.blobs.get(examined.examination_sha256)))
    binding = pdq_soft_binding(recorded.fingerprints) if recorded.fingerprints else None
    return Claim(
        title=title,
        ledger_assertion=assertion,
        software_agent=_model(history, came.body) or "unknown generator",
        soft_bindings=(binding,) if binding else (),
    )


def _model(history: History, body: object) -> str | None:
    requested = generation(history, body.generation) if isinstance(body, AssetImported) and body.generation else None
    return f"{requested[1].provider} {requested[1].model_snapshot}" if requested else None


def _media_type(body: object) -> str:
    return str(getattr(body, "media_type", "application/octet-stream"))
