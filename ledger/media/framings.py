"""The parts of a frame that others cut out of it or put around it: which to hash, so that a crop still meets its original.

A reference is also hashed as the crops that people make; a query also as what may lie inside it: without bars, without
what stands above and below, as each panel with straight edges, each mirrored, and turned as a whole. All of these at
128 px: hashing costs a tenth of 512 px, and like is only compared with like. Measured, by edit, in docs/media.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from ledger.media.findings import FRAMED_SIDE_PX, FrameCode, VariantCode
from ledger.media.frames import Pixels

QUALITY_MIN: Final = 50  # below it a frame is too plain to vote alone (PDQ's own advice)
BAR_SPREAD_LEVELS: Final = 8  # a row belongs to a bar when its pixels, of 255, differ by no more (standard deviation)
BAR_STEP_LEVELS: Final = 10  # and its mean from the edge's by no more; compression noise stays below both
KEPT_PERMILLE_MIN: Final = 300  # less than this left in one direction is a dark picture, not a letterbox
SHAPES: Final = {"9:16": 9 / 16, "1:1": 1.0, "4:3": 4 / 3, "16:9": 16 / 9}
SHAPE_KEPT: Final = (0.28, 0.95)  # a shape that keeps less is a strip; one that keeps more is the frame itself
PANELS_MAX: Final = 3
PANEL_SIDE_PX: Final = 160  # edges are looked for at this size: half a pixel of it is one of the frame's
PANEL_EDGE_LEVELS: Final = 10  # a step between neighbours that makes an edge
PANEL_LINE: Final = 0.12  # of a row or column that is edge, before it can be a side of a panel
PANEL_SIDE: Final = 0.55  # of each side that must be edge
PANEL_LINES_MAX: Final = 6  # rows and columns tried: 28 x 28 boxes at most
PANEL_AREA: Final = (0.06, 0.97)
PANEL_ALIKE: Final = 0.8  # two boxes that share more of their area are one

Box = tuple[float, float, float, float]
"""left, top, right, bottom, in shares of width and height."""
WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)
_MARGINS: Final = (0.065, 0.125, 0.2, 0.25)  # .87, .75, .6 and half of each side left
_CORNERS: Final[dict[str, Box]] = {
    "top_left": (0.0, 0.0, 0.67, 0.67),
    "top_right": (0.33, 0.0, 1.0, 0.67),
    "bottom_left": (0.0, 0.33, 0.67, 1.0),
    "bottom_right": (0.33, 0.33, 1.0, 1.0),
}
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
    for box in (WHOLE, *_crops(), *_CORNERS.values(), *_shapes(image.size).values()):
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
    return found + [Framing(f"panel{n}", box, turns=True) for n, box in enumerate(panels(pixels), 1)]


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


def panels(pixels: Pixels) -> list[Box]:
    """Boxes with straight edges on their sides, best first: a picture in a picture, in a feed, under a band of words."""
    image = Image.fromarray(pixels).convert("L")
    factor = PANEL_SIDE_PX / max(image.size)
    size = max(8, round(image.width * factor)), max(8, round(image.height * factor))
    grey = np.asarray(image.resize(size, Image.Resampling.BOX)).astype(np.int16)
    across, down = _edges(grey), _edges(grey.T)
    found: list[Box] = []
    for _, box in sorted(_boxes(across, down), reverse=True):
        if all(_alike(box, other) < PANEL_ALIKE for other in found):
            found.append(box)
        if len(found) == PANELS_MAX:
            break
    return found


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


@dataclass(frozen=True)
class _Edges:
    """Steps from row to row: `lines` are the rows worth trying as a side, `sums[r, c]` counts edge pixels before column c."""

    lines: tuple[int, ...]
    sums: NDArray[Any]

    def share(self, line: int, start: int, end: int) -> float | None:
        """How much of a side is edge; None at the frame's own border."""
        if line in (0, len(self.sums) - 1):
            return None
        return float(self.sums[line, end] - self.sums[line, start]) / (end - start)


def _edges(grey: NDArray[Any]) -> _Edges:
    steps = np.zeros((grey.shape[0] + 1, grey.shape[1]), dtype=bool)
    steps[1:-1] = np.abs(np.diff(grey, axis=0)) > PANEL_EDGE_LEVELS
    strength = steps.mean(axis=1)
    peaks = [
        row
        for row in range(1, len(strength) - 1)
        if strength[row] > PANEL_LINE and strength[row] >= max(strength[row - 1], strength[row + 1])
    ]
    best = sorted(peaks, key=lambda row: -strength[row])[:PANEL_LINES_MAX]
    sums = np.concatenate([np.zeros((len(steps), 1)), steps.cumsum(axis=1)], axis=1)
    return _Edges(tuple(sorted({0, grey.shape[0], *best})), sums)


def _boxes(across: _Edges, down: _Edges) -> Iterator[tuple[float, Box]]:
    """(how sure, box) of every box whose sides, but for those on the frame's border, are edges."""
    height, width = len(across.sums) - 1, len(down.sums) - 1
    for top, bottom in combinations(across.lines, 2):
        for left, right in combinations(down.lines, 2):
            area = (bottom - top) * (right - left) / (height * width)
            if not PANEL_AREA[0] <= area <= PANEL_AREA[1] or min((bottom - top) / height, (right - left) / width) < 0.2:
                continue
            sides = [across.share(row, left, right) for row in (top, bottom)]
            sides += [down.share(column, top, bottom) for column in (left, right)]
            inside = [side for side in sides if side is not None]
            if inside and min(inside) >= PANEL_SIDE:
                sure = sum(inside) / len(inside) * (1 + 0.1 * len(inside))
                yield sure, (left / width, top / height, right / width, bottom / height)


def _alike(one: Box, other: Box) -> float:
    """Shared area over joint area."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)
