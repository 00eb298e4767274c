"""The port to a face engine, and the bounds that hold for every one of them.

`frame` is a canonical frame (`ledger.media.frames`): height x width x 3, uint8, RGB, longest side 512 px.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ledger.errors import Unavailable
from ledger.media.decoding import hex256, text, whole
from ledger.media.frames import Pixels

Embedding = NDArray[np.float32]

FACE_SIDE_PX_MIN: Final = 40  # below it two people's faces come out alike; on a frame of 512 px that is a twelfth of it
QUALITY_PERMILLE_MIN: Final = 500  # CenterFace's own threshold
INSTALL: Final = "pip install 'countersign[faces]'"


@dataclass(frozen=True)
class EngineSpec:
    """What looks: `model_sha256` is over all weights in use. Embeddings of two specs never compare."""

    name: str
    version: str
    model_sha256: str
    dimensions: int

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EngineSpec:
        """Raises KeyError, TypeError or ValueError when `data` is not what `as_json` writes."""
        digest, size = hex256(data["model_sha256"]), whole(data["dimensions"])
        return cls(text(data["name"]), text(data["version"]), digest, size)


@dataclass(frozen=True)
class Face:
    """`box` is x, y, width, height in px of the frame; `landmarks` eyes, nose, corners of the mouth; quality 0-1000."""

    box: tuple[int, int, int, int]
    landmarks: tuple[tuple[int, int], ...]
    quality_permille: int

    @property
    def side_px(self) -> int:
        return min(self.box[2], self.box[3])


class FaceEngine(Protocol):
    """Same frame, same answer. `embed` maps a face to a vector whose Euclidean distance tells people apart."""

    @property
    def spec(self) -> EngineSpec: ...

    def detect(self, frame: Pixels) -> list[Face]:
        """Faces of at least `QUALITY_PERMILLE_MIN`, surest first, small ones too."""

    def embed(self, frame: Pixels, face: Face) -> Embedding:
        """float32, `spec.dimensions` long."""


def load_engine() -> FaceEngine:
    """The engine that is installed. Raises Unavailable `faces_not_installed` without the extra."""
    try:
        from ledger.faces.centerface_dlib import CenterFaceDlib
    except ImportError as error:
        raise not_installed() from error
    return CenterFaceDlib()


def not_installed() -> Unavailable:
    return Unavailable("faces_not_installed", "no face engine is installed here", f"Run: {INSTALL}")
