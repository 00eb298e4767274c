"""Frames and sound taken out of a file, for somebody who can't take the whole: in the child process, from its descriptor."""

from __future__ import annotations

import io
import wave
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image, ImageOps

from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.media.probe import OverBoundError, UnsupportedMediaError, open_container, open_still

FRAMES: Final = 3  # each a file that leaves the house; one sixth, the middle and five sixths of the way
SIDE_PX_MAX: Final = 1024  # three PNGs of noise and the sound stay under the child's 16 MiB
SOUND_SECONDS_MAX: Final = 30
SOUND_HZ: Final = 44_100


def samples(path: Path) -> dict[str, Any]:
    """`{"media_type", "frames": [{"t_ms", "png"}], "sound": wav or None}`, bytes in base64."""
    with path.open("rb") as file:
        kind = media_type(file.read(LEADING_BYTES))
    found: dict[str, Any] = {"media_type": kind.name, "frames": [], "sound": None}
    try:
        if kind.kind == "still":
            with open_still(path) as image:
                found["frames"] = [{"t_ms": 0, "png": _png(ImageOps.exif_transpose(image).convert("RGB"))}]
        elif kind.kind == "av":
            found |= {"frames": _frames(path, kind), "sound": _sound(path, kind)}
    except (av.FFmpegError, OSError, ValueError, SyntaxError, OverBoundError, UnsupportedMediaError) as error:
        found["ended_early"] = type(error).__name__
    return found


def _frames(path: Path, kind: Any) -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = []
    with open_container(path, kind) as container:
        if not container.streams.video:
            return []
        stream, length = container.streams.video[0], int(container.duration or 0)  # in microseconds
        for number in range(FRAMES):
            container.seek(length * (2 * number + 1) // (2 * FRAMES))
            frame = next(iter(container.decode(stream)), None)
            if frame is not None:
                taken.append({"t_ms": max(0, round((frame.time or 0) * 1000)), "png": _png(frame.to_image())})
    return list({one["png"]: one for one in taken}.values())


def _sound(path: Path, kind: Any) -> str | None:
    with open_container(path, kind) as container:
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_HZ)
        blocks: list[bytes] = []
        for frame in container.decode(container.streams.audio[0]):
            blocks += [np.asarray(one.to_ndarray()).tobytes() for one in resampler.resample(frame)]
            if sum(map(len, blocks)) >= SOUND_SECONDS_MAX * SOUND_HZ * 2:
                break
    return _wav(b"".join(blocks)[: SOUND_SECONDS_MAX * SOUND_HZ * 2]) if blocks else None


def _wav(samples_s16: bytes) -> str:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_HZ)
        file.writeframes(samples_s16)
    return b64encode(target.getvalue()).decode()


def _png(image: Image.Image) -> str:
    image.thumbnail((SIDE_PX_MAX, SIDE_PX_MAX))
    target = io.BytesIO()
    image.save(target, "PNG")
    return b64encode(target.getvalue()).decode()
