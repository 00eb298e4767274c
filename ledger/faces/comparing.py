"""Distances between faces, and how they are written down: one number a part, nothing here says who anybody is.

THRESHOLD was measured (docs/faces.md): dlib's own .6 lets more strangers through than a house can look at.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ledger.faces.port import Embedding

SPEC: Final = "nearest-reference/1"
THRESHOLD_PERMILLE: Final = 550
SIGHTINGS_MIN: Final = 2  # frames of a clip in which the same person has to be seen; a still has one


@dataclass(frozen=True)
class Likeness:
    """The nearest enrolment within the threshold. `distance_permille` is of the weakest sighting that counted."""

    enrolment: str
    distance_permille: int


def nearest(
    seen: Sequence[Embedding], enrolled: Sequence[tuple[str, Sequence[Embedding]]], *, sightings_min: int
) -> Likeness | None:
    """Who of the enrolled was seen in at least so many frames; None for nobody. O(seen x references)."""
    best: Likeness | None = None
    for name, references in enrolled:
        found = sorted(distance_permille(one, references) for one in seen)[:sightings_min]
        if len(found) == sightings_min and found[-1] <= THRESHOLD_PERMILLE and _nearer(name, found[-1], best):
            best = Likeness(name, found[-1])
    return best


def _nearer(name: str, distance: int, best: Likeness | None) -> bool:
    return best is None or (distance, name) < (best.distance_permille, best.enrolment)


def distance_permille(one: Embedding, references: Sequence[Embedding]) -> int:
    """Euclidean, to the nearest reference."""
    return round(1000 * float(min(np.linalg.norm(one.astype(np.float64) - other) for other in references)))


def packed(embeddings: Sequence[Embedding]) -> str:
    """Base64 of little-endian float32, one after the other."""
    return b64encode(np.asarray(embeddings, "<f4").tobytes()).decode()


def unpacked(text: str, dimensions: int) -> list[Embedding]:
    """Raises ValueError for what `packed` did not write, and for numbers that are none."""
    values = np.frombuffer(b64decode(text, validate=True), "<f4")
    if values.size % dimensions or not np.isfinite(values).all():
        raise ValueError("not a row of embeddings")
    return [row.astype(np.float32) for row in values.reshape(-1, dimensions)]
