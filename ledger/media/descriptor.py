"""A learnt descriptor of frames, by a model that the house brings: an ONNX file named by its digest. None comes with us.

The model takes one picture, 1 x 3 x height x width, float32, RGB in 0 to 1 with ImageNet's mean and spread taken off, as models
of self-supervised copy detection do, and answers with one vector; its length is taken off too, so that two are compared by
their cosine. It runs in the fenced child on one thread. What is near by it is a candidate for a person to look at, never more.

Packed: MAGIC, dimensions u16, count u16, then for each frame `t_ms u32` and its values as float16, all little-endian.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.media.extraction import MODEL_DIGITS, Extraction, Looking, ended
from ledger.media.findings import LEARNT_DESCRIPTOR, Finding

if TYPE_CHECKING:  # who compares stored vectors loads no decoder
    from ledger.media.frames import Coverage, SampledFrame
    from ledger.media.state import State

FRAMES_MAX: Final = 24  # of a file, evenly: a second or two of a small network on one core
SIDE_PX: Final = 224  # where the model leaves it open
SIDE_PX_MAX: Final = 1024
DIMENSIONS_MAX: Final = 4096
MAGIC: Final = b"CSLD\x00\x01\x00\x00"
ALGORITHM: Final = f"onnx-imagenet/{FRAMES_MAX}-frames@512px"
PACKED_BYTES_MAX: Final = 16 + FRAMES_MAX * (4 + 2 * DIMENSIONS_MAX)
_COUNTS: Final = struct.Struct("<HH")
_MEAN, _SPREAD = (np.array(one, np.float32) for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


class ModelError(Exception):
    """The model does not take a picture and answer with a vector; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Described:
    """Unit vectors of frames: n instants in ms, and n x dimensions float32."""

    times_ms: tuple[int, ...]
    vectors: NDArray[np.float32]


def spec(model_sha256: str) -> tuple[str, str]:
    """(algorithm, version) with that model."""
    return ALGORITHM, f"onnxruntime {version('onnxruntime')}, model {model_sha256[:MODEL_DIGITS]}"


class DescriptorConsumer:
    """`options`: {"model": path, "model_sha256", "threshold_permille"}."""

    def __init__(self, looking: Looking) -> None:
        from ledger.media.looks import EvenFrames

        self._told = looking.options[LEARNT_DESCRIPTOR]
        self._frames = EvenFrames(FRAMES_MAX)

    def see(self, frame: SampledFrame) -> None:
        self._frames.see(frame)

    def state(self) -> State:
        return self._frames.state()

    def restore(self, state: State) -> None:
        self._frames.restore(state)

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        model = _Model(Path(self._told["model"]).read_bytes())
        frames = self._frames.chosen()
        described = Described(
            tuple(frame.t_ms for frame in frames), np.stack([model.vector(frame.pixels) for frame in frames])
        )
        packed = pack(described)
        found.apart[LEARNT_DESCRIPTOR] = base64.b64encode(packed).decode()
        detail = ended(coverage) | {
            "described_frames": len(frames),
            "dimensions": described.vectors.shape[1],
            "model_sha256": self._told["model_sha256"],
            "threshold_permille": self._told["threshold_permille"],
            "sha256": hashlib.sha256(packed).hexdigest(),
        }
        found.add(Finding(LEARNT_DESCRIPTOR, *spec(self._told["model_sha256"]), "found", detail))


class _Model:
    """The loaded network. Raises ModelError, or what onnxruntime raises."""

    def __init__(self, content: bytes) -> None:
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in another order are another answer
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
            raise ModelError("model_takes_no_picture")
        self._name, (_, _, *sides) = inputs[0].name, inputs[0].shape
        self._height, self._width = (side if isinstance(side, int) else SIDE_PX for side in sides)
        if not 0 < max(self._height, self._width) <= SIDE_PX_MAX:
            raise ModelError("model_takes_no_picture")

    def vector(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32, of length 1. `pixels` is height x width x 3, uint8, RGB."""
        from PIL import Image

        size = (self._width, self._height)
        small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
        picture = ((small - _MEAN) / _SPREAD).transpose(2, 0, 1)[None]
        vector = np.asarray(self._session.run(None, {self._name: picture})[0], np.float32).ravel()
        length = float(np.linalg.norm(vector))
        if not 1 < len(vector) <= DIMENSIONS_MAX or not np.isfinite(length) or length == 0:
            raise ModelError("model_gives_no_vector")
        return vector / np.float32(length)


def pack(described: Described) -> bytes:
    """The bytes that are kept."""
    count, dimensions = described.vectors.shape
    rows = [
        struct.pack("<I", t_ms) + row.astype("<f2").tobytes()
        for t_ms, row in zip(described.times_ms, described.vectors, strict=True)
    ]
    return MAGIC + _COUNTS.pack(dimensions, count) + b"".join(rows)


def unpack(packed: bytes) -> Described:
    """What `pack` was given, to half precision. Raises ValueError for anything that it does not write."""
    head = len(MAGIC) + _COUNTS.size
    if not packed.startswith(MAGIC) or not head < len(packed) <= PACKED_BYTES_MAX:
        raise ValueError("no packed descriptors")
    dimensions, count = _COUNTS.unpack_from(packed, len(MAGIC))
    rows = np.frombuffer(packed, np.dtype([("t_ms", "<u4"), ("values", "<f2", (dimensions,))]), offset=head)
    if len(rows) != count:
        raise ValueError("cut off")
    return Described(tuple(int(t_ms) for t_ms in rows["t_ms"]), rows["values"].astype(np.float32))
