"""Where a file comes from, as its manifest has to tell it: the parent whose history is carried on, what was placed and done.

The lineage in the log says it. Where it is silent, because a file came back from outside without its manifest, a copy's picture
leads to the known file, and that is the parent: recovered, not dropped (C2PA 2.2, 18.16).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.services.services import Services
from ledger.history import History, bodies
from ledger.media.findings import Examination
from ledger.rules.lineage import arrival, derivation, examination
from schemas.statements.asset import AssetDerived, AssetImported

STEPS_MAX: Final = 64  # between a file and the manifest that it goes back to
_ACTIONS: Final = {
    "transcoded": "c2pa.transcoded",
    "edited": "c2pa.edited",
    "composited": "c2pa.edited",
    "recovered": "c2pa.unknown",
}
RECOVERED: Final = ("c2pa.unknown", "what happened since is not known")
_READ: Final = frozenset({"trusted", "untrusted", "expired"})


@dataclass
class Ancestry:
    """`parent` is None for an original. `edits` are the oldest first: the action and the tool."""

    parent: Path | None = None
    components: list[Path] = field(default_factory=list)
    edits: list[tuple[str, str]] = field(default_factory=list)
    recovered: str | None = None
    """The known file that this one turned out to be a copy of."""


def ancestry(services: Services, history: History, asset: str, found: Examination) -> Ancestry:
    """Of a file without a manifest of its own; one that has one is its own parent."""
    said, name = Ancestry(), asset
    if _has_manifest(history, asset):
        return said
    for _ in range(STEPS_MAX):
        made = derivation(history, name)
        if made is None or made[1].relation == "signed":
            break
        first, *others = made[1].parents
        said.edits.insert(0, (_ACTIONS[made[1].relation], made[1].tool))
        said.components += [_best(services, history, other) for other in others]
        said.parent, name = _best(services, history, first), first
        if _signed_form(history, first) is not None:
            return said
    return said if said.edits or _was_generated(history, name) else _recovered(services, history, asset, found)


def _recovered(services: Services, history: History, asset: str, found: Examination) -> Ancestry:
    """A copy of something that came before it and has a manifest; the nearest, and of equals the oldest."""
    if found.fingerprints is None:
        return Ancestry()
    services.views.catch_up()
    mine = arrival(history, asset)
    for match in services.views.matches.search(found.fingerprints, variants=found.variants):
        came = arrival(history, match.asset_sha256)
        if match.decision not in ("copy", "confirmed") or came is None or mine is None or came.index >= mine.index:
            continue
        if (form := _signed_form(history, match.asset_sha256)) is not None:
            return Ancestry(services.blobs.path(form), edits=[RECOVERED], recovered=match.asset_sha256)
    return Ancestry()


def _best(services: Services, history: History, asset: str) -> Path:
    """The bytes that tell most of its past: with a manifest if there are any such."""
    return services.blobs.path(_signed_form(history, asset) or asset)


def _signed_form(history: History, asset: str) -> str | None:
    """The file itself if it has a manifest, else its newest signed twin."""
    if _has_manifest(history, asset):
        return asset
    made = bodies(history.about(f"asset:{asset}", AssetDerived), AssetDerived)
    twins = [body.asset for _, body in made if body.relation == "signed" and asset in body.parents]
    return twins[-1] if twins else None


def _has_manifest(history: History, asset: str) -> bool:
    examined = examination(history, asset)
    return examined is not None and examined[1].c2pa_state in _READ


def _was_generated(history: History, asset: str) -> bool:
    came = arrival(history, asset)
    return came is not None and isinstance(came.body, AssetImported) and came.body.generation is not None
