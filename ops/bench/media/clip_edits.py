"""What people do to a clip. Each edit takes pictures and their rate, and gives pictures and a rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

from ops.bench.media import edits

Pictures = Sequence[Image.Image]
ClipEdit = Callable[[Pictures, float], tuple[Pictures, float]]
_EACH: Final = (
    "JPEG 10", "brighter", "more contrast", "grey", "caption over it", "meme band above", "logo in a corner", "letterboxed",
    "9:16 with blurred self", "mirrored", "cropped 25 %", "cropped to half the width", "reframed 9:16", "tilted 3°",
    "picture in picture", "screenshot of a feed", "filmed from a screen",
)  # fmt: skip


def _each(edit: edits.Edit, pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    return [edit(picture) for picture in pictures], rate


def _faster(factor: float, pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    return pictures, rate * factor


def _middle(pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    return pictures[len(pictures) // 4 : -len(pictures) // 4], rate


def _fewer(pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    return pictures[::2], rate / 2


def _spliced(pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    """Between two seconds of something else on each side."""
    size = pictures[0].size
    other = Image.radial_gradient("L").convert("RGB").resize(size)
    padding = [edits.hue(edits.gamma(other, 0.5 + n % 24 / 24), n * 5) for n in range(round(2 * rate))]
    return [*padding, *pictures[len(pictures) // 4 :], *padding], rate


def _still(pictures: Pictures, rate: float) -> tuple[Pictures, float]:
    """One frame of it, held."""
    return [pictures[len(pictures) // 2]] * round(2 * rate), rate


EDITS: Final[dict[str, ClipEdit]] = {
    **{name: partial(_each, edits.EDITS[name]) for name in _EACH},
    "a quarter faster": partial(_faster, 1.25),
    "a fifth slower": partial(_faster, 0.8),
    "the middle half": _middle,
    "half the frames": _fewer,
    "spliced into another": _spliced,
    "one frame, held": _still,
}


def picture_of(frame: av.VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgb24"))


def read(path: Path) -> tuple[Pictures, float]:
    """All pictures of a clip, and how many a second."""
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 24)
        return [picture_of(frame) for frame in container.decode(video=0)], rate


def written(target: Path, pictures: Pictures, rate: float, crf: int = 28) -> Path:
    """H.264 as a platform would write it; sides are made even."""
    width, height = (side // 2 * 2 for side in pictures[0].size)
    with av.open(str(target), "w", format="mp4") as output:
        stream: Any = output.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(crf)}
        for picture in pictures:
            fitted = picture if picture.size == (width, height) else picture.resize((width, height))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(fitted), format="rgb24")))
        output.mux(stream.encode(None))
    return target
