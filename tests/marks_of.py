"""Pictures with something in them, made for a test: a provider's mark, a scene of moving shapes, the mark wandering over it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
SIZE = (512, 288)


def mark(text: str = "Anvil") -> Image.Image:
    """A cloud and a word, light on transparency: nobody's, and as detailed as those that are somebody's."""
    image = Image.new("RGBA", (250, 80))
    pen = ImageDraw.Draw(image)
    for box in ((8, 28, 40, 60), (28, 14, 66, 60), (50, 30, 78, 60)):
        pen.ellipse(box, fill="white")
    pen.text((90, 14), text, font=ImageFont.load_default(52), fill="white")
    box = image.getbbox()
    assert box is not None
    return image.crop(box)


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def scene(t: float, seed: int = 5) -> Image.Image:
    """One moment of a scene: a gradient, soft texture and shapes that drift."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(40, 200, (9, 16, 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, r = chance.uniform(0, SIZE[0]), chance.uniform(0, SIZE[1]), chance.uniform(8, 50)
        x += chance.uniform(-40, 40) * t
        colour = tuple(int(level) for level in chance.integers(0, 255, 3))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image


def marked(image: Image.Image, sign: Image.Image, t: float, width: float = 0.2, opacity: float = 0.5) -> Image.Image:
    """The mark over the picture, half transparent, somewhere else at every moment."""
    wide = round(image.width * width)
    small = sign.resize((wide, round(sign.height * wide / sign.width)), Image.Resampling.LANCZOS)
    small.putalpha(small.getchannel("A").point(lambda level: round(level * opacity)))
    x = round((image.width - small.width) * (0.5 + 0.45 * np.sin(1.7 * t)))
    y = round((image.height - small.height) * (0.5 + 0.45 * np.cos(1.1 * t)))
    out = image.convert("RGBA")
    out.alpha_composite(small, (x, y))
    return out.convert("RGB")


def emblem(seed: int = 1) -> Image.Image:
    """A logo with letters and shapes, on transparency."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGBA", (220, 160))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((4, 4, 216, 156), 24, fill=(240, 233, 216), outline=(107, 66, 38), width=6)
    for _ in range(14):
        x, y, r = chance.uniform(20, 200), chance.uniform(20, 90), chance.uniform(4, 16)
        pen.regular_polygon(
            (x, y, r), int(chance.integers(3, 7)), fill=tuple(int(v) for v in chance.integers(0, 200, 3))
        )
    pen.text((24, 98), chance.choice(["Morning", "Anvil&Co"]), font=ImageFont.load_default(44), fill=(60, 30, 10))
    return image


def with_logo(t: float, sign: Image.Image, width: int = 170, turn: float = 8) -> Image.Image:
    small = sign.resize((width, round(sign.height * width / sign.width))).rotate(turn, expand=True)
    out = scene(t).convert("RGBA")
    out.alpha_composite(small, (60 + round(30 * t), 50))
    return out.convert("RGB")


def film(path: Path, frame: Callable[[float], Image.Image], seconds: float = 6.0, rate: int = 8) -> Path:
    """An H.264 clip of `frame(t)`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "26", "preset": "veryfast"})
        stream.width, stream.height = frame(0).size
        stream.pix_fmt = "yuv420p"
        for n in range(round(seconds * rate)):
            picture = np.asarray(frame(n / rate))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
