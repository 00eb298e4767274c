"""Local features of key frames: what a geometric comparison needs of a file, so that it never needs the file again.

SIFT (Lowe 2004, patent expired; OpenCV, Apache-2.0) on the canonical frame at 384 px. Packed, they are a blob beside the
examination, which names it by digest: a verdict can be computed again from stored bytes. No picture can be made of them
that a person would recognise, but they are derived from the file and are erased with it.

Packed: MAGIC, then for each frame `t_ms u32, width u16, height u16, count u16`, all little-endian, then count pairs of u16
(x, y in 1/64 px) and count x 128 octets of descriptor.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.media.extraction import Extraction, Looking, ended
from ledger.media.findings import LOCAL_FEATURES, Finding

if TYPE_CHECKING:  # who compares stored features loads no decoder
    from ledger.media.frames import Coverage, Pixels, SampledFrame

SIDE_PX: Final = 384  # half the work of 512; recall in docs/media.md is at this size
POINTS_MAX: Final = 256  # a frame; 34 KB
KEY_EVERY_MS: Final = 2_000  # and at every cut, and sooner where the camera moves on
MOVED_BITS: Final = 90  # of PDQ's 256 from the last key frame: no code would lead from the one to the other
MOVED_SIDE_PX: Final = 128
KEY_FRAMES_MAX: Final = 48  # a file, 1.6 MB; beyond it every other one goes and the gap doubles
PACKED_BYTES_MAX: Final = 8 + KEY_FRAMES_MAX * (10 + POINTS_MAX * 2 * 132)
DESCRIPTOR_BYTES: Final = 128
MAGIC: Final = b"CSLF\x00\x01\x00\x00"
_HEAD: Final = struct.Struct("<IHHH")
_SUBPIXELS: Final = 64

ALGORITHM: Final = f"sift{POINTS_MAX}@{SIDE_PX}px/key{KEY_EVERY_MS}ms-moved{MOVED_BITS}"


@dataclass(frozen=True)
class Points:
    """The features of one frame of `width` x `height` px: n x 2 positions and n x 128 descriptors."""

    t_ms: int
    width: int
    height: int
    positions: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.positions)


class FeatureConsumer:
    """Chooses key frames as they come, and keeps their features."""

    def __init__(self, looking: Looking) -> None:
        import cv2

        cv2.setNumThreads(1)  # threads reserve memory, which the fence counts
        self._sift: Any = cv2.SIFT_create(POINTS_MAX)  # type: ignore[attr-defined]
        self._kept: list[Points] = []
        self._gap_ms = KEY_EVERY_MS
        self._code: NDArray[np.uint8] = np.zeros(32, np.uint8)  # PDQ of the last key frame

    def see(self, frame: SampledFrame) -> None:
        if self._kept and not frame.cut and not self._due(frame):
            return
        self._code = _code(frame.pixels)
        self._kept.append(features(self._sift, frame.t_ms, frame.pixels))
        if len(self._kept) > KEY_FRAMES_MAX:
            del self._kept[1::2]
            self._gap_ms *= 2

    def _due(self, frame: SampledFrame) -> bool:
        """After the gap; after a quarter of it where the last key frame no longer stands for what is seen."""
        since = frame.t_ms - self._kept[-1].t_ms
        if since >= self._gap_ms or since * 4 < self._gap_ms:
            return since >= self._gap_ms
        return int(np.bitwise_count(_code(frame.pixels) ^ self._code).sum()) > MOVED_BITS

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        packed, points = pack(self._kept), sum(map(len, self._kept))
        detail = ended(coverage) | {"key_frames": len(self._kept), "points": points, "points_max": POINTS_MAX}
        if points:
            found.apart[LOCAL_FEATURES] = base64.b64encode(packed).decode()
            detail["sha256"] = sha256(packed).hexdigest()
        found.add(Finding(LOCAL_FEATURES, *spec(), "found" if points else "absent", detail))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"packed": np.frombuffer(pack(self._kept), np.uint8), "gap_ms": np.array(self._gap_ms)}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        self._kept, self._gap_ms = list(_frames(state["packed"].tobytes())), int(state["gap_ms"])


def spec() -> tuple[str, str]:
    """(algorithm, version). Needs OpenCV (extra `vision`)."""
    import cv2

    return ALGORITHM, f"opencv {cv2.__version__}"


def _code(pixels: Pixels) -> NDArray[np.uint8]:
    import cv2
    import pdqhash

    small = cv2.resize(pixels, (MOVED_SIDE_PX, MOVED_SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.packbits(pdqhash.compute(small)[0])


def features(sift: Any, t_ms: int, pixels: Pixels) -> Points:
    """The strongest POINTS_MAX features of a canonical frame (height x width x 3, uint8, RGB)."""
    import cv2

    grey: Any = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    factor = SIDE_PX / max(grey.shape)
    if factor < 1:
        size = max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    keypoints, descriptors = sift.detectAndCompute(grey, None)
    if descriptors is None:
        return Points(t_ms, grey.shape[1], grey.shape[0], np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8))
    positions = np.array([point.pt for point in keypoints], dtype=np.float32)[:POINTS_MAX]
    return Points(t_ms, grey.shape[1], grey.shape[0], positions, descriptors[:POINTS_MAX].astype(np.uint8))


def pack(frames: Sequence[Points]) -> bytes:
    """The bytes that are kept."""
    parts = [MAGIC]
    for frame in frames:
        parts.append(_HEAD.pack(frame.t_ms, frame.width, frame.height, len(frame)))
        scaled = np.round(frame.positions * _SUBPIXELS).clip(0, 0xFFFF)
        parts += [scaled.astype("<u2").tobytes(), np.ascontiguousarray(frame.descriptors).tobytes()]
    return b"".join(parts)


def unpack(packed: bytes) -> tuple[Points, ...]:
    """What `pack` was given, to 1/64 px. Raises ValueError for anything that it does not write."""
    if not packed.startswith(MAGIC) or len(packed) > PACKED_BYTES_MAX:
        raise ValueError("not packed features")
    return tuple(_frames(packed))


def _frames(packed: bytes) -> Iterator[Points]:
    at = len(MAGIC)
    while at < len(packed):
        if at + _HEAD.size > len(packed):
            raise ValueError("cut off")
        t_ms, width, height, count = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        end = at + count * (4 + DESCRIPTOR_BYTES)
        if end > len(packed) or not width or not height:
            raise ValueError("cut off")
        positions = np.frombuffer(packed, "<u2", count * 2, at).reshape(-1, 2)
        descriptors = np.frombuffer(packed, np.uint8, count * DESCRIPTOR_BYTES, at + count * 4)
        yield Points(
            t_ms,
            width,
            height,
            positions.astype(np.float32) / np.float32(_SUBPIXELS),
            descriptors.reshape(-1, DESCRIPTOR_BYTES),
        )
        at = end
