"""What people do to a picture before they post it again. Each edit takes an RGB picture and gives one; no randomness but
a fixed seed, so that two runs see the same pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Picture = Image.Image
Edit = Callable[[Picture], Picture]
_BILINEAR: Final = Image.Resampling.BILINEAR


def recoded(picture: Picture, kind: str, quality: int) -> Picture:
    """Written and read again in a lossy format."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def scaled(picture: Picture, factor: float) -> Picture:
    return picture.resize((max(8, round(picture.width * factor)), max(8, round(picture.height * factor))), _BILINEAR)


def stretched(picture: Picture, factor: float) -> Picture:
    return picture.resize((round(picture.width * factor), picture.height), _BILINEAR)


def noisy(picture: Picture, levels: float) -> Picture:
    noise = np.random.default_rng(1).normal(0, levels, (picture.height, picture.width, 3))
    return _clipped(np.asarray(picture) + noise)


def gamma(picture: Picture, exponent: float) -> Picture:
    return _clipped(255 * (np.asarray(picture) / 255) ** exponent)


def contrast(picture: Picture, factor: float) -> Picture:
    return ImageEnhance.Contrast(picture).enhance(factor)


def sepia(picture: Picture) -> Picture:
    mix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return _clipped(np.asarray(picture) @ mix.T)


def hue(picture: Picture, turn: int) -> Picture:
    channels = list(picture.convert("HSV").split())
    channels[0] = channels[0].point(lambda value: (value + turn) % 256)
    return Image.merge("HSV", channels).convert("RGB")


def vignette(picture: Picture) -> Picture:
    y, x = np.mgrid[-1 : 1 : picture.height * 1j, -1 : 1 : picture.width * 1j]
    return _clipped(np.asarray(picture) * (1 - 0.55 * (x**2 + y**2) / 2)[..., None])


def captioned(picture: Picture) -> Picture:
    """A dark band with words over the lower sixth."""
    out = picture.copy()
    draw, top = ImageDraw.Draw(out), round(picture.height * 0.82)
    draw.rectangle((0, top, picture.width, round(picture.height * 0.95)), fill=(10, 10, 10))
    _words(draw, "BREAKING: you will not believe this", (0, top), picture.width, round(picture.height * 0.13))
    return out


def meme(picture: Picture) -> Picture:
    """A white band with words above the picture, a fifth of its height."""
    band = round(picture.height * 0.2)
    out = Image.new("RGB", (picture.width, picture.height + band), "white")
    out.paste(picture, (0, band))
    _words(ImageDraw.Draw(out), "when the brief says final", (0, 0), picture.width, band, "black")
    return out


