"""Container and streams, read by one named demuxer (libav through PyAV) or by Pillow. Decodes one frame at most.

Also the one place that opens a stranger's container, so that no extractor forgets the demuxer or the bounds.
"""

from __future__ import annotations

from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import av
import av.stream
from PIL import Image

from ledger.media.findings import Probe, Stream
from ledger.media.media_type import LEADING_BYTES, MediaType, media_type

PIXELS_MAX: Final = 64 * 2**20  # 8K is 33 million; beyond this one frame alone takes half a gigabyte
STREAMS_MAX: Final = 64  # a broadcast master has some twenty; each costs a decoder
MILLISECONDS_MAX: Final = 2**53 - 1  # a container may claim any duration; the statement holds exact integers only


class UnsupportedMediaError(Exception):
    """Not a kind of file that we decode; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OverBoundError(Exception):
    """Over one of this package's bounds; `code` names it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sniff(path: Path) -> MediaType:
    """The type of the file by its leading bytes. Raises OSError."""
    with path.open("rb") as stream:
        return media_type(stream.read(LEADING_BYTES))


def spec(kind: MediaType) -> tuple[str, str]:
    """(algorithm, version) that reads this kind of file."""
    return ("pillow", f"pillow {version('pillow')}") if kind.kind == "still" else ("libav", f"av {av.__version__}")


def specs() -> tuple[tuple[str, str], ...]:
    return spec(MediaType("", "still")), spec(MediaType("", "av"))


def open_container(path: Path, kind: MediaType) -> Any:
    """The container behind a named demuxer that may open no second file. Raises av.FFmpegError and the two above."""
    if kind.kind != "av":
        raise UnsupportedMediaError("not_audio_or_video")
    container = av.open(
        str(path), format=kind.demuxer, options={"protocol_whitelist": "file"}, metadata_errors="replace"
    )
    if len(container.streams) > STREAMS_MAX:
        container.close()
        raise OverBoundError("too_many_streams")
    for stream in container.streams.video:
        if stream.codec_context.width * stream.codec_context.height > PIXELS_MAX:
            container.close()
            raise OverBoundError("too_many_pixels")
        stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}  # a stream may grow on the way
    return container


def open_still(path: Path) -> Image.Image:
    """The picture, its pixels not yet decoded. Raises OSError, and OverBoundError before anything large happens."""
    Image.MAX_IMAGE_PIXELS = None  # our own bound below, which raises instead of warning
    image = Image.open(path)
    if image.width * image.height > PIXELS_MAX:
        image.close()
        raise OverBoundError("too_many_pixels")
    return image


def pictures(image: Image.Image) -> int:
    """How many pictures a viewer shows: the frames of an animation, the pages of a TIFF. A phone's JPEG carries previews
    and depth maps behind its one picture (MPO), at offsets that adding a manifest leaves wrong: they are not looked at.
    """
    return 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))


def probe(path: Path, kind: MediaType, size_bytes: int) -> Probe:
    """What the file declares. Raises UnsupportedMediaError, OverBoundError, av.FFmpegError or OSError."""
    if kind.kind == "still":
        return _probe_still(path, kind, size_bytes)
    with open_container(path, kind) as container:
        duration_ms = 0 if container.duration is None else _bounded(container.duration // 1000)
        streams = tuple(_stream(stream) for stream in container.streams)
        return Probe(container.format.name, kind.name, duration_ms, _rotated(container, streams), size_bytes)


def _probe_still(path: Path, kind: MediaType, size_bytes: int) -> Probe:
    with open_still(path) as image:
        stream = Stream(0, _still_kind(image), str(image.format).lower(), image.width, image.height)
        return Probe(str(image.format).lower(), kind.name, 0, (stream,), size_bytes)


def _still_kind(image: Image.Image) -> str:
    """A picture that moves is an animation; the pages of a TIFF stand still. What can't be counted may be either."""
    try:
        moves = image.format != "TIFF" and pictures(image) > 1
    except Exception:  # Pillow's readers of animations raise anything on a stranger's bytes
        return "unknown"
    return "animation" if moves else "picture"


def _stream(stream: Any) -> Stream:
    context = stream.codec_context
    codec = "unknown" if context is None else str(context.name)
    duration_ms = _bounded(_milliseconds(stream.duration or 0, stream.time_base))
    if stream.type == "video" and stream.disposition & av.stream.Disposition.attached_pic:
        return Stream(stream.index, "cover", codec, context.width, context.height)  # a song's sleeve moves nothing
    if stream.type == "video":
        rate = _bounded(round((stream.average_rate or 0) * 1000))
        return Stream(stream.index, "video", codec, context.width, context.height, 0, rate, 0, duration_ms)
    if stream.type == "audio":
        rate, channels = _bounded(context.sample_rate * 1000), int(context.channels)
        return Stream(stream.index, "audio", codec, rate_mhz=rate, channels=channels, duration_ms=duration_ms)
    return Stream(stream.index, str(stream.type), codec, duration_ms=duration_ms)


def _rotated(container: Any, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """The first video stream's rotation stands on its frames, so one is decoded. A broken frame leaves it at 0."""
    if not container.streams.video:
        return streams
    index, degrees = container.streams.video[0].index, 0
    try:
        degrees = next((int(frame.rotation) for frame in container.decode(container.streams.video[0])), 0)
    except av.FFmpegError:
        return streams
    return tuple(Stream(**{**s.as_json(), "rotation_deg": degrees}) if s.index == index else s for s in streams)


def _milliseconds(ticks: int, time_base: Fraction | None) -> int:
    return round(ticks * (time_base or Fraction(0)) * 1000)


def _bounded(value: int) -> int:
    return max(0, min(int(value), MILLISECONDS_MAX))
