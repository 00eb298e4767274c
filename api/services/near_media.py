"""Nearness to reference media by the fingerprint indexes: what the media port answers with until other engines are there.

A still is looked for by its picture, a song or a voice by its sound, wherever it is held, and a clip by both.
"""

from __future__ import annotations

from collections.abc import Iterable

from api.services.services import Services
from ledger.errors import LedgerError
from ledger.media.findings import ALL, QUERY_VARIANTS, Examination
from ledger.rules.coverage import SOUND, heard, seen
from ledger.rules.lineage import examination
from ledger.screening.media import Nearness
from projections.matches import Match
from projections.sound_matching import PLAIN_PERMILLE, SoundMatch
from schemas.statements.guardrail import MediaPlace
from schemas.statements.reference import Way

SPEC = "matches/5 (pdq256, framed; sift-ransac; chromaprint)"
Looked = dict[Way, dict[str, Nearness] | None]
"""By each way that a reference has: the files near it, or None where nobody could look."""


class FingerprintNear:
    """Reference media are blobs; each is fingerprinted once. A missing or unreadable one is not looked at."""

    spec = SPEC

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, Looked] = {}

    def near(self, reference: str) -> dict[str, Nearness] | None:
        """The nearer of both for a file that is near by picture and by sound."""
        looked = [found for found in self._looked(reference).values() if found is not None]
        if not looked:
            return None
        best: dict[str, Nearness] = {}
        for asset, one in (pair for found in looked for pair in found.items()):
            if asset not in best or one.score > best[asset].score:
                best[asset] = one
        return best

    def comparable(self, asset: str, reference: str) -> bool:
        """In every way that the reference has. A file without a picture has none to compare, a silent one no sound. What nobody
        could look at is not compared."""
        seen = self._looked(reference)
        if not seen or None in seen.values():
            return False
        self._services.views.catch_up()
        return all(self._by_picture(asset) if way == "picture" else self._by_sound(asset) for way in seen)

    def _by_picture(self, asset: str) -> bool:
        """Seen to its end; or certainly without any picture."""
        found = examination(self._services.ledger.history(), asset)
        covered = seen(found[1]) if found else "unknown"
        return covered == "nothing" or (covered == "whole" and self._services.views.matches.knows(asset))

    def _by_sound(self, asset: str) -> bool:
        """Heard to its end, in every stream; or certainly without any sound."""
        found = examination(self._services.ledger.history(), asset)
        covered = heard(found[1]) if found else "unknown"
        return covered == "nothing" or (covered == "whole" and self._services.views.sounds.knows(asset))

    def _looked(self, reference: str) -> Looked:
        if reference not in self._seen:
            self._seen[reference] = self._look(reference)
        return self._seen[reference]

    def _look(self, reference: str) -> Looked:
        try:
            found = self._services.examiner.examine(
                self._services.blobs.path(reference), extractors=ALL | {QUERY_VARIANTS}
            )
        except LedgerError:
            return {}
        self._services.views.catch_up()
        sound, alone = self._near_sound(found), found.finding("probe").detail.get("medium") == "audio"
        if alone:  # by its streams: sound with a sleeve is sound
            return {"sound": sound}
        silent = found.finding(SOUND).state == "absent"
        looked: Looked = {"picture": self._near_picture(found)}
        return looked if silent else {**looked, "sound": sound}

    def _near_picture(self, found: Examination) -> dict[str, Nearness] | None:
        if found.fingerprints is None or not found.fingerprints.frames:
            return None
        search = self._services.views.matches.search
        near = search(found.fingerprints, variants=found.variants, features=found.features)
        return _nearness(found.sha256, "picture", (match for match in near if match.tells))

    def _near_sound(self, found: Examination) -> dict[str, Nearness] | None:
        if found.sound is None or found.finding(SOUND).state != "found":
            return None
        near = self._services.views.sounds.search(found.sound, variants=found.sound_variants)
        return _nearness(found.sha256, "sound", near)


def _nearness(media: str, way: Way, matches: Iterable[Match | SoundMatch]) -> dict[str, Nearness]:
    """The reference was what was looked for, so its side is the query's, and a file that runs faster makes it run slower."""
    return {
        match.asset_sha256: Nearness(
            max(1, round(100 * match.score)),
            MediaPlace(
                media=media,
                way=way,
                asset_ms=match.reference_ms,
                media_ms=match.query_ms,
                transform=_of_the_file(match),
            ),
        )
        for match in matches
    }


def _of_the_file(match: Match | SoundMatch) -> str:
    if isinstance(match, SoundMatch) and match.speed_permille != PLAIN_PERMILLE:
        return f"speed-{round(PLAIN_PERMILLE**2 / match.speed_permille)}"
    return match.transform
