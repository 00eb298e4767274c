"""References that were never filmed, in a house with views: what tests of comparing and of matches start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

from api.services.services import Services
from ledger.media.c2pa_report import C2paReport
from ledger.media.findings import Examination, FrameCode, VariantCode
from ledger.media.sound import as_hex
from ledger.media.soundprint import SoundPrint, SoundVariant
from ledger.rules.coverage import SOUND
from projections.matchbook import Recorded
from projections.matchpolicy import current
from projections.sound_alignment import Items
from projections.views import Views
from schemas.statements.asset import AssetExamined, FindingRecord
from schemas.statements.guardrail import GuardrailAdded
from schemas.statements.match import MatchReviewed
from schemas.statements.reference import ReferenceRegistered, ReferenceWithdrawn
from tests.house_of import House, digest
from tests.unit.projections.material import fingerprints

Run = Sequence[bytes]
SOUND_ALGORITHM = "chromaprint-test2@11025hz-mono"


class Desk:
    """The parts of a service that comparing needs, real ones, over one house."""

    def __init__(self, house: House, views: Views) -> None:
        self.house, self.views = house, views
        parts = {"ledger": house.ledger, "blobs": house.blobs, "views": views, "clock": house.clock}
        self.services = cast(Services, SimpleNamespace(**parts))

    def reference(self, run: Run, *, mirrored: Run = (), **overrides: Any) -> str:
        """A known work with these frames, and as many mirrored ones to search with."""
        found = fingerprints(run)
        variants = tuple(
            VariantCode("mirrored/whole", FrameCode(n * 500, code.hex(), 100, code.hex()))
            for n, code in enumerate(mirrored)
        )
        report = Examination(digest(), 1_000, None, C2paReport("absent", "none"), found, None, (), variants)
        whole = {**report.as_json(), "variants": [variant.as_json() for variant in variants]}
        base: dict[str, Any] = {"kind": "known-work", "ways": ["picture"], "basis": "agreement"}
        base |= {"title": "The Lighthouse", "owner": "North Sea"}
        named = {"reference": self.house.new_id(), "media": report.sha256}
        blob = self.house.blobs.put(json.dumps(whole).encode())
        body = ReferenceRegistered.model_validate({**base, **named, "examination_sha256": blob, **overrides})
        self.house.say_as("ivy", body)
        return body.reference

    def sound_work(
        self,
        sound: Items,
        speeds: Mapping[int, Items] = MappingProxyType({}),
        *,
        algorithm: str = SOUND_ALGORITHM,
        run: Run = (),
        **overrides: Any,
    ) -> str:
        """A known work with this sound, alone or with frames in `run`, and as it runs at other speeds."""
        found, ways = (fingerprints(run), ["picture", "sound"]) if run else (None, ["sound"])
        variants = tuple(SoundVariant(speed, as_hex(items)) for speed, items in speeds.items())
        print_ = SoundPrint(algorithm, "1", as_hex(sound))
        report = Examination(digest(), 1_000, None, C2paReport("absent", "none"), found, None, (), sound=print_)
        whole = {**report.as_json(), "sound_variants": [variant.as_json() for variant in variants]}
        base: dict[str, Any] = {"kind": "known-work", "ways": ways, "title": "A Song", "basis": "agreement"}
        named = {"reference": self.house.new_id(), "media": report.sha256}
        blob = self.house.blobs.put(json.dumps(whole).encode())
        body = ReferenceRegistered.model_validate({**base, **named, "examination_sha256": blob, **overrides})
        self.house.say_as("ivy", body)
        return body.reference

    def heard(self, sound: Items | None, detail: Mapping[str, Any] = MappingProxyType({}), state: str = "found") -> str:
        """A file of sound alone, examined; `state` and `detail` are the finding's."""
        asset = self.house.asset()
        print_ = None if sound is None else SoundPrint(SOUND_ALGORITHM, "1", as_hex(sound))
        report = Examination(asset, 1_000, None, C2paReport("absent", "none"), None, digest(), (), sound=print_)
        found = {"algorithm": SOUND_ALGORITHM, "version": "1", "state": state, "detail": dict(detail)}
        probe = {"extractor": "probe", "algorithm": "libav", "version": "1", "state": "found"}
        findings = ({"extractor": SOUND, **found}, {**probe, "detail": {"medium": "audio"}})
        body = AssetExamined(
            asset=asset,
            examination_sha256=self.house.blobs.put(json.dumps(report.as_json()).encode()),
            essence_sha256=report.essence_sha256,
            c2pa_state="absent",
            c2pa_ingredients_state="none",
            findings=tuple(FindingRecord.model_validate(one) for one in findings),
        )
        self.house.ledger.say(body)
        return asset

    def likeness(self, person: str, run: Run) -> str:
        frames = [{"variant": "plain", "t_ms": n * 500, "pdq": code.hex(), "quality": 90} for n, code in enumerate(run)]
        codes = {"algorithm": fingerprints(run).algorithm, "version": "1", "frames": frames}
        named = {"reference": self.house.new_id(), "person": person, "basis": "enrolled themselves"}
        body = ReferenceRegistered.model_validate({**named, "kind": "likeness", "ways": ["picture"]})
        self.house.say_as("ines", body, sealed={"/body/codes": codes}, subject=person)
        return body.reference

    def forbidden(self, run: Run) -> str:
        """Media of an entry of the do-not-generate list."""
        base = {"reason": "a competitor", "counsel": "lena", "effective_from": "2026-10-01T00:00:00Z"}
        entry = GuardrailAdded.model_validate(
            {**base, "guardrail": self.house.new_id(), "kind": "character", "label": "Someone Drawn"}
        )
        self.house.say_as("lena", entry)
        return self.reference(run, kind="do-not-generate", guardrail=entry.guardrail, title=None, owner=None)

    def withdraw(self, reference: str) -> None:
        self.house.say_as("ivy", ReferenceWithdrawn(reference=reference, reason="the agreement ended"))

    def matches(self, **of: Any) -> list[Recorded]:
        self.views.catch_up()
        return self.views.matchbook.matches(**of)

    def review(self, match: Recorded, verdict: str, actor: str = "rob") -> None:
        named = {"match": match.match, "asset": match.asset, "reference": match.reference}
        body = MatchReviewed.model_validate({**named, "verdict": verdict, "comment": "looked at both"})
        self.house.say_as(actor, body)

    def said(self, *types: type) -> list[Any]:
        return [one.body for one in self.house.ledger.read(types=[kind.TYPE for kind in types])]  # type: ignore[attr-defined]

    def against(self, asset: str) -> set[tuple[str, str]]:
        return {(row.outcome, row.code) for row in self.house.decision(asset).against if row.rule == "match"}


POLICY = current()
