"""The demo's own clips: real H.264/AAC files, made here, so that the demo needs nobody's video.

Photographs come from scikit-image when it is installed; each one used is in the public domain or CC0 according to the
docstring of its loader in `skimage.data`. Without it, frames are painted. The sound is synthesised.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]

# Loader in skimage.data -> what its docstring says of the licence. Only these files are used.
PHOTOGRAPHS: Final = {
    "astronaut.png": "NASA, released into the public domain",
    "rocket.jpg": "SpaceX, released in the public domain",
    "chelsea.png": "CC0 by the photographer (Stefan van der Walt)",
    "coffee.png": "CC0 by the photographer (Rachel Michetti)",
}
UNRELATED_PHOTOGRAPHS: Final = {"hubble_deep_field.jpg": "NASA, may be freely used in the public domain"}
SAMPLE_RATE_HZ: Final = 48_000
AUDIO_BLOCK_SAMPLES: Final = 1024  # AAC's frame
FADE_S: Final = 0.5
_CHORD_HZ: Final = (220.0, 277.18, 329.63, 440.0)  # A major
_UNRELATED_CHORD_HZ: Final = (196.0, 233.08, 293.66)  # G minor


def make_demo_clip(target: Path, *, seconds: int = 8, size: tuple[int, int] = (1280, 720), fps: int = 24) -> Path:
    """Write an MP4 of slow moves over free photographs with a chord under them. Same arguments, same pictures."""
    pictures = _photographs(PHOTOGRAPHS) or [_painting(seed) for seed in range(4)]
    _encode(target, _ken_burns(pictures, seconds * fps, size), _chord(_CHORD_HZ, seconds), size, fps)
    return target


def make_unrelated_clip(target: Path, *, seconds: int = 5, size: tuple[int, int] = (960, 540), fps: int = 24) -> Path:
    """Write an MP4 that shares no picture and no sound with the demo clip."""
    pictures = [*_photographs(UNRELATED_PHOTOGRAPHS), _painting(41), _painting(42)]
    _encode(target, _ken_burns(pictures, seconds * fps, size), _chord(_UNRELATED_CHORD_HZ, seconds), size, fps)
    return target


def reencode(source: Path, target: Path, *, height: int = 360, crf: int = 30) -> Path:
    """Decode `source` and write it smaller and coarser, as a platform would: no metadata and no manifest survive."""
    with av.open(str(source)) as container, av.open(str(target), "w", format="mp4") as output:
        video_in = container.streams.video[0]
        width = round(video_in.width * height / video_in.height / 2) * 2
        video_out = _video_stream(output, (width, height), video_in.average_rate or Fraction(24), crf)
        audio_out = None
        if container.streams.audio:
            audio_out = output.add_stream("aac", rate=container.streams.audio[0].rate)
        for frame in container.decode(*[s for s in container.streams if s.type in ("video", "audio")]):
            if isinstance(frame, av.VideoFrame):
                smaller = frame.reformat(width, height, "yuv420p", interpolation="AREA")
                smaller.pts, smaller.time_base = frame.pts, frame.time_base
                output.mux(video_out.encode(smaller))
            elif audio_out is not None and isinstance(frame, av.AudioFrame):
                output.mux(audio_out.encode(frame))
        output.mux(video_out.encode(None))
        if audio_out is not None:
            output.mux(audio_out.encode(None))
    return target


def portrait() -> bytes:
    """A painted JPEG that stands for a person's reference picture: nobody's face, and small enough to look at."""
    buffer = io.BytesIO()
    _painting(7).resize((320, 240)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _photographs(names: dict[str, str]) -> list[Image.Image]:
    """The named pictures as RGB, at most 1600 px wide; none when scikit-image is missing."""
    try:
        import skimage
    except ImportError:
        return []
    folder = Path(skimage.__file__).parent / "data"
    pictures = []
    for name in names:
        if (folder / name).is_file():
            with Image.open(folder / name) as picture:
                pictures.append(picture.convert("RGB"))
    return pictures


def _painting(seed: int) -> Image.Image:
    """A picture of coloured shapes: enough structure for a fingerprint, and nobody's copyright."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (1280, 960), tuple(int(v) for v in random.integers(0, 255, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, w, h = (int(v) for v in random.integers(0, 900, 4))
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((x, y, x + w // 2 + 20, y + h // 2 + 20), fill=tuple(int(v) for v in random.integers(0, 255, 3)))
    return picture


def _ken_burns(pictures: list[Image.Image], frames: int, size: tuple[int, int]) -> Iterator[Pixels]:
    """Each picture in turn, while the view moves a little towards its middle."""
    for index in range(frames):
        position = index / frames * len(pictures)
        picture, progress = pictures[int(position)], position % 1.0
        yield np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=_view(picture, size, progress)))


def _view(picture: Image.Image, size: tuple[int, int], progress: float) -> tuple[float, float, float, float]:
    aspect = size[0] / size[1]
    width = min(picture.width, picture.height * aspect) * (1.0 - 0.12 * progress)
    height = width / aspect
    left = (picture.width - width) * (0.35 + 0.3 * progress)
    top = (picture.height - height) * 0.5
    return left, top, left + width, top + height


def _chord(tones_hz: tuple[float, ...], seconds: int) -> NDArray[np.float32]:
    """A mono chord with a slow tremolo, faded in and out; peak below 0.5 so that no encoder clips it."""
    t = np.arange(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    wave = sum(np.sin(math.tau * tone * t) for tone in tones_hz) / len(tones_hz)
    fade = np.clip(np.minimum(t, seconds - t) / FADE_S, 0.0, 1.0)
    sound: NDArray[np.float32] = (wave * fade * (0.35 + 0.1 * np.sin(math.tau * 0.5 * t))).astype(np.float32)
    return sound


def _video_stream(output: Any, size: tuple[int, int], rate: Fraction, crf: int) -> Any:
    stream = output.add_stream("libx264", rate=rate)
    stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
    stream.options = {"preset": "veryfast", "crf": str(crf)}
    return stream


def _encode(
    target: Path, frames: Iterator[Pixels], sound: NDArray[np.float32], size: tuple[int, int], fps: int
) -> None:
    with av.open(str(target), "w", format="mp4") as output:
        video = _video_stream(output, size, Fraction(fps), 20)
        audio: Any = output.add_stream("aac", rate=SAMPLE_RATE_HZ)
        written = 0
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            output.mux(video.encode(frame))
            until = (index + 1) * SAMPLE_RATE_HZ // fps  # keep the two streams interleaved
            while written + AUDIO_BLOCK_SAMPLES <= min(until, len(sound)):
                output.mux(audio.encode(_audio_frame(sound, written)))
                written += AUDIO_BLOCK_SAMPLES
        output.mux(video.encode(None))
        output.mux(audio.encode(None))


def _audio_frame(sound: NDArray[np.float32], start: int) -> av.AudioFrame:
    block = np.ascontiguousarray(sound[None, start : start + AUDIO_BLOCK_SAMPLES])
    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
    return frame