def stamped(picture: Picture) -> Picture:
    """A logo in a corner, a fifth of the width."""
    out, side = picture.copy(), round(picture.width * 0.2)
    draw = ImageDraw.Draw(out)
    box = (picture.width - side - 8, 8, picture.width - 8, 8 + side)
    draw.ellipse(box, fill=(220, 30, 60), outline="white", width=max(2, side // 20))
    _words(draw, "NEW", (box[0], box[1] + side // 3), side, side // 3)
    return out


def stickered(picture: Picture) -> Picture:
    """Three stickers, each a seventh of the width, strewn over the picture."""
    out, radius = picture.copy(), picture.width // 14
    draw = ImageDraw.Draw(out)
    for x, y, colour in ((0.3, 0.25, "yellow"), (0.7, 0.55, "deepskyblue"), (0.2, 0.75, "orange")):
        cx, cy = x * picture.width, y * picture.height
        draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=colour, outline="black", width=2)
    return out


def bordered(picture: Picture, share: float, colour: str) -> Picture:
    return ImageOps.expand(picture, round(min(picture.size) * share), colour)


def on_canvas(picture: Picture, aspect: float, fill: str | None) -> Picture:
    """Fitted into a canvas of that shape: with one colour around it, or with itself blown up and blurred."""
    wide = picture.width / picture.height > aspect
    size = (picture.width, round(picture.width / aspect)) if wide else (round(picture.height * aspect), picture.height)
    if fill is None:
        out = ImageOps.fit(picture, size, _BILINEAR).filter(ImageFilter.GaussianBlur(max(size) / 25))
        out = ImageEnhance.Brightness(out).enhance(0.7)
    else:
        out = Image.new("RGB", size, fill)
    out.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return out


def cropped(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    """The part between these shares of width and height."""
    w, h = picture.size
    return picture.crop((round(w * left), round(h * top), round(w * right), round(h * bottom)))


def reframed(picture: Picture, aspect: float) -> Picture:
    """The middle of it, in another shape."""
    wide = picture.width / picture.height > aspect
    size = (round(picture.height * aspect), picture.height) if wide else (picture.width, round(picture.width / aspect))
    return ImageOps.fit(picture, size, _BILINEAR)


def tilted(picture: Picture, degrees: float) -> Picture:
    """Turned, and cut so that no corner shows."""
    turned = picture.rotate(degrees, Image.Resampling.BICUBIC)
    return cropped(turned, 0.05, 0.05, 0.95, 0.95)


def perspective(picture: Picture) -> Picture:
    """As if photographed from the side."""
    w, h = picture.size
    quad = (0.0, 0.0, w * 0.06, h * 1.0, w * 0.97, h * 0.93, w * 1.0, h * 0.05)
    return picture.transform(picture.size, Image.Transform.QUAD, quad, _BILINEAR)


def inset(picture: Picture) -> Picture:
    """Picture in picture: half as wide in the corner of something else."""
    chance = np.random.default_rng(5)
    shapes = Image.fromarray(chance.integers(0, 255, (9, 16, 3), dtype=np.uint8))
    out = shapes.resize((1280, 720), Image.Resampling.BICUBIC)
    small = ImageOps.contain(picture, (640, 400))
    out.paste(small, (1280 - small.width - 32, 720 - small.height - 32))
    return out


def screenshot(picture: Picture) -> Picture:
    """A telephone's screen with the picture in a feed: bars, a title above, buttons below."""
    out = Image.new("RGB", (1080, 1920), (250, 250, 250))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, 1080, 90), fill=(20, 20, 24))
    _words(draw, "9:41", (20, 20), 160, 50)
    draw.ellipse((30, 300, 120, 390), fill=(90, 120, 200))
    _words(draw, "somebody . 3 h", (140, 315), 500, 60, "black")
    body = ImageOps.contain(picture, (1080, 1200))
    body = body.resize((1080, round(body.height * 1080 / body.width)), _BILINEAR).crop((0, 0, 1080, 1200))
    out.paste(body, (0, 420))
    for x in (60, 300, 540):
        draw.ellipse((x, 1700, x + 70, 1770), outline="black", width=6)
    return recoded(out, "JPEG", 70)


def filmed(picture: Picture) -> Picture:
    """Filmed from a screen: from the side, moiré, a cast, noise."""
    out = perspective(picture.resize((960, round(960 * picture.height / picture.width)), _BILINEAR))
    y, x = np.mgrid[0 : out.height, 0 : out.width]
    waves = 9 * np.sin(0.9 * x + 0.13 * y) + 6 * np.sin(0.7 * y)
    return noisy(_clipped(np.asarray(out) * np.array([1.05, 0.98, 0.86]) + waves[..., None]), 6)


def _words(
    draw: ImageDraw.ImageDraw, text: str, at: tuple[int, int], width: int, height: int, fill: str = "white"
) -> None:
    size = max(8, min(height * 0.6, width / len(text) * 1.8))
    draw.text((at[0] + width * 0.04, at[1] + height * 0.15), text, fill=fill, font_size=size)


def _clipped(values: Any) -> Picture:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


EDITS: Final[dict[str, Edit]] = {
    "JPEG 30": partial(recoded, kind="JPEG", quality=30),
    "JPEG 10": partial(recoded, kind="JPEG", quality=10),
    "WebP 30": partial(recoded, kind="WEBP", quality=30),
    "half size": partial(scaled, factor=0.5),
    "128 px wide": lambda picture: scaled(picture, 128 / picture.width),
    "stretched 4:3 to 16:9": partial(stretched, factor=1.333),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(picture.width / 250)),
    "blurred strongly": lambda picture: picture.filter(ImageFilter.GaussianBlur(picture.width / 80)),
    "sharpened": lambda picture: picture.filter(ImageFilter.UnsharpMask(3, 250, 2)),
    "noise": partial(noisy, levels=18),
    "brighter": partial(gamma, exponent=0.6),
    "darker": partial(gamma, exponent=1.8),
    "more contrast": partial(contrast, factor=1.6),
    "less contrast": partial(contrast, factor=0.5),
    "grey": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "sepia": sepia,
    "hue turned": partial(hue, turn=60),
    "sixteen colours": lambda picture: picture.quantize(16).convert("RGB"),
    "vignette": vignette,
    "caption over it": captioned,
    "meme band above": meme,
    "logo in a corner": stamped,
    "stickers": stickered,
    "border 8 %": partial(bordered, share=0.08, colour="white"),
    "letterboxed": partial(on_canvas, aspect=1.0, fill="black"),
    "9:16 with black": partial(on_canvas, aspect=9 / 16, fill="black"),
    "9:16 with blurred self": partial(on_canvas, aspect=9 / 16, fill=None),
    "mirrored": ImageOps.mirror,
    "cropped 10 %": partial(cropped, left=0.05, top=0.05, right=0.95, bottom=0.95),
    "cropped 25 %": partial(cropped, left=0.12, top=0.14, right=0.88, bottom=0.86),
    "cropped to a corner": partial(cropped, left=0.35, top=0.0, right=1.0, bottom=0.65),
    "cropped to half the width": partial(cropped, left=0.25, top=0.25, right=0.75, bottom=0.75),
    "reframed 9:16": partial(reframed, aspect=9 / 16),
    "reframed 1:1": partial(reframed, aspect=1.0),
    "tilted 3°": partial(tilted, degrees=3),
    "turned 90°": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned 180°": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "from the side": perspective,
    "picture in picture": inset,
    "screenshot of a feed": screenshot,
    "filmed from a screen": filmed,
}
