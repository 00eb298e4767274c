"""Do two frames show the same thing, and how was one made of the other? Pure: stored features in, a transform out.

Descriptors that are clearly nearest to one another vote for one affine map (RANSAC); enough distinct places that agree on
a map which a picture could have undergone are a confirmation. A mirrored picture's descriptors are a permutation of the
original's, so mirroring costs a second comparison and no second look at the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.media.local_features import DESCRIPTOR_BYTES, Points

SPEC: Final = "sift-ransac/1"
RATIO_MAX: Final = 0.8  # Lowe's test: the nearest descriptor must be this much nearer than the second
REPROJECTION_PX: Final = 4.0  # at 384 px: recoding and resampling move a point by one or two
ITERATIONS_MAX: Final = 2_000  # OpenCV draws from a fixed seed: the same bytes, the same verdict
PLACES_MIN: Final = 12  # distinct places that agree; measured in docs/media.md
PLACE_PX: Final = 4.0  # nearer than this is one place: an edge or a letter gives several points
SPREAD_MIN: Final = 0.15  # of the area in which one frame has features at all: a shared logo is not a shared picture
SCALE_MIN, SCALE_MAX = 0.12, 8.0
SQUEEZE_MAX: Final = 2.2  # longer axis to shorter: 9:16 stretched to 16:9 is 3.2 and no longer looked for
_MIRRORED: Final = np.arange(DESCRIPTOR_BYTES).reshape(4, 4, 8)[::-1, :, [0, 7, 6, 5, 4, 3, 2, 1]].ravel()


@dataclass(frozen=True)
class Transform:
    """How the query was made of the reference. `crop_permille` is the part of the reference that the query shows: left,
    top, right, bottom, in thousandths of its width and height; `places` are the points that agree.
    """

    places: int
    scale_permille: int
    rotation_deg: int
    mirrored: bool
    crop_permille: tuple[int, int, int, int]

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "crop_permille": list(self.crop_permille)}


def compare(query: Points, reference: Points) -> Transform | None:
    """The map of the better of the frame and its mirror image. None when none holds. Needs OpenCV (extra `vision`)."""
    if min(len(query), len(reference)) < PLACES_MIN:
        return None
    found = [one for mirrored in (False, True) if (one := _mapped(query, reference, mirrored)) is not None]
    return max(found, key=lambda one: one.places, default=None)


def _mapped(query: Points, reference: Points, mirrored: bool) -> Transform | None:
    import cv2

    matrix: Any
    positions, descriptors = query.positions, query.descriptors
    if mirrored:
        positions = np.stack([query.width - 1 - positions[:, 0], positions[:, 1]], axis=1)
        descriptors = descriptors[:, _MIRRORED]
    mine, theirs = _pairs(descriptors, reference.descriptors)
    if len(mine) < PLACES_MIN:
        return None
    source, target = positions[mine], reference.positions[theirs]
    matrix, agreed = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION_PX, maxIters=ITERATIONS_MAX
    )
    if matrix is None:
        return None
    agree = agreed.ravel().astype(bool)
    places = min(_places(source[agree]), _places(target[agree]))
    spread = max(_spread(source[agree], query), _spread(target[agree], reference))
    if places < PLACES_MIN or spread < SPREAD_MIN:
        return None
    return _transform(matrix, query, reference, places, mirrored)


def _pairs(mine: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that are each other's nearest, by Lowe's ratio test. Exact squared distances: at most 128 x 255^2."""
    a, b = mine.astype(np.float32), theirs.astype(np.float32)
    between = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * (a @ b.T)
    nearest = np.argpartition(between, 1, axis=1)[:, :2]
    first, second = np.take_along_axis(between, nearest, axis=1).T
    clear = first < RATIO_MAX**2 * second
    mutual = between.argmin(axis=0)[nearest[:, 0]] == np.arange(len(a))
    rows = np.flatnonzero(clear & mutual)
    return rows, nearest[rows, 0]


def _places(positions: NDArray[np.float32]) -> int:
    return len(np.unique(np.floor(positions / PLACE_PX), axis=0))


def _spread(agreed: NDArray[np.float32], frame: Points) -> float:
    """The box of the places that agree over the box of all features, each without its outermost twentieths."""
    return _area(agreed) / max(_area(frame.positions), 1.0)


def _area(positions: NDArray[np.float32]) -> float:
    if not len(positions):
        return 0.0
    low, high = np.quantile(positions, 0.05, axis=0), np.quantile(positions, 0.95, axis=0)
    return float(np.prod(high - low))


def _transform(matrix: Any, query: Points, reference: Points, places: int, mirrored: bool) -> Transform | None:
    longer, shorter = np.linalg.svd(matrix[:, :2], compute_uv=False)
    if np.linalg.det(matrix[:, :2]) <= 0 or shorter <= 0 or longer / shorter > SQUEEZE_MAX:
        return None
    scale = math.sqrt(longer * shorter)  # reference pixels for one of the query
    if not SCALE_MIN <= scale <= SCALE_MAX:
        return None
    degrees = math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    corners = np.array([[0, 0, 1], [query.width, 0, 1], [0, query.height, 1], [query.width, query.height, 1]])
    seen = (corners @ matrix.T) / (reference.width, reference.height)
    low, high = seen.min(axis=0).clip(0, 1), seen.max(axis=0).clip(0, 1)
    left, top, right, bottom = (round(float(v) * 1000) for v in (*low, *high))
    return Transform(places, round(1000 / scale), round(degrees), mirrored, (left, top, right, bottom))
