"""Faces that lie on their side or stand on their head: a frame is turned until they are upright before they are measured.

A detector finds many of them as they are, and its landmarks say where the mouth lies from the eyes; the network that tells two
people apart sees only upright ones. Where no face is found, or landmarks do not say, the other positions are looked at too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from ledger.faces.port import Embedding, Face, FaceEngine
from ledger.media.frames import Pixels

Box = tuple[int, int, int, int]
Measured = tuple[Face, Callable[[], Embedding]]
"""A face as it lies in the frame, and what measures it."""
_LANDMARKS: Final = 5
_SURE_PERMILLE: Final = (
    200  # of the face's side, from eyes to mouth; nearer together the landmarks contradict each other
)


def seen_upright(engine: FaceEngine, frame: Pixels, *, turn: bool) -> Iterator[Measured]:
    """Every face of the frame, surest first. `turn`: look at the other positions where nothing says how faces lie."""
    faces = engine.detect(frame)
    quarters, turned = _position(engine, frame, faces, turn), frame
    if quarters:
        turned = _turned(frame, quarters)
        faces = engine.detect(turned) or [_face_turned(face, frame, quarters) for face in faces]
    for face in faces:
        own = _quarters(face) or 0
        measure = _measure(engine, _turned(turned, own), _face_turned(face, turned, own))
        yield _face_turned(face, turned, -quarters), measure


def _measure(engine: FaceEngine, frame: Pixels, face: Face) -> Callable[[], Embedding]:
    return lambda: engine.embed(frame, face)


def _position(engine: FaceEngine, frame: Pixels, faces: list[Face], turn: bool) -> int:
    """Quarter turns against the clock after which most faces are upright: as landmarks say, else where they are surest."""
    votes: Counter[int] = Counter()
    for face in faces:
        if (quarters := _quarters(face)) is not None:
            votes[quarters] += face.quality_permille
    if votes:
        return max(votes, key=lambda quarters: (votes[quarters], -quarters))
    if not turn:
        return 0
    surest = {quarters: engine.detect(_turned(frame, quarters)) for quarters in (1, 2, 3)} | {0: faces}
    return max(
        sorted(surest), key=lambda quarters: max((face.quality_permille for face in surest[quarters]), default=0)
    )


def _quarters(face: Face) -> int | None:
    """Quarter turns against the clock after which the mouth lies below the eyes; None where the landmarks don't say."""
    if len(face.landmarks) != _LANDMARKS:
        return None
    points = np.asarray(face.landmarks, np.float64)
    right, down = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    if 1000 * max(abs(right), abs(down)) < _SURE_PERMILLE * face.side_px:
        return None
    if abs(right) <= abs(down):
        return 0 if down >= 0 else 2
    return 3 if right > 0 else 1


def _turned(frame: Pixels, quarters: int) -> Pixels:
    return np.ascontiguousarray(np.rot90(frame, quarters)) if quarters else frame


def _face_turned(face: Face, frame: Pixels, quarters: int) -> Face:
    """The face as it lies after `frame` was turned so often against the clock. Its landmarks stay behind."""
    (x, y, width, height), (tall, wide) = face.box, frame.shape[:2]
    for _ in range(quarters % 4):
        x, y, width, height = y, wide - x - width, height, width
        tall, wide = wide, tall
    return replace(face, box=(x, y, width, height)) if quarters % 4 else face
