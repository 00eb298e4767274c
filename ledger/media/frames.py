"""One pass over the pictures of a file: two a second and at every cut, each as one canonical frame for all extractors.

Canonical: upright as it would be shown, RGB, longest side 512 px. The size is part of every fingerprint's name, because
the same hash at another size differs by several bits. Frames that no other frame refers to are not decoded (NONREF).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from ledger.media.media_type import MediaType
from ledger.media.probe import OverBoundError, UnsupportedMediaError, open_container, open_still, pictures

Pixels = NDArray[np.uint8]

SAMPLING: Final = "nonref-2fps"
SIDE_PX: Final = 512
SAMPLE_EVERY_MS: Final = 500
FRAMES_MAX: Final = 2400  # 15 minutes at two a second with room for cuts; what lies behind is reported as not looked at
DURATION_MS_MAX: Final = 15 * 60 * 1000  # 1080p decodes at about ten times real time: 90 s of work
CUT_LEVELS: Final = 28  # mean change of a grey thumbnail, of 255, that makes a cut; fades and pans stay below
CUT_GAP_MS: Final = 200  # a flicker is not a cut every frame
ANIMATION_FRAMES_MAX: Final = 600  # frames of an animated still that are decoded at all
DECODER_THREADS: Final = 2  # each keeps frames of its own, and several examinations run side by side
_THUMBNAIL: Final = (32, 18)


@dataclass(frozen=True)
class SampledFrame:
    """`pixels` is height x width x 3, uint8, RGB; `t_ms` counts from the first frame; `cut`: another picture than before."""

    t_ms: int
    pixels: Pixels
    cut: bool = False


@dataclass
class Coverage:
    """How far a pass came: filled in while `sample_frames` runs, because a broken file ends it early. `total_ms` is what the
    container promises, 0 for nothing; `resumed_ms` are the instants after which another process went on."""

    frames: int = 0
    until_ms: int = 0
    ended_early: str | None = None
    total_ms: int = 0
    resumed_ms: tuple[int, ...] = ()


def sample_frames(
    path: Path, kind: MediaType, coverage: Coverage, chooser: Chooser | None = None
) -> Iterator[SampledFrame]:
    """The sampled frames. A file that breaks off ends the iteration and says so in `coverage`. With a `chooser` that has seen
    frames, of a video those that come after them.

    Raises UnsupportedMediaError when there is no picture at all, OverBoundError and av.FFmpegError before the first.
    """
    chosen = chooser or Chooser()
    source = _still_frames(path, coverage) if kind.kind == "still" else _video_frames(path, kind, coverage, chosen)
    for frame in source:
        if coverage.frames >= FRAMES_MAX or frame.t_ms > DURATION_MS_MAX:
            coverage.ended_early = "over_bound"
            return
        coverage.frames, coverage.until_ms = coverage.frames + 1, frame.t_ms
        yield frame


def _video_frames(path: Path, kind: MediaType, coverage: Coverage, chooser: Chooser) -> Iterator[SampledFrame]:
    with open_container(path, kind) as container:
        if not container.streams.video:
            raise UnsupportedMediaError("no_video_stream")
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONREF"
        stream.thread_type, stream.codec_context.thread_count = "AUTO", DECODER_THREADS
        coverage.total_ms = min(max(0, (container.duration or 0) // 1000), DURATION_MS_MAX)
        canonical = VideoReformatter()
        try:
            for frame in _from(container, stream, chooser.seen_pts):
                if (t_ms := chooser.wants(frame)) is not None:
                    yield SampledFrame(t_ms, _canonical_video(canonical, frame), chooser.cut)
        except (av.FFmpegError, ValueError) as error:
            if coverage.frames == 0:
                raise
            coverage.ended_early = type(error).__name__


def _from(container: Any, stream: Any, seen_pts: int | None) -> Iterator[av.VideoFrame]:
    """Decoded frames after that one, in the order in which they are shown. Decoding starts at the key frame before it; in a
    container that can't go there, at the beginning."""
    if seen_pts is None:
        yield from container.decode(stream)
        return
    first = _sought(container, stream, seen_pts)
    frames = container.decode(stream)
    if first is not None and first.pts is not None and first.pts <= seen_pts:
        frames = chain([first], frames)
    else:
        container.seek(stream.start_time or 0, stream=stream)
    yield from (frame for frame in frames if frame.pts is None or frame.pts > seen_pts)


def _sought(container: Any, stream: Any, pts: int) -> Any:
    try:
        container.seek(pts, stream=stream)
        return next(container.decode(stream), None)
    except av.FFmpegError:
        return None


