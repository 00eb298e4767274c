"""Which known asset is this file? Tried in this order, and the answer says which one it was:

digest (the very bytes), manifest (the same C2PA manifest store around other bytes), ledger assertion (a manifest that
names an entry of this log), fingerprint (the picture itself), sound (some seconds of it), none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from api.services.services import Services
from ledger.errors import NotFound, Reason
from ledger.history import History
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import Examination
from ledger.proof.merkle import leaf_hash
from ledger.rules.lineage import arrival
from projections.matches import Match
from projections.sounds import SoundMatch
from schemas.statements.asset import AssetDerived, AssetExamined

By = Literal["digest", "manifest", "ledger_assertion", "fingerprint", "sound", "none"]
_SENTENCES = {
    "manifest": "these are not the cleared bytes; they carry the C2PA manifest of a known file",
    "ledger_assertion": "these are not the cleared bytes; their C2PA manifest names a known file",
    "fingerprint": "these are not the cleared bytes; their picture is that of a known file",
    "sound": "these are not the cleared bytes; they hold sound of a known file",
}


@dataclass(frozen=True)
class Identified:
    """How, and as which asset. `matches` are the answers of the index of pictures or of that of sounds, best first."""

    by: By
    asset: str | None
    matches: tuple[Match | SoundMatch, ...] = ()

    def remarks(self) -> list[Reason]:
        """Why being recognised in this way is not enough to be allowed."""
        if self.by not in _SENTENCES:
            return []
        return [Reason(f"identified_by_{self.by}", _SENTENCES[self.by])]


def match_json(match: Match | SoundMatch) -> dict[str, Any]:
    """A match and in what: `picture` or `sound`."""
    return {"medium": "picture"} | match.as_json()


def identify(services: Services, history: History, found: Examination) -> Identified:
    """Digest and manifest are looked up in the log; only picture and sound ask views, caught up first."""
    if arrival(history, found.sha256) is not None:
        return Identified("digest", found.sha256)
    if (asset := _by_manifest(history, found.c2pa)) is not None:
        return Identified("manifest", asset)
    if (asset := _by_assertion(services, history, found.c2pa)) is not None:
        return Identified("ledger_assertion", asset)
    matches = _by_fingerprint(services, history, found)
    if matches:
        return Identified("fingerprint", matches[0].asset_sha256, tuple(matches))
    sounds = _by_sound(services, history, found)
    if sounds:
        return Identified("sound", sounds[0].asset_sha256, tuple(sounds))
    return Identified("none", None)


def _by_manifest(history: History, report: C2paReport) -> str | None:
    if report.manifest_sha256 is None:
        return None
    said = history.last(f"manifest:{report.manifest_sha256}", AssetExamined, AssetDerived)
    return said.body.asset if said is not None and isinstance(said.body, AssetExamined | AssetDerived) else None


def _by_assertion(services: Services, history: History, report: C2paReport) -> str | None:
    """The assertion counts only if it names an entry of this log by index, id and leaf; anybody can write an index."""
    claim = report.ledger_assertion
    if not claim or claim.get("origin") != services.origin or not isinstance(claim.get("index"), int):
        return None
    try:
        stored = services.ledger.store.entry(claim["index"])
    except NotFound:
        return None
    if stored.index >= history.upto or stored.statement_id != claim.get("statement_id"):
        return None
    if leaf_hash(stored.entry).hex() != claim.get("leaf_sha256"):
        return None
    tag = next((tag for tag in stored.tags if tag.startswith("asset:")), None)
    return tag.removeprefix("asset:") if tag else None


def _by_fingerprint(services: Services, history: History, found: Examination) -> list[Match]:
    """Best first; of equals the newest, which is the signed twin that was given out rather than its original."""
    if found.fingerprints is None:
        return []
    services.views.catch_up()
    matches = services.views.matches.search(found.fingerprints, variants=found.variants)
    entered = {match: said.index for match in matches if (said := arrival(history, match.asset_sha256))}
    return sorted(entered, key=lambda match: (match.decision != "copy", -match.score, -entered[match]))


def _by_sound(services: Services, history: History, found: Examination) -> list[SoundMatch]:
    """Best first; of equals the newest, as with pictures."""
    if found.sound is None:
        return []
    services.views.catch_up()
    matches = services.views.sounds.search(found.sound, variants=found.sound_variants)
    entered = {match: said.index for match in matches if (said := arrival(history, match.asset_sha256))}
    return sorted(entered, key=lambda match: (match.decision != "copy", -match.score, -entered[match]))
