"""Which known assets is a file near? By its bytes first, then its picture, then its sound; and last, who enrolled is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from api.services.circumstances import Circumstances
from api.services.face_step import FaceStep, faces_now
from api.services.identification import match_json
from api.services.intake import require_media
from api.services.services import Services
from api.services.usable import Rights, Usable, hidden_json, left_out, usable
from api.services.verification import history_at
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.media.chromaprint import INSTALL
from ledger.media.findings import ALL, LEARNT_DESCRIPTOR, QUERY_VARIANTS, Examination
from ledger.rules.lineage import arrival
from projections.descriptors import LearntMatch
from projections.matches import Match
from projections.sounds import SoundMatch

SEARCHED: Final = ("pdq", "local_features", "audio_fingerprint")  # the ways by which something is found
RECOGNISED: Final = FaceStep("not_checked", "recognised_before")
Near = Match | SoundMatch | LearntMatch


@dataclass(frozen=True)
class Found:
    """One probe and its answers, best first; `usable` says of each known file whether it may be used."""

    file: str
    file_sha256: str
    exact: str | None
    matches: tuple[Near, ...]
    usable: dict[str, Usable] = field(default_factory=dict)
    hidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Known files that are near but left out, each with what stands against it."""
    faces: FaceStep = RECOGNISED
    not_checked: tuple[str, ...] = ()
    """Ways of finding that this file could not be looked for by: nothing near is then no answer."""

    def as_json(self) -> dict[str, Any]:
        exact = [exact_json(self.exact)] if self.exact else []
        others = [match_json(match) for match in self.matches if match.asset_sha256 != self.exact]
        return {
            "file": self.file,
            "file_sha256": self.file_sha256,
            "matches": [one | self.usable[one["asset_sha256"]].as_json() for one in exact + others],
            "hidden": hidden_json(self.hidden),
            "left_out": left_out(self.hidden),
            "faces": self.faces.as_json(),
            "not_checked": list(self.not_checked),
        }


def exact_json(asset: str) -> dict[str, Any]:
    """The very bytes: nothing was compared, so there is nothing to offset."""
    return {"asset_sha256": asset, "decision": "exact", "score": 1.0, "query_ms": 0, "reference_ms": 0, "offsets": []}


def search_file(
    services: Services,
    path: Path,
    rights: Rights = "clean",
    asked: Circumstances | None = None,
    at: datetime | None = None,
    *,
    naming: bool = False,
) -> Found:
    """Rights-clean by default: what may not be used is counted and named, not offered. `all` offers it with its verdict.
    Faces are looked at where nothing else is near; `naming` as for `verify_file`.

    Raises Misuse for what can't be compared with anything, and for what is no question; Unavailable `sound_not_checked`.
    """
    asked, instant = asked or Circumstances(), at or services.clock.now()
    asked.question("0" * 64, instant)  # a malformed question is told before any work
    found = services.examiner.examine(path, extractors=ALL | {QUERY_VARIANTS})
    require_media(found)
    history = history_at(services, at)
    known = arrival(history, found.sha256) is not None
    unseen = tuple(name for name in SEARCHED if found.finding(name).state in ("not_checked", "failed"))
    if found.fingerprints is None and found.sound is None and not known:
        raise _nothing_to_compare(unseen)
    matches = _near(services, found)
    near = dict.fromkeys([match.asset_sha256 for match in matches] + [found.sha256] * known)
    stand = {asset: usable(history, asset, asked, instant) for asset in near}
    hidden = {one: word.codes for one, word in stand.items() if rights == "clean" and word.verdict != "allow"}
    offered = tuple(match for match in matches if match.asset_sha256 not in hidden)
    exact = found.sha256 if known and found.sha256 not in hidden else None
    faces = RECOGNISED if near else faces_now(services, history, path, None, instant)
    return Found(path.name, found.sha256, exact, offered, stand, hidden, faces if naming else faces.unnamed(), unseen)


def _nothing_to_compare(unseen: tuple[str, ...]) -> LedgerError:
    if "audio_fingerprint" in unseen:
        what = "there is no picture in this file, and its sound can't be compared here"
        return Unavailable("sound_not_checked", what, f"Install the engine ({INSTALL}), or send a file that plays.")
    return Misuse("no_picture", "there is no picture or sound in this file to compare", "Send a still, clip or sound.")


def _near(services: Services, found: Examination) -> list[Near]:
    """By picture, then by sound; what is near in both stands there twice. Then what only a model of the house's own finds."""
    services.views.catch_up()
    views, near = services.views, list[Near]()
    if found.fingerprints is not None:
        near += views.matches.search(found.fingerprints, variants=found.variants, features=found.features)
    if found.sound is not None:
        near += views.sounds.search(found.sound, variants=found.sound_variants)
    if found.described:
        told, named = found.finding(LEARNT_DESCRIPTOR).detail, {match.asset_sha256 for match in near}
        learnt = views.descriptors.search(found.described, told["model_sha256"], told["threshold_permille"])
        near += [match for match in learnt if match.asset_sha256 not in named]
    return near
