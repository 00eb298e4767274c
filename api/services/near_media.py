"""Nearness to reference media by the fingerprint indexes: what the media port answers with until other engines are there.

A picture or a clip is looked for by its picture; a reference that is sound (a song, a voice) by its sound, wherever it is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from api.services.services import Services
from ledger.errors import LedgerError
from ledger.media.findings import ALL, QUERY_VARIANTS, Examination
from ledger.rules.lineage import examination
from ledger.rules.medium import medium
from projections.matches import Match
from projections.sounds import SoundMatch

SPEC = "matches/3 (pdq256, framed; sift-ransac; chromaprint)"
Way = Literal["picture", "sound"]


class FingerprintNear:
    """Reference media are blobs; each is fingerprinted once. A missing or unreadable one is not looked at."""

    spec = SPEC

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, tuple[Way, dict[str, int]] | None] = {}

    def near(self, reference: str) -> dict[str, int] | None:
        seen = self._looked(reference)
        return seen[1] if seen else None

    def comparable(self, asset: str, reference: str) -> bool:
        """A file without a picture has none to compare, a silent one no sound. What nobody could look at is not compared."""
        seen = self._looked(reference)
        if seen is None:
            return False
        self._services.views.catch_up()
        views = self._services.views
        if seen[0] == "picture":
            return views.matches.knows(asset) or medium(self._services.ledger.history(), asset).name == "audio"
        return views.sounds.knows(asset) or self._silent(asset)

    def _silent(self, asset: str) -> bool:
        found = examination(self._services.ledger.history(), asset)
        heard = [one.state for one in found[1].findings if one.extractor == "audio_fingerprint"] if found else []
        return heard == ["absent"]

    def _looked(self, reference: str) -> tuple[Way, dict[str, int]] | None:
        if reference not in self._seen:
            self._seen[reference] = self._look(reference)
        return self._seen[reference]

    def _look(self, reference: str) -> tuple[Way, dict[str, int]] | None:
        views = self._services.views
        try:
            found = self._services.examiner.examine(
                self._services.blobs.path(reference), extractors=ALL | {QUERY_VARIANTS}
            )
        except LedgerError:
            return None
        views.catch_up()
        if _is_sound(found):
            if found.sound is None or found.finding("audio_fingerprint").state != "found":
                return None
            return "sound", _scores(views.sounds.search(found.sound, variants=found.sound_variants))
        if found.fingerprints is None or not found.fingerprints.frames:
            return None
        near = views.matches.search(found.fingerprints, variants=found.variants, features=found.features)
        return "picture", _scores(match for match in near if match.tells)


def _is_sound(found: Examination) -> bool:
    """By its streams: sound with a sleeve is sound."""
    return found.finding("probe").detail.get("medium") == "audio"


def _scores(matches: Iterable[Match | SoundMatch]) -> dict[str, int]:
    return {match.asset_sha256: max(1, round(100 * match.score)) for match in matches}
