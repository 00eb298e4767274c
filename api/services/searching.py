"""Which known assets is a file near? By its bytes first, then by its picture, then by its sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from api.services.identification import match_json
from api.services.intake import require_media
from api.services.services import Services
from ledger.errors import Misuse
from ledger.history import History
from ledger.media.findings import ALL, QUERY_VARIANTS, Examination
from ledger.rules.cleanliness import contested
from ledger.rules.lineage import arrival
from projections.matches import Match
from projections.sounds import SoundMatch

Rights = Literal["clean", "all"]


@dataclass(frozen=True)
class Found:
    """One probe and its answers, best first."""

    file: str
    file_sha256: str
    exact: str | None
    matches: tuple[Match | SoundMatch, ...]
    hidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Known files that are near but left out, each with what stands against it."""

    def as_json(self) -> dict[str, Any]:
        exact = [exact_json(self.exact)] if self.exact else []
        others = [match_json(match) for match in self.matches if match.asset_sha256 != self.exact]
        hidden = [{"asset_sha256": asset, "codes": list(codes)} for asset, codes in self.hidden.items()]
        return {"file": self.file, "file_sha256": self.file_sha256, "matches": exact + others, "hidden": hidden}


def exact_json(asset: str) -> dict[str, Any]:
    """The very bytes: nothing was compared, so there is nothing to offset."""
    return {"asset_sha256": asset, "decision": "exact", "score": 1.0, "query_ms": 0, "reference_ms": 0, "offsets": []}


def search_file(services: Services, path: Path, rights: Rights = "clean") -> Found:
    """Rights-clean by default: what ended, is contested or was rejected is counted and named, not offered. `all` offers it.

    Raises Misuse for what can't be compared with anything.
    """
    found = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    require_media(found)
    history = services.ledger.history()
    known = arrival(history, found.sha256) is not None
    if found.fingerprints is None and found.sound is None and not known:
        raise Misuse(
            "no_picture", "there is no picture or sound in this file to compare", "Send a still, clip or sound."
        )
    matches = _near(services, found)
    near = [match.asset_sha256 for match in matches] + [found.sha256] * known
    hidden = _hidden(services, history, near) if rights == "clean" else {}
    offered = tuple(match for match in matches if match.asset_sha256 not in hidden)
    exact = found.sha256 if known and found.sha256 not in hidden else None
    return Found(path.name, found.sha256, exact, offered, hidden)


def _near(services: Services, found: Examination) -> list[Match | SoundMatch]:
    """By picture, then by sound; what is near in both stands there twice."""
    services.views.catch_up()
    views, near = services.views, list[Match | SoundMatch]()
    if found.fingerprints is not None:
        near += views.matches.search(found.fingerprints, variants=found.variants, features=found.features)
    if found.sound is not None:
        near += views.sounds.search(found.sound, variants=found.sound_variants)
    return near


def _hidden(services: Services, history: History, near: Sequence[str]) -> dict[str, tuple[str, ...]]:
    now = services.clock.now()
    against = {asset: tuple(contested(history, asset, now)) for asset in dict.fromkeys(near)}
    return {asset: codes for asset, codes in against.items() if codes}
