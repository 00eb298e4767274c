"""Every face of a file, over all its frames: who looks the same is one face, with its times and its clearest frame.

One pass, faces in the order in which they came. Deterministic: the same bytes and engine give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ledger.faces.comparing import SIGHTINGS_MIN, packed
from ledger.faces.port import FACE_SIDE_PX_MIN, Embedding, Face, FaceEngine
from ledger.faces.turning import seen_upright
from ledger.media.frames import SampledFrame

SAME_FACE_MAX: Final = (
    0.45  # distance to a face's mean; nearer than the threshold, because two frames share their light
)
FACES_MAX: Final = 50  # one statement's worth; a crowd is a person's work
EMBEDDINGS_MAX: Final = 1_000  # 100 ms each: with finding them still within the process's time
FRAMES_MAX: Final = 1_200  # ten minutes; what lies behind is said not to have been looked at
KEPT_PER_FACE: Final = 5
TURNED_EVERY: Final = 2  # frames: half a second later a face seldom lies otherwise
TURNED_FRAMES_MAX: Final = (
    60  # three more looks each, 0.1 s a look: 20 s of a file without faces, its first two minutes
)


@dataclass
class Sighted:
    """One face: its first and last time, and of its clearest frame time, box and size of the frame in px."""

    first_ms: int
    last_ms: int
    best_ms: int
    best: Face
    frame_px: tuple[int, int]
    frames: int = 0
    mean: Embedding = field(default_factory=lambda: np.zeros(0, np.float32))
    kept: list[tuple[int, Embedding]] = field(default_factory=list)

    def add(self, frame: SampledFrame, face: Face, embedding: Embedding) -> None:
        before = self.mean if self.frames else embedding
        self.mean = np.asarray(before + (embedding - before) / (self.frames + 1), np.float32)
        self.frames, self.last_ms = self.frames + 1, frame.t_ms
        clearness = face.side_px * face.quality_permille
        self.kept = sorted([*self.kept, (clearness, embedding)], key=lambda one: -one[0])[:KEPT_PER_FACE]
        if clearness > self.best.side_px * self.best.quality_permille:
            self.best_ms, self.best = frame.t_ms, face
            self.frame_px = (frame.pixels.shape[1], frame.pixels.shape[0])

    def as_json(self) -> dict[str, Any]:
        return {
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "frames": self.frames,
            "best_ms": self.best_ms,
            "box": list(self.best.box),
            "frame_px": list(self.frame_px),
            "quality_permille": self.best.quality_permille,
            "embeddings": packed([embedding for _, embedding in self.kept]),
        }


@dataclass
class Sightings:
    """`small`: sightings under the size that can be compared. `ended_early`: a bound was met, the rest is not looked at."""

    faces: list[Sighted] = field(default_factory=list)
    small: int = 0
    frames: int = 0
    embedded: int = 0
    until_ms: int = 0
    ended_early: str | None = None

    def look(self, engine: FaceEngine, frame: SampledFrame) -> None:
        if self.frames >= FRAMES_MAX or self.embedded >= EMBEDDINGS_MAX or len(self.faces) >= FACES_MAX:
            self.ended_early = "over_bound"
            return
        self.frames, self.until_ms = self.frames + 1, frame.t_ms
        self._frame(engine, frame)

    def steady(self) -> list[Sighted]:
        """Faces seen often enough to be compared; of a single picture every one. The others are glimpses."""
        return [one for one in self.faces if one.frames >= min(SIGHTINGS_MIN, self.frames)]

    def _frame(self, engine: FaceEngine, frame: SampledFrame) -> None:
        taken: list[Sighted] = []
        for face, measure in seen_upright(engine, frame.pixels, turn=self._turns()):
            if face.side_px < FACE_SIDE_PX_MIN:
                self.small += 1
                continue
            self.embedded += 1
            embedding = measure()
            known = self._known(embedding, taken)
            if known is None:
                size = (frame.pixels.shape[1], frame.pixels.shape[0])
                known = Sighted(frame.t_ms, frame.t_ms, frame.t_ms, face, size)
                self.faces.append(known)
            known.add(frame, face, embedding)
            taken.append(known)

    def _turns(self) -> bool:
        """Whether this frame is looked at in other positions too, where no face says how it lies."""
        number, rest = divmod(self.frames - 1, TURNED_EVERY)
        return rest == 0 and number < TURNED_FRAMES_MAX

    def _known(self, embedding: Embedding, taken: list[Sighted]) -> Sighted | None:
        """The face that this is again. One face is in a frame once, but for mirrors, which are then a face of their own."""
        others = [one for one in self.faces if all(one is not other for other in taken)]
        distances = [float(np.linalg.norm(one.mean - embedding)) for one in others]
        if not distances or min(distances) > SAME_FACE_MAX:
            return None
        return others[distances.index(min(distances))]
