"""Rectangles in a frame that may be somebody's picture: in a picture, in a feed, under a band of words.

A side is a row or a column in which neighbours differ over its length, and more so than in the lines beside it: texture has
steps in every line, a border in one. A box whose margin inside is of one colour holds more than the picture, and ranks lower.
Measured in docs/media.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.media.frames import Pixels

PANELS_MAX: Final = 6
LINES_MAX: Final = 8  # rows and columns tried beside the frame's own borders: 45 x 45 boxes
LOOKED_AT_MAX: Final = 400  # boxes whose margins are looked at, those with the clearest sides
STEP_LEVELS: Final = 20  # a difference of so many of 255 between neighbours counts whole, a smaller one in part
BESIDE_PX: Final = 4  # lines this near are one border; those this far away are what it stands out from
STANDS_OUT_MIN: Final = 0.02  # of a whole row, before it is tried at all
SIDE_MIN: Final = 0.2  # of each side
SHARE_MIN: Final = 0.12  # of the frame's width and height
AREA: Final = (0.03, 0.97)
SIDES_WEIGHT: Final = 0.15  # for each side that isn't the frame's own border
MARGIN_PX: Final = 8
MARGIN_GAP_PX: Final = 3  # the border itself is blurred
MARGIN_LEVELS: Final = 6  # standard deviation; compression noise on one colour stays below
EVEN_WEIGHT: Final = 0.75  # of a box with a margin of one colour: also a sky is one
ALIKE: Final = 0.8  # two boxes that share more of their area are one

Box = tuple[float, float, float, float]
"""left, top, right, bottom, in shares of width and height."""


def panels(pixels: Pixels) -> list[Box]:
    """Boxes with straight sides, surest first. O(pixels)."""
    planes = np.moveaxis(pixels, 2, 0).astype(np.int16)
    height, width = planes.shape[1:]
    edges, sure = _boxes(_lines(planes), _lines(np.ascontiguousarray(planes.transpose(0, 2, 1))))
    order = np.argsort(-sure, kind="stable")[:LOOKED_AT_MAX]
    edges, sure = edges[order], sure[order]
    uneven = np.minimum(_margins(planes, edges) / MARGIN_LEVELS, 1.0)
    sure = sure * (EVEN_WEIGHT + (1 - EVEN_WEIGHT) * uneven)
    found: list[Box] = []
    for left, top, right, bottom in edges[np.argsort(-sure, kind="stable")].tolist():
        box = (left / width, top / height, right / width, bottom / height)
        if all(alike(box, other) < ALIKE for other in found):
            found.append(box)
        if len(found) == PANELS_MAX:
            break
    return found


def alike(one: Box, other: Box) -> float:
    """Shared area over joint area."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


@dataclass(frozen=True)
class _Lines:
    """Rows that may be a side, the frame's own borders first and last, and `sums[n, c]`: by how much row n, before column c, is
    more of a step than the rows beside it."""

    at: NDArray[np.int64]
    sums: NDArray[Any]

    def sides(self, other: _Lines) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
        """For every two rows, between every two of the other direction's lines: the share of the first, and of the second, that
        is a step (nan on the frame's border), and the two rows."""
        pairs = np.array(list(combinations(range(len(self.at)), 2)))
        starts, ends = other.at[np.array(list(combinations(range(len(other.at)), 2)))].T
        shares = (self.sums[:, ends] - self.sums[:, starts]) / np.maximum(ends - starts, 1)
        shares[[0, -1]] = np.nan
        return shares[pairs[:, 0]], shares[pairs[:, 1]], self.at[pairs]


