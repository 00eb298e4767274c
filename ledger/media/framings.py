"""The parts of a frame that others cut out of it or put around it: which to hash, so that a crop still meets its original.

A reference is also hashed as the crops that people make; a query also as what may lie inside it: without bars, without
what stands above and below, as each panel with straight edges, each mirrored, and turned as a whole. All of these at
128 px: hashing costs a tenth of 512 px, and like is only compared with like. Measured, by edit, in docs/media.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from ledger.media.findings import FRAMED_SIDE_PX, FrameCode, VariantCode
from ledger.media.frames import Pixels
from ledger.media.panels import Box, panels

QUALITY_MIN: Final = 50  # below it a frame is too plain to vote alone (PDQ's own advice)
BAR_SPREAD_LEVELS: Final = 8  # a row belongs to a bar when its pixels, of 255, differ by no more (standard deviation)
BAR_STEP_LEVELS: Final = 10  # and its mean from the edge's by no more; compression noise stays below both
KEPT_PERMILLE_MIN: Final = 300  # less than this left in one direction is a dark picture, not a letterbox
SHAPES: Final = {"9:16": 9 / 16, "1:1": 1.0, "4:3": 4 / 3, "16:9": 16 / 9}
SHAPE_KEPT: Final = (0.28, 0.95)  # a shape that keeps less is a strip; one that keeps more is the frame itself
TALL: Final = 0.7  # width to height below which a feed shows one end of it, not its middle

WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)
_MARGINS: Final = (0.065, 0.125, 0.2, 0.25)  # .87, .75, .6 and half of each side left
_CORNERS: Final[dict[str, Box]] = {
    "top_left": (0.0, 0.0, 0.67, 0.67),
    "top_right": (0.33, 0.0, 1.0, 0.67),
    "bottom_left": (0.0, 0.33, 0.67, 1.0),
    "bottom_right": (0.33, 0.33, 1.0, 1.0),
}
_ENDS: Final[dict[str, Box]] = {"top": (0.0, 0.0, 1.0, 0.65), "bottom": (0.0, 0.35, 1.0, 1.0)}
_TRIMMED: Final[dict[str, Box]] = {"below_a_band": (0.0, 0.2, 1.0, 1.0), "above_a_band": (0.0, 0.0, 1.0, 0.8)}
# Rows of pdqhash.compute_dihedral: original, turned 90, 180, 270, upside down, left-right mirrored, two diagonals.
_ORIENTATIONS: Final = {"upright": 0, "mirrored": 5, "turned_90": 1, "turned_180": 2, "turned_270": 3}
_EITHER_WAY: Final = ("upright", "mirrored")


@dataclass(frozen=True)
class Framing:
    """A part of a frame; `turns`: whether it is also hashed turned by quarters."""

    name: str
    box: Box
    turns: bool = False


def reference_codes(t_ms: int, pixels: Pixels) -> Iterator[FrameCode]:
    """The codes that a known frame is found by, those too plain to vote left out."""
    image = Image.fromarray(pixels)
    tall = image.width < TALL * image.height
    for box in (WHOLE, *_crops(), *_CORNERS.values(), *_shapes(image.size).values(), *(_ENDS.values() if tall else ())):
        bits, quality = pdqhash.compute(_small(image, box))
        if quality >= QUALITY_MIN:
            yield FrameCode(t_ms, packed(np.asarray(bits)), int(quality), "")


def query_codes(t_ms: int, pixels: Pixels) -> Iterator[VariantCode]:
    """The codes to search with, named `orientation/framing`; those too plain to vote left out."""
    image = Image.fromarray(pixels)
    for framing in query_framings(pixels):
        bits, quality = pdqhash.compute_dihedral(_small(image, framing.box))
        if quality < QUALITY_MIN:
            continue
        for orientation in _ORIENTATIONS if framing.turns else _EITHER_WAY:
            code = packed(np.asarray(bits[_ORIENTATIONS[orientation]]))
            yield VariantCode(f"{orientation}/{framing.name}", FrameCode(t_ms, code, int(quality), ""))


def query_framings(pixels: Pixels) -> list[Framing]:
    """What may be somebody's picture in this one."""
    height, width = pixels.shape[:2]
    found = [Framing("whole", WHOLE, turns=True)]
    inner = unbarred_box(pixels)
    for name, base in (("", WHOLE), ("unbarred_", inner)):
        if base is None:
            continue
        size = round(width * (base[2] - base[0])), round(height * (base[3] - base[1]))
        found += [Framing("unbarred", base, turns=True)] if name else []
        parts = {f"crop{share}": (m, m, 1 - m, 1 - m) for share, m in zip((87, 75), _MARGINS, strict=False)} | _shapes(
            size
        )
        found += [Framing(name + part, _within(base, box)) for part, box in parts.items()]
    found += [Framing(name, box) for name, box in _TRIMMED.items()]
    return found + [Framing(f"panel{n}", box) for n, box in enumerate(panels(pixels), 1)]


