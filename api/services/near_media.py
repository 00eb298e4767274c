"""Nearness to reference media by the fingerprint index: what the media port answers with until other engines are there."""

from __future__ import annotations

from api.services.services import Services
from ledger.errors import LedgerError
from ledger.media.findings import ALL, QUERY_VARIANTS

SPEC = "matches/2 (pdq256, framed; sift-ransac)"


class FingerprintNear:
    """Reference media are blobs; each is fingerprinted once. A missing or unreadable one is not looked at."""

    spec = SPEC

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, dict[str, int] | None] = {}

    def near(self, reference: str) -> dict[str, int] | None:
        if reference not in self._seen:
            self._seen[reference] = self._look(reference)
        return self._seen[reference]

    def _look(self, reference: str) -> dict[str, int] | None:
        views = self._services.views
        try:
            found = self._services.examiner.examine(
                self._services.blobs.path(reference), extractors=ALL | {QUERY_VARIANTS}
            )
        except LedgerError:
            return None
        if found.fingerprints is None or not found.fingerprints.frames:
            return None
        views.catch_up()
        matches = views.matches.search(found.fingerprints, variants=found.variants, features=found.features)
        return {match.asset_sha256: round(100 * match.score) for match in matches if match.tells}

    def comparable(self, asset: str) -> bool:
        self._services.views.catch_up()
        return self._services.views.matches.knows(asset)