class Chooser:
    """Which decoded frames to keep: the first at or after each half second, and the first after a cut."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self.seen_pts: int | None = None
        self._next_ms = 0
        self._kept_ms = -CUT_GAP_MS
        self._before: NDArray[np.int16] | None = None
        self._thumbnails = VideoReformatter()  # one for all: each new one starts threads, 3 ms a frame
        self.cut = False

    def wants(self, frame: av.VideoFrame) -> int | None:
        """The frame's time in ms when it is wanted, else None. Frames without a time are not."""
        if frame.pts is None:
            return None
        self._start_s, self.seen_pts = frame.time if self._start_s is None else self._start_s, frame.pts
        t_ms = max(0, round((frame.time - self._start_s) * 1000))
        due, cut = t_ms >= self._next_ms, self._is_cut(frame)
        self.cut = cut and t_ms - self._kept_ms >= CUT_GAP_MS
        if not due and not self.cut:
            return None
        if due:
            self._next_ms = (t_ms // SAMPLE_EVERY_MS + 1) * SAMPLE_EVERY_MS
        self._kept_ms = t_ms
        return t_ms

    def state(self) -> dict[str, NDArray[Any]]:
        """For another one that goes on from here; after a frame that was wanted, which has a thumbnail."""
        numbers = np.array([self.seen_pts, self._next_ms, self._kept_ms], dtype=np.int64)
        return {"numbers": numbers, "start_s": np.array(self._start_s), "before": np.array(self._before)}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Raises KeyError, TypeError or ValueError for what `state` does not write."""
        self.seen_pts, self._next_ms, self._kept_ms = (int(number) for number in state["numbers"])
        self._start_s, self._before = float(state["start_s"]), state["before"].reshape(_THUMBNAIL[::-1])

    def _is_cut(self, frame: av.VideoFrame) -> bool:
        small = self._thumbnails.reformat(frame, *_THUMBNAIL, format="gray", interpolation="AREA")
        grey: NDArray[np.int16] = small.to_ndarray().astype(np.int16)
        before, self._before = self._before, grey
        return before is not None and float(np.abs(grey - before).mean()) > CUT_LEVELS


def _canonical_video(reformatter: VideoReformatter, frame: av.VideoFrame) -> Pixels:
    width, height = fitted(frame.width, frame.height)
    pixels: Any = reformatter.reformat(frame, width, height, format="rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, k=round(frame.rotation / 90) % 4))


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size with the same shape whose longest side is `SIDE_PX`."""
    if width < 1 or height < 1:
        raise OverBoundError("no_pixels")
    longest = max(width, height)
    return max(1, round(width * SIDE_PX / longest)), max(1, round(height * SIDE_PX / longest))


def _still_frames(path: Path, coverage: Coverage) -> Iterator[SampledFrame]:
    with closing(_loaded(path, coverage)) as image:
        next_ms = t_ms = 0
        for index in range(min(pictures(image), ANIMATION_FRAMES_MAX)):
            try:
                image.seek(index)
                image.load()
            except (OSError, EOFError, SyntaxError, ValueError) as error:
                coverage.ended_early = type(error).__name__
                return
            if t_ms >= next_ms:
                yield SampledFrame(t_ms, _canonical_still(image))
                next_ms = (t_ms // SAMPLE_EVERY_MS + 1) * SAMPLE_EVERY_MS
            t_ms += max(10, int(image.info.get("duration", 100)))


def _loaded(path: Path, coverage: Coverage) -> Image.Image:
    """The first picture, decoded. A file that was cut short is taken as viewers show it, the rest of it grey, and
    `coverage` says so: losing its last byte must not make a picture unrecognisable. Raises OSError, OverBoundError.
    """
    image = open_still(path)
    try:
        image.load()
        return image
    except (OSError, SyntaxError):
        image.close()
    coverage.ended_early = "cut_short"
    image = open_still(path)
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # for this picture only: what follows in an animation is not filled in
    try:
        image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return image


def _canonical_still(image: Image.Image) -> Pixels:
    upright = _opaque(_eight_bits(ImageOps.exif_transpose(image)))
    return np.asarray(upright.resize(fitted(*upright.size), Image.Resampling.BILINEAR))


def _opaque(image: Image.Image) -> Image.Image:
    """On white, as most pages show it: a picture may lie in the transparency alone, over one even colour."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow clips deep greyscale to white where it should scale it."""
    if image.mode != "I" and not image.mode.startswith("I;"):
        return image
    return Image.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8))