def mirrored(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def unbarred(pixels: Pixels) -> Pixels | None:
    """The frame without its even borders of any colour; None when it has none or too little would be left."""
    box = unbarred_box(pixels)
    if box is None:
        return None
    height, width = pixels.shape[:2]
    left, top, right, bottom = (round(v * size) for v, size in zip(box, (width, height, width, height), strict=True))
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def unbarred_box(pixels: Pixels) -> Box | None:
    """Where the picture lies inside even borders."""
    grey = pixels.astype(np.float32).mean(axis=2)
    top, bottom = _inner(grey)
    if top >= bottom:
        return None  # one even colour, all of it
    left, right = _inner(grey[top:bottom].T)
    height, width = grey.shape
    if (bottom - top, right - left) == grey.shape:
        return None
    if min((bottom - top) * 1000 // height, (right - left) * 1000 // width) < KEPT_PERMILLE_MIN:
        return None
    return left / width, top / height, right / width, bottom / height


def packed(bits: NDArray[Any]) -> str:
    """256 bits, first bit most significant, as 64 hex digits."""
    return np.packbits(bits.astype(bool).ravel()).tobytes().hex()


def _crops() -> list[Box]:
    return [(m, m, 1 - m, 1 - m) for m in _MARGINS]


def _shapes(size: tuple[int, int]) -> dict[str, Box]:
    """The middle of a frame of that size in each shape that differs from its own."""
    aspect, found = size[0] / max(1, size[1]), dict[str, Box]()
    for name, shape in SHAPES.items():
        kept = min(shape / aspect, aspect / shape)
        if SHAPE_KEPT[0] <= kept <= SHAPE_KEPT[1]:
            m = (1 - kept) / 2
            found[name] = (m, 0.0, 1 - m, 1.0) if shape < aspect else (0.0, m, 1.0, 1 - m)
    return found


def _within(outer: Box, inner: Box) -> Box:
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    return (
        outer[0] + inner[0] * width,
        outer[1] + inner[1] * height,
        outer[0] + inner[2] * width,
        outer[1] + inner[3] * height,
    )


def _small(image: Image.Image, box: Box) -> NDArray[Any]:
    """That part at 128 px, keeping its shape."""
    left, top, right, bottom = (v * size for v, size in zip(box, image.size * 2, strict=True))
    factor = FRAMED_SIDE_PX / max(right - left, bottom - top)
    size = max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)))


def _inner(grey: NDArray[Any]) -> tuple[int, int]:
    """(first, last + 1) row that is not part of an even border."""
    means, spreads = grey.mean(axis=1), grey.std(axis=1)
    first = _bar(means, spreads)
    return first, len(means) - _bar(means[::-1], spreads[::-1]) if first < len(means) else len(means)


def _bar(means: NDArray[Any], spreads: NDArray[Any]) -> int:
    """How many rows from the start are even and alike."""
    even = (spreads < BAR_SPREAD_LEVELS) & (np.abs(means - means[0]) < BAR_STEP_LEVELS)
    return len(even) if even.all() else int(np.argmin(even))