def _lines(planes: NDArray[np.int16]) -> _Lines:
    height, width = planes.shape[1:]
    steps = np.zeros((height, width), dtype=np.float32)
    apart = np.abs(planes[:, 2:] - planes[:, :-2]).max(axis=0)
    steps[1:-1] = np.minimum(apart, STEP_LEVELS) / np.float32(STEP_LEVELS)
    strength = np.pad(steps.mean(axis=1), BESIDE_PX, mode="edge")
    beside = (strength[: -2 * BESIDE_PX] + strength[2 * BESIDE_PX :]) / 2
    rows = _peaks(strength[BESIDE_PX:-BESIDE_PX] - beside)
    near = (steps[(rows - BESIDE_PX).clip(0)] + steps[(rows + BESIDE_PX).clip(max=height - 1)]) / 2
    sums = np.zeros((len(rows) + 2, width + 1))
    sums[1:-1, 1:] = np.cumsum(steps[rows] - near, axis=1)
    before, after = (np.abs(planes[:, rows + n] - planes[:, rows + n - 1]).mean(axis=(0, 2)) for n in (0, 1))
    return _Lines(np.concatenate([[0], rows + (after > before), [height]]), sums)


def _peaks(stands_out: NDArray[Any]) -> NDArray[np.int64]:
    """The rows that stand out most, none within BESIDE_PX of another or at the frame's border."""
    left = stands_out.copy()
    left[:2] = left[-2:] = 0
    found = list[int]()
    while len(found) < LINES_MAX and left[row := int(left.argmax())] > STANDS_OUT_MIN:
        found.append(row)
        left[max(0, row - BESIDE_PX + 1) : row + BESIDE_PX] = 0
    return np.array(sorted(found), dtype=np.int64)


def _boxes(across: _Lines, down: _Lines) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """n x (left, top, right, bottom) in pixels, and how sure of each: every side that isn't the frame's border is an edge."""
    first, second, rows = across.sides(down)
    third, fourth, columns = down.sides(across)
    sides = np.stack([first, second, third.T, fourth.T])
    inside = np.isfinite(sides)
    count = inside.sum(axis=0)
    weakest = np.where(inside, sides, np.inf).min(axis=0)
    sure = np.where(inside, sides, 0).sum(axis=0) / np.maximum(count, 1) * (1 + SIDES_WEIGHT * count)
    tall, wide = np.ptp(rows, axis=1)[:, None] / across.at[-1], np.ptp(columns, axis=1)[None] / down.at[-1]
    fits = (np.minimum(tall, wide) >= SHARE_MIN) & (tall * wide >= AREA[0]) & (tall * wide <= AREA[1])
    one, other = np.nonzero((count > 0) & (weakest >= SIDE_MIN) & fits)
    edges = np.stack([columns[other, 0], rows[one, 0], columns[other, 1], rows[one, 1]], axis=1)
    return edges, sure[one, other]


def _margins(planes: NDArray[np.int16], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """The standard deviation, in levels, of the most even of each box's four margins inside."""
    grey = planes.mean(axis=0)
    sums = np.zeros((2, grey.shape[0] + 1, grey.shape[1] + 1))
    sums[:, 1:, 1:] = np.stack([grey, grey * grey]).cumsum(axis=1).cumsum(axis=2)
    left, top, right, bottom = edges.T
    near, far = MARGIN_GAP_PX, MARGIN_GAP_PX + MARGIN_PX
    strips = (
        (left, top + near, right, top + far),
        (left, bottom - far, right, bottom - near),
        (left + near, top, left + far, bottom),
        (right - far, top, right - near, bottom),
    )
    spreads = [_spread(sums, *strip) for strip in strips]
    return np.min(spreads, axis=0)  # type: ignore[no-any-return]


def _spread(sums: NDArray[np.float64], left: Any, top: Any, right: Any, bottom: Any) -> NDArray[np.float64]:
    area = np.maximum((right - left) * (bottom - top), 1)
    mean, square = (sums[:, bottom, right] - sums[:, top, right] - sums[:, bottom, left] + sums[:, top, left]) / area
    return np.sqrt(np.maximum(square - mean * mean, 0))  # type: ignore[no-any-return]
