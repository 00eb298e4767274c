"""Clips and pictures with a known face in them, and made-up faces for rules that do not care how a face was measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from api.services.faces import judge, record
from api.services.services import Services
from ledger.faces.port import Embedding, EngineSpec
from ledger.faces.seen import SeenFace, SeenFaces
from ledger.media.sandbox import Examiner
from projections.views import Views
from schemas.statements.faces import LikenessJudged, LikenessReviewed
from schemas.statements.guardrail import GuardrailAdded
from schemas.statements.likeness import LikenessEnrolled, LikenessPermitted
from tests.house_of import House

Pixels = NDArray[np.uint8]
RATE = 10  # frames a second
ENGINE = EngineSpec("made-up", "1", "ab" * 32, 128)


def write_clip(path: Path, frames: Sequence[Pixels]) -> Path:
    """H.264 in MP4, `RATE` frames a second."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def somebody(seed: int) -> Embedding:
    """A made-up face of length 1; two of them are about 1.4 apart."""
    vector = np.random.default_rng(seed).normal(size=ENGINE.dimensions)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def again(face: Embedding, distance: float, seed: int = 1) -> Embedding:
    """The same face in another light: so far away."""
    return np.asarray(face + somebody(1_000 + seed) * distance, np.float32)


def seen(*faces: Embedding | Sequence[Embedding], frames: int = 3, **detail: Any) -> SeenFaces:
    """What an engine says of a clip with these faces, each given once or frame by frame."""
    found = []
    for n, face in enumerate(faces):
        shots = (face,) * frames if isinstance(face, np.ndarray) else tuple(face)
        box, size = (10 + 100 * n, 20, 60, 80), (512, 288)
        found.append(SeenFace(500 * n, 500 * n + 1000, max(frames, len(shots)), 500 * n, box, size, 900, shots))
    counts = {"frames": 20, "until_ms": 9_500, "small": 0, "glimpses": 0}
    return SeenFaces("found" if found else "absent", {**counts, **detail}, ENGINE, tuple(found))


class FaceHouse:
    """A house with the services that faces take, in which looks at files are made up and everything else is real."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.views = Views(folder / "views.sqlite", house.ledger, house.blobs)
        parts = {"ledger": house.ledger, "clock": house.clock, "blobs": house.blobs, "views": self.views}
        self.services = cast(Services, SimpleNamespace(**parts, examiner=Examiner()))
        self.views.catch_up()

    def permitted(self, person: str, *, days: int = 365, **more: Any) -> str:
        body = LikenessPermitted.model_validate(
            {
                "permission": self.house.new_id(),
                "person": person,
                "basis": "consent",
                "retain_until": self.house.clock.now() + timedelta(days=days),
                **more,
            }
        )
        self.house.say_as("lena" if body.basis == "guardrail" else "ines", body)
        return body.permission

    def enrolled(self, person: str, face: Embedding, permission: str | None = None) -> str:
        from api.services.likeness import engine_shape
        from ledger.faces.comparing import packed

        body = LikenessEnrolled.model_validate(
            {
                "enrolment": self.house.new_id(),
                "permission": permission or self.permitted(person),
                "person": person,
                "references": 1,
                "engine": engine_shape(ENGINE),
            }
        )
        self.house.ledger.say(body, sealed={"/body/templates": packed([face])}, subject=body.enrolment)
        return body.enrolment

    def listed(self, person: str) -> str:
        """A do-not-generate entry about somebody; their name is sealed."""
        shape = GuardrailAdded.example().as_json() | {"guardrail": self.house.new_id(), "person": person}
        body = GuardrailAdded.model_validate(shape)
        self.house.say_as("lena", body, sealed={"/body/names": ["Nobody Known"]}, subject=person)
        return body.guardrail

    def shows(self, asset: str, *faces: Embedding | Sequence[Embedding], **detail: Any) -> str:
        """The file is scanned, and judged."""
        record(self.services, asset, seen(*faces, **detail))
        judge(self.services, asset, "scan")
        return asset

    def judgements(self, asset: str) -> list[LikenessJudged]:
        found = self.house.ledger.read(f"asset:{asset}", [LikenessJudged.TYPE])
        return [said.body for said in found if isinstance(said.body, LikenessJudged)]

    def findings(self, asset: str) -> list[str]:
        return [one.finding for one in self.judgements(asset)[-1].findings]

    def reviewed(self, asset: str, face: int, verdict: str, actor: str = "ivy", **more: Any) -> None:
        scan = self.judgements(asset)[-1].scan
        shape = {"asset": asset, "scan": scan, "face": face, "verdict": verdict, "reason": "looked at it", **more}
        self.house.say_as(actor, LikenessReviewed.model_validate(shape))

    def close(self) -> None:
        self.views.close()
