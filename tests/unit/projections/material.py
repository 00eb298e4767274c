"""Views over a house, clips with fingerprints that were never filmed, and a valid story told at random."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledger.errors import Refused
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import FRAMED_ALGORITHM, LOCAL_FEATURES, Examination, Fingerprints, FrameCode
from ledger.media.soundprint import SoundPrint
from projections.database import tables_of
from projections.views import Views
from schemas.statements.asset import AssetExamined, AssetFlagged, FindingRecord
from schemas.statements.consent import ConsentRefused, ConsentRevoked, ConsentWithdrawn
from schemas.statements.evidence import EvidenceExported
from schemas.statements.notice import HolderRegistered
from schemas.statements.review import ReviewRejected
from tests.disputes_of import adopt_law, decided, notified, opened
from tests.house_of import House, digest

ALGORITHM = "pdq256@512px/nonref-2fps"


def open_views(house: House, name: str = "views.sqlite") -> Views:
    return Views(house.folder / name, house.ledger, house.blobs)


def codes(count: int, seed: int = 0) -> list[bytes]:
    """Unrelated codes: about 128 bits apart, never under 60."""
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(count)]


def turned(code: bytes, bits: int, seed: int = 0) -> bytes:
    """The code with exactly so many bits flipped."""
    value = int.from_bytes(code, "big")
    for bit in random.Random(seed).sample(range(256), bits):
        value ^= 1 << bit
    return value.to_bytes(32, "big")


def fingerprints(
    run: Sequence[bytes],
    *,
    quality: int = 100,
    step_ms: int = 500,
    algorithm: str = ALGORITHM,
    version: str = "1",
) -> Fingerprints:
    frames = tuple(FrameCode(n * step_ms, code.hex(), quality, code[::-1].hex()) for n, code in enumerate(run))
    return Fingerprints(algorithm, version, frames)


def framed(framings: Sequence[Sequence[bytes]]) -> Fingerprints:
    """Codes of several framings for each half-second."""
    frames = (FrameCode(n * 500, code.hex(), 100, "") for n, codes in enumerate(framings) for code in codes)
    return Fingerprints(FRAMED_ALGORITHM, "1", tuple(frames))


def examine(
    house: House,
    asset: str,
    found: Fingerprints | None,
    framings: Sequence[Sequence[bytes]] = (),
    features: bytes = b"",
    medium: str = "video",
    pdq: str = "found",
    version: str = "1",
    ended_early: str | None = None,
) -> str:
    """Says `asset.examined.v1` with a real report, and the packed local features, in the blobs."""
    sound = SoundPrint("chromaprint", "1", "".join(frame.pdq for frame in found.frames)) if found else None
    report = Examination(
        asset, 1_000, None, C2paReport("absent", "none"), found, digest(), (), sound=sound, framed=framed(framings)
    )
    local = {"extractor": LOCAL_FEATURES, "algorithm": "sift", "version": "1", "state": "found"}
    kept = {"sha256": house.blobs.put(features)} if features else {}
    early = {"detail": {"ended_early": ended_early}} if ended_early else {}
    finding = {"extractor": "pdq", "algorithm": ALGORITHM, "version": version, "state": pdq, **early}
    heard = {"extractor": "audio_fingerprint", "algorithm": "chromaprint", "version": "1", "state": "found"}
    probed = {"extractor": "probe", "algorithm": "libav", "version": "av 18", "state": "found"}
    body = AssetExamined(
        asset=asset,
        examination_sha256=house.blobs.put(json.dumps(report.as_json()).encode()),
        essence_sha256=report.essence_sha256,
        c2pa_state="absent",
        c2pa_ingredients_state="none",
        frames=len(found.frames) if found else 0,
        findings=(
            FindingRecord.model_validate(finding),
            FindingRecord.model_validate(heard),
            FindingRecord.model_validate({**local, "detail": kept}),
            FindingRecord.model_validate({**probed, "detail": {"media_type": "video/mp4", "medium": medium}}),
        ),
    )
    house.ledger.say(body)
    return asset


def clip(
    house: House,
    run: Sequence[bytes] = (),
    *,
    framings: Sequence[Sequence[bytes]] = (),
    features: bytes = b"",
    medium: str = "video",
    pdq: str = "found",
    ended_early: str | None = None,
    **options: Any,
) -> str:
    """A file without a generation, with these frames."""
    found = fingerprints(run, **options) if run else None
    return examine(house, house.asset(), found, framings, features, medium, pdq, ended_early=ended_early)


def ready_clip(house: House) -> tuple[str, str]:
    """(asset, consent): generated, examined with a report that is there, approved at three gates."""
    consent = house.consent()
    asset = examine(house, house.asset(house.generation(consents=[consent])), fingerprints(codes(3, os.getpid())))
    return house.approved(asset), consent


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every view's own tables, sorted: the ledger's tables of views, not how far they came.

    Tables that SQLite keeps under a virtual one depend on how many entries a transaction had; their content is compared."""
    db = sqlite3.connect(path)
    try:
        names = tables_of(db)
        return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in sorted(names)}
    finally:
        db.close()


