"""Burns visible marks into the lab's own clip, as providers do: one in each corner, near the edge, half-transparent."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

OPACITY: Final = 0.8
MARGIN_PERMILLE: Final = 25  # of the picture's width: where providers put theirs, and where a crop takes it away
CORNERS: Final = ((1, 1), (0, 1), (1, 0), (0, 0))  # right and bottom first


Change = Callable[[Any], Any]
"""Of a frame's pixels: height x width x 3, uint8, RGB."""


def marked(source: Path, target: Path, marks: list[tuple[bytes, int]]) -> Path:
    """`marks`: a picture (light on black, or on transparency) and its width in thousandths of the clip's."""
    with av.open(str(source)) as container:
        layer = _layer((container.streams.video[0].width, container.streams.video[0].height), marks)
    return redrawn(source, target, lambda pixels: _under(pixels, layer))


def redrawn(source: Path, target: Path, change: Change) -> Path:
    """The clip with every frame changed, its sound as it was."""
    with av.open(str(source)) as container, av.open(str(target), "w", format="mp4") as output:
        video = container.streams.video[0]
        drawn = output.add_stream("libx264", rate=video.average_rate or Fraction(24))
        drawn.width, drawn.height, drawn.pix_fmt = video.width, video.height, "yuv420p"
        drawn.options = {"preset": "veryfast", "crf": "16"}
        heard = container.streams.audio[0] if container.streams.audio else None
        copied = output.add_stream_from_template(heard) if heard else None
        for packet in container.demux(*filter(None, (video, heard))):
            if packet.stream is heard and copied is not None:
                if packet.dts is not None:
                    packet.stream = copied
                    output.mux(packet)
                continue
            for frame in packet.decode():
                output.mux(drawn.encode(_changed(frame, change)))
        output.mux(drawn.encode(None))
    return target


def _changed(frame: Any, change: Change) -> Any:
    made = av.VideoFrame.from_ndarray(change(frame.to_ndarray(format="rgb24")), format="rgb24")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def _under(pixels: Any, layer: Image.Image) -> Any:
    picture = Image.fromarray(pixels).convert("RGBA")
    return np.asarray(Image.alpha_composite(picture, layer).convert("RGB"))


def _layer(size: tuple[int, int], marks: list[tuple[bytes, int]]) -> Image.Image:
    layer, margin = Image.new("RGBA", size), size[0] * MARGIN_PERMILLE // 1000
    for (content, permille), (right, bottom) in zip(marks, CORNERS, strict=False):
        mark = _light(content, size[0] * permille // 1000)
        x = size[0] - margin - mark.width if right else margin
        y = size[1] - margin - mark.height if bottom else margin
        layer.paste(mark, (max(0, x), max(0, y)))
    return layer


def _light(content: bytes, width: int) -> Image.Image:
    """White, as opaque as the mark is light."""
    with Image.open(io.BytesIO(content)) as image:
        whole = image.convert("RGBA")
    ground = Image.new("RGBA", whole.size, (0, 0, 0, 255))
    light = Image.alpha_composite(ground, whole).convert("L").point(lambda value: int(value * OPACITY))
    size = (max(1, width), max(1, round(whole.height * width / whole.width)))
    made = Image.new("RGBA", size, (255, 255, 255, 0))
    made.putalpha(light.resize(size, Image.Resampling.LANCZOS))
    return made
