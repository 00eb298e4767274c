"""Is a provider's visible mark in the picture? Its outline is looked for by correlating gradients at five sizes.

Half-transparent marks change brightness but keep their edges' directions, so gradients are compared, each divided by its own
strength: a strong edge of the picture counts no more than a faint one of the mark. A mark may move: it has to be in half of six
frames, wherever. What a template's width does not foresee (a crop, a smaller paste-in) is not found, and `absent` says no more.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledger.media.extraction import Extraction, Looking, ended
from ledger.media.findings import Finding, FindingState
from ledger.media.frames import SIDE_PX, Coverage, SampledFrame
from ledger.media.looks import Box, EvenFrames, keep_evidence
from ledger.media.state import State

NAME: Final = "visible_mark"
ALGORITHM: Final = f"gradient-ncc@{SIDE_PX}px/5-scales"
FRAMES_LOOKED: Final = 6
FRAMES_FOUND_MIN: Final = 3
SCALES: Final = (0.8, 0.9, 1.0, 1.11, 1.25)  # of the template's own width; correlation stands an error of a twentieth
SCORE_MIN: Final = (
    0.45  # 75 pictures and frames without the marks stayed under .44, with marks at 25 % opacity half were over .55
)
SCORE_ALONE_MIN: Final = 0.55  # where there are not three frames to agree
TEMPLATE_PIXELS_MAX: Final = 4 * 2**20
MARK_PX_MIN: Final = 10  # lower than this it has no outline left
_PICTURE_NOISE, _MARK_NOISE = 8.0, 2.0  # levels of 255 that count as no edge

Gradient = NDArray[np.float32]


@dataclass(frozen=True)
class Template:
    """`light` is the mark alone, height x width, uint8. None: its image is not here."""

    name: str
    provider: str
    sha256: str
    width_permille: int
    light: NDArray[np.uint8] | None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Template:
        image = data.get("image")
        light = None if image is None else _light(base64.b64decode(image))
        return cls(data["template"], data["provider"], data["sha256"], data["width_permille"], light)


@dataclass(frozen=True)
class _Place:
    frame: SampledFrame
    score: float
    box: Box


def spec() -> tuple[str, str]:
    return ALGORITHM, f"opencv {cv2.__version__}"


class MarkConsumer:
    """`options`: {"templates": [{"template", "provider", "sha256", "width_permille", "image": base64 or null}]}."""

    def __init__(self, looking: Looking) -> None:
        told = looking.options.get(NAME, {}).get("templates", [])
        self._templates = [Template.from_json(one) for one in told]
        self._frames = EvenFrames(FRAMES_LOOKED)

    def see(self, frame: SampledFrame) -> None:
        self._frames.see(frame)

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        frames = self._frames.chosen()
        pictures = [gradient(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), _PICTURE_NOISE) for frame in frames]
        said = [self._look(found, one, frames, pictures) for one in self._templates]
        states = [one["state"] for one in said]
        state: FindingState = "found" if "found" in states else "not_checked" if "not_checked" in states else "absent"
        detail = ended(coverage) | {"templates": said}
        found.add(Finding(NAME, *spec(), state, detail))

    def state(self) -> State:
        return self._frames.state()

    def restore(self, state: State) -> None:
        self._frames.restore(state)

    def _look(
        self, found: Extraction, template: Template, frames: list[SampledFrame], pictures: list[Gradient]
    ) -> dict[str, Any]:
        said: dict[str, Any] = {"template": template.name, "provider": template.provider, "sha256": template.sha256}
        if template.light is None:
            return said | {"state": "not_checked", "reason": "template_missing"}
        needed = min(FRAMES_FOUND_MIN, len(frames))
        least = SCORE_MIN if needed == FRAMES_FOUND_MIN else SCORE_ALONE_MIN
        places = [
            _Place(frame, *best_place(picture, template)) for frame, picture in zip(frames, pictures, strict=True)
        ]
        seen = [place for place in places if place.score >= least]
        said |= {
            "frames_looked": len(frames),
            "frames_found": len(seen),
            "frames_found_min": needed,
            "threshold_permille": round(1000 * least),
            "score_permille": round(1000 * max((place.score for place in places), default=0)),
        }
        if not frames or len(seen) < needed:
            return said | {"state": "absent"}
        best = max(seen, key=lambda place: place.score)
        shown = [
            {"t_ms": place.frame.t_ms, "score_permille": round(1000 * place.score), "box": list(place.box)}
            for place in seen
        ]
        return said | {"state": "found", "frames": shown, "evidence": _evidence(found, best)}


def _evidence(found: Extraction, place: _Place) -> dict[str, Any]:
    sha256 = keep_evidence(found, place.frame.pixels, [place.box])
    return {"t_ms": place.frame.t_ms, "sha256": sha256}


def best_place(picture: Gradient, template: Template) -> tuple[float, Box]:
    """(score 0 to 1, box) of where the mark fits best, over the sizes it may have. The sign is dropped: marks may be dark."""
    if template.light is None:
        raise ValueError("no template")
    best: tuple[float, Box] = (0.0, (0, 0, 0, 0))
    height, width = picture.shape[:2]
    for scale in SCALES:
        wide = round(width * template.width_permille / 1000 * scale)
        high = round(template.light.shape[0] * wide / template.light.shape[1])
        if min(wide, high) < MARK_PX_MIN or wide > width or high > height:
            continue
        mark = gradient(cv2.resize(template.light, (wide, high), interpolation=cv2.INTER_AREA), _MARK_NOISE)
        fits = np.abs(np.nan_to_num(cv2.matchTemplate(picture, mark, cv2.TM_CCORR_NORMED), posinf=0, neginf=0))
        fits[fits > 1.01] = 0  # where the picture has no gradient at all the quotient means nothing
        top, left = np.unravel_index(int(fits.argmax()), fits.shape)
        if fits[top, left] > best[0]:
            best = (min(1.0, float(fits[top, left])), (int(left), int(top), wide, high))
    return best


def gradient(grey: NDArray[Any], noise: float) -> Gradient:
    """Direction of brightness at each pixel, height x width x 2, shorter than 1 where it hardly changes."""
    levels = grey.astype(np.float32)
    across = cv2.Sobel(levels, cv2.CV_32F, 1, 0, ksize=3, scale=0.25)
    down = cv2.Sobel(levels, cv2.CV_32F, 0, 1, ksize=3, scale=0.25)
    strength = np.sqrt(across * across + down * down) + np.float32(noise)
    return np.dstack([across / strength, down / strength])


def _light(content: bytes) -> NDArray[np.uint8]:
    """Transparency where it has some, else brightness, cropped to what is there. Raises ValueError, OSError."""
    image = Image.open(io.BytesIO(content))
    if image.width * image.height > TEMPLATE_PIXELS_MAX:
        raise ValueError("a template is no poster")
    channel = image.convert("RGBA").getchannel("A") if "A" in image.getbands() else image.convert("L")
    box = channel.point(lambda level: 255 if level > 16 else 0).getbbox()
    if box is None:
        raise ValueError("nothing is on the template")
    margin = 4  # the outer edge of the mark is part of its outline
    padded = Image.new("L", (box[2] - box[0] + 2 * margin, box[3] - box[1] + 2 * margin))
    padded.paste(channel.crop(box), (margin, margin))
    return np.asarray(padded)