class Story:
    """Says what comes to mind; what the rules refuse is dropped, so the log is always a valid one."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.chance = house, random.Random(seed)
        self.consents: list[str] = []
        self.granted: list[str] = []
        self.assets: list[str] = []

    def tell(self, steps: int, after_each: Callable[[], object] = lambda: None) -> None:
        for _ in range(steps):
            with contextlib.suppress(Refused, IndexError):
                self.chance.choice(self._steps)(self)
            after_each()

    def _asks(self) -> None:
        granted = self.chance.random() < 0.8
        self.consents.append(self.house.consent(granted=granted))
        self.granted += self.consents[-1:] * granted

    def _makes(self) -> None:
        named = self.chance.sample(self.granted, min(len(self.granted), self.chance.randint(0, 2)))
        self.assets.append(self.house.asset(self.house.generation(consents=named)))

    def _brings(self) -> None:
        self.assets.append(clip(self.house, codes(3, self.chance.randint(0, 9)), quality=self.chance.choice((20, 90))))

    def _derives(self) -> None:
        self.chance.choice(self.assets)
        parents = self.chance.sample(self.assets, min(len(self.assets), self.chance.randint(1, 3)))
        self.assets.append(self.house.derived(*parents))

    def _examines(self) -> None:
        examine(self.house, self.chance.choice(self.assets), fingerprints(codes(4, self.chance.randint(0, 99))))

    def _clears(self) -> None:
        asset = self.chance.choice(self.assets)
        self.house.ledger.say(
            self.house.verdict(self.house.decision(asset, territory=self.chance.choice(("DE", "US"))))
        )

    def _passes(self) -> None:
        self.house.approved(self.chance.choice(self.assets))

    def _rejects(self) -> None:
        self.house.say_as("lena", ReviewRejected(asset=self.chance.choice(self.assets), gate="legal", comment="no"))

    def _ends(self) -> None:
        consent = self.chance.choice(self.consents)
        kind, actor = self.chance.choice(
            ((ConsentWithdrawn, "ines"), (ConsentRevoked, "lena"), (ConsentRefused, "ines"))
        )
        person = self.house.requested(consent).person
        self.house.say_as(actor, kind(consent=consent, person=person, reason="changed my mind"))

    def _flags(self) -> None:
        asset = self.chance.choice(self.assets)
        self.house.say_as("lena", AssetFlagged(asset=asset, cause="dispute", detail="somebody else claims it"))

    def _disputes(self) -> None:
        asset = self.chance.choice(self.assets)
        dispute = opened(self.house, asset)
        adopt_law(self.house, only_timers=True)
        notified(self.house, dispute, "US")
        if self.chance.random() < 0.5:
            decided(self.house, dispute, asset, outcome="rejected")

    def _registers(self) -> None:
        body = {"holder": self.chance.choice(("pia", "lib")), "everything": True, "platforms": ["example-video"]}
        self.house.say_as("lena", HolderRegistered.model_validate(body))

    def _exports(self) -> None:
        self.house.ledger.say(
            EvidenceExported(assets=(self.chance.choice(self.assets),), pack_sha256=digest(), entries=3)
        )

    def _waits(self) -> None:
        self.house.move_to(self.house.now() + timedelta(days=self.chance.randint(1, 9)))

    _steps: tuple[Callable[[Story], None], ...] = (
        _asks,
        _makes,
        _makes,
        _brings,
        _derives,
        _derives,
        _examines,
        _clears,
        _passes,
        _rejects,
        _ends,
        _flags,
        _exports,
        _disputes,
        _registers,
        _waits,
    )
