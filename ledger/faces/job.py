"""The child's work on faces: find and measure all of a file, or cut one out of its frame. Runs fenced in, and only there."""

from __future__ import annotations

import io
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

from PIL import Image

from ledger.errors import NotFound, Unavailable
from ledger.faces.comparing import THRESHOLD_PERMILLE
from ledger.faces.port import FACE_SIDE_PX_MIN, EngineSpec, load_engine
from ledger.faces.sightings import Sightings
from ledger.media.extraction import MODEL_DIGITS, Extraction
from ledger.media.findings import Finding, FindingState
from ledger.media.frames import Coverage, SampledFrame, sample_frames
from ledger.media.probe import sniff

MARGIN: Final = 0.25  # of the box, on every side: hair and chin help a person to recognise


class FaceConsumer:
    """The `faces` extractor. Its finding has counts; every face with its embeddings is apart, for the vault."""

    def __init__(self) -> None:
        """Raises Unavailable `faces_not_installed`."""
        self._engine, self._seen = load_engine(), Sightings()

    def see(self, frame: SampledFrame) -> None:
        self._seen.look(self._engine, frame)

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        seen, spec = self._seen, self._engine.spec
        steady = seen.steady()
        detail: dict[str, Any] = {
            "faces": len(steady),
            "glimpses": len(seen.faces) - len(steady),
            "small": seen.small,
            "frames": seen.frames,
            "until_ms": seen.until_ms,
            "side_px_min": FACE_SIDE_PX_MIN,
            "threshold_permille": THRESHOLD_PERMILLE,
            "model_sha256": spec.model_sha256,
        }
        early = seen.ended_early or coverage.ended_early
        detail |= {"ended_early": early} if early else {}
        state: FindingState = "found" if seen.faces or seen.small else "absent"
        found.add(Finding("faces", *_named(spec), state, detail))
        found.apart["faces"] = {"engine": spec.as_json(), "faces": [one.as_json() for one in steady]}


def specs() -> tuple[tuple[str, str], ...]:
    """(algorithm, version with the digest of all weights) of the engine that is installed; none without one."""
    try:
        spec = load_engine().spec
    except Unavailable:
        return ()
    return (_named(spec),)


def _named(spec: EngineSpec) -> tuple[str, str]:
    return spec.name, f"{spec.version}, model {spec.model_sha256[:MODEL_DIGITS]}"


def cut_out(job: dict[str, Any]) -> dict[str, Any]:
    """A JPEG of the box `box` of the frame at `t_ms`, with a margin. Raises NotFound `frame_unknown`."""
    path = Path(job["path"])
    for frame in sample_frames(path, sniff(path), Coverage()):
        if frame.t_ms == job["t_ms"]:
            return {"jpeg": b64encode(_jpeg(Image.fromarray(frame.pixels), job["box"])).decode()}
    raise NotFound("frame_unknown", "the file has no such frame", "Scan it again.")


def _jpeg(frame: Image.Image, box: list[int]) -> bytes:
    x, y, width, height = box
    margin_x, margin_y = round(width * MARGIN), round(height * MARGIN)
    left, top, right, bottom = x - margin_x, y - margin_y, x + width + margin_x, y + height + margin_y
    inside = (max(0, left), max(0, top), min(frame.width, right), min(frame.height, bottom))
    target = io.BytesIO()
    frame.crop(inside).save(target, "JPEG", quality=90)
    return target.getvalue()
