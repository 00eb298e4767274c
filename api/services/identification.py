"""Which known asset is this file? Tried in this order, and the answer says which one it was:

digest (the very bytes), manifest (the same C2PA manifest store around other bytes), ledger assertion (a manifest that
names an entry of this log), soft binding (its manifest says what a known manifest says of its picture), fingerprint (the
picture itself), sound (some seconds of it), face (somebody enrolled is in it, which names no file), none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from api.services.face_step import FaceStep
from api.services.looking import Seen, recorded_c2pa
from api.services.services import Services
from ledger.errors import NotFound, Reason
from ledger.history import History
from ledger.media.c2pa_report import C2paReport
from ledger.media.claim import SOFT_BINDING_PDQ
from ledger.media.findings import Examination
from ledger.media.softbinding import AskedBindings, as_fingerprints, codes_of
from ledger.proof.merkle import leaf_hash
from ledger.rules.lineage import arrival
from projections.descriptors import LearntMatch
from projections.matches import Match
from projections.sounds import SoundMatch
from schemas.statements.asset import AssetDerived, AssetExamined, ManifestIssued

By = Literal["digest", "manifest", "ledger_assertion", "soft_binding", "fingerprint", "sound", "face", "none"]
_NAME_MANIFESTS = (AssetExamined, AssetDerived, ManifestIssued)
_SENTENCES = {
    "manifest": "these are not the cleared bytes; they carry the C2PA manifest of a known file",
    "ledger_assertion": "these are not the cleared bytes; their C2PA manifest names a known file",
    "soft_binding": "these are not the cleared bytes; their C2PA manifest has the soft binding of a known one",
    "fingerprint": "these are not the cleared bytes; their picture is that of a known file",
    "sound": "these are not the cleared bytes; they hold sound of a known file",
    "face": "nothing here is known of this file but that it shows somebody who enrolled",
}


@dataclass(frozen=True)
class Identified:
    """How, and as which asset. `matches` are the answers of the index of pictures or of that of sounds, best first."""

    by: By
    asset: str | None
    matches: tuple[Match | SoundMatch, ...] = ()

    def with_faces(self, step: FaceStep) -> Identified:
        """By face where nothing else is known of the file. A stranger's face tells nothing."""
        return Identified("face", None, self.matches) if self.by == "none" and step.enrolled else self

    def remarks(self) -> list[Reason]:
        """Why being recognised in this way is not enough to be allowed."""
        if self.by not in _SENTENCES:
            return []
        return [Reason(f"identified_by_{self.by}", _SENTENCES[self.by])]


def match_json(match: Match | SoundMatch | LearntMatch) -> dict[str, Any]:
    """A match and in what: `picture` or `sound`."""
    return {"medium": "picture"} | match.as_json()


def identify(services: Services, history: History, seen: Seen) -> Identified:
    """Digest and manifest are looked up in the log; only bindings, picture and sound ask views, caught up first.

    However a file is recognised, `matches` says what its picture is near to and where.
    """
    found = seen.found
    if found is None or arrival(history, found.sha256) is not None:
        return Identified("digest", seen.sha256)
    matches = tuple(_by_fingerprint(services, history, found))
    steps: tuple[tuple[By, str | None], ...] = (
        ("manifest", _by_manifest(history, found.c2pa)),
        ("ledger_assertion", _by_assertion(services, history, found.c2pa)),
        ("soft_binding", _by_soft_binding(services, history, found.c2pa)),
        ("fingerprint", matches[0].asset_sha256 if matches else None),
    )
    for by, asset in steps:
        if asset is not None:
            return Identified(by, asset, matches)
    sounds = _by_sound(services, history, found)
    if sounds:
        return Identified("sound", sounds[0].asset_sha256, tuple(sounds))
    return Identified("none", None)


def manifest_owner(history: History, manifest_sha256: str) -> str | None:
    """The known file that this manifest store was found in, or made for; of several the last."""
    said = history.last(f"manifest:{manifest_sha256}", *_NAME_MANIFESTS)
    return said.body.asset if said is not None and isinstance(said.body, _NAME_MANIFESTS) else None


def _by_manifest(history: History, report: C2paReport) -> str | None:
    return manifest_owner(history, report.manifest_sha256) if report.manifest_sha256 is not None else None


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


def _by_soft_binding(services: Services, history: History, report: C2paReport) -> str | None:
    """The newest known file with a manifest all of whose bindings are among those of this file's (C2PA SBR API 2.2)."""
    others = frozenset(one for one in report.soft_bindings if one[0] != SOFT_BINDING_PDQ)
    try:
        codes = tuple(c for alg, value in report.soft_bindings if alg == SOFT_BINDING_PDQ for c in codes_of(value))
    except ValueError:
        return None
    if not codes:
        return None
    services.views.catch_up()
    asked = AskedBindings(codes, others)
    found = [match.asset_sha256 for match in services.views.matches.search(as_fingerprints(codes))]
    kept = {one: recorded_c2pa(services, history, one) for one in found}
    fit = [one for one, known in kept.items() if known is not None and asked.matches(known.soft_bindings)]
    entered = {one: came.index for one in fit if (came := arrival(history, one)) is not None}
    return max(entered, key=entered.__getitem__) if entered else None


def _by_fingerprint(services: Services, history: History, found: Examination) -> list[Match]:
    """Best first; of equals the newest, which is the signed twin that was given out rather than its original. What is only
    alike in style names nothing."""
    if found.fingerprints is None:
        return []
    services.views.catch_up()
    matches = services.views.matches.search(found.fingerprints, variants=found.variants, features=found.features)
    entered = {match: said.index for match in matches if match.tells and (said := arrival(history, match.asset_sha256))}
    return sorted(entered, key=lambda match: (match.decision == "candidate", -match.score, -entered[match]))


def _by_sound(services: Services, history: History, found: Examination) -> list[SoundMatch]:
    """Best first; of equals the newest, as with pictures."""
    if found.sound is None:
        return []
    services.views.catch_up()
    matches = services.views.sounds.search(found.sound, variants=found.sound_variants)
    entered = {match: said.index for match in matches if (said := arrival(history, match.asset_sha256))}
    return sorted(entered, key=lambda match: (match.decision != "copy", -match.score, -entered[match]))
