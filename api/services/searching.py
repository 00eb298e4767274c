"""Which known assets is a file near? By its bytes first, then by its picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services.intake import require_media
from api.services.services import Services
from ledger.errors import Misuse
from ledger.media.findings import ALL, QUERY_VARIANTS
from ledger.rules.lineage import arrival
from projections.matches import Match


@dataclass(frozen=True)
class Found:
    """One probe and its answers, best first."""

    file: str
    file_sha256: str
    exact: str | None
    matches: tuple[Match, ...]

    def as_json(self) -> dict[str, Any]:
        exact = [exact_json(self.exact)] if self.exact else []
        others = [match.as_json() for match in self.matches if match.asset_sha256 != self.exact]
        return {"file": self.file, "file_sha256": self.file_sha256, "matches": exact + others}


def exact_json(asset: str) -> dict[str, Any]:
    """The very bytes: nothing was compared, so there is nothing to offset."""
    return {"asset_sha256": asset, "decision": "exact", "score": 1.0, "query_ms": 0, "reference_ms": 0, "offsets": []}


def search_file(services: Services, path: Path) -> Found:
    """Raises Misuse for what can't be compared with anything."""
    found = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    require_media(found)
    known = arrival(services.ledger.history(), found.sha256) is not None
    if found.fingerprints is None and not known:
        raise Misuse("no_picture", "there is no picture in this file to compare", "Send a still or a clip.")
    services.views.catch_up()
    matches = services.views.matches.search(found.fingerprints, variants=found.variants) if found.fingerprints else []
    return Found(path.name, found.sha256, found.sha256 if known else None, tuple(matches))
