"""Make one rendition with libav, in the fenced child: the source may be a stranger's file. Both ends are descriptors."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from ledger.errors import Misuse, Unavailable
from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.media.probe import OverBoundError, UnsupportedMediaError, open_container
from ledger.media.recipes import Recipe


def transcode(job: dict[str, Any]) -> dict[str, Any]:
    """`{"frames": how many pictures or packets went in}`. Raises Misuse `transcode_unsupported`, Unavailable."""
    recipe, source = Recipe(**job["recipe"]), Path(job["source"])
    with source.open("rb") as file:
        kind = media_type(file.read(LEADING_BYTES))
    try:
        with open_container(source, kind) as container:
            if not container.streams.video:
                raise UnsupportedMediaError("no_video_stream")
            options = recipe.container_options
            with av.open(job["target"], "w", format=recipe.container, options=options) as output:
                work = _copy if recipe.video is None else _encode
                return {"frames": work(container, output, recipe)}
    except (OverBoundError, UnsupportedMediaError):
        raise Misuse("transcode_unsupported", "The lab looks at video only.", "Give a video.") from None
    except (av.FFmpegError, ValueError, OSError) as error:
        raise Unavailable("transcode_failed", f"libav refused: {type(error).__name__}.", "") from None


def _copy(container: Any, output: Any, recipe: Recipe) -> int:
    streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
    copies = {stream.index: output.add_stream_from_template(stream) for stream in streams}
    count = 0
    for packet in container.demux(streams):
        late = recipe.keep_ms is not None and (packet.pts or 0) * packet.time_base * 1000 >= recipe.keep_ms
        if packet.dts is None or late:
            continue
        packet.stream = copies[packet.stream.index]
        output.mux(packet)
        count += 1
    return count


def _encode(container: Any, output: Any, recipe: Recipe) -> int:
    video = container.streams.video[0]
    size = _size(video.width, video.height, recipe)
    picture = output.add_stream(recipe.video, rate=video.average_rate or Fraction(24))
    picture.width, picture.height, picture.pix_fmt, picture.options = *size, "yuv420p", recipe.options
    picture.thread_count = 2
    heard = container.streams.audio[0] if container.streams.audio else None
    sound = output.add_stream(recipe.audio, rate=48_000) if heard else None
    resampler = av.AudioResampler(format="fltp" if recipe.audio == "aac" else "s16", layout="stereo", rate=48_000)
    count = 0
    for frame in container.decode(*filter(None, (video, heard))):
        if isinstance(frame, av.VideoFrame):
            output.mux(picture.encode(_fitted(frame, size, recipe)))
            count += 1
        elif sound is not None:
            for block in resampler.resample(frame):
                output.mux(sound.encode(block))
    output.mux(picture.encode(None))
    if sound is not None:
        output.mux(sound.encode(None))
    return count


def _size(width: int, height: int, recipe: Recipe) -> tuple[int, int]:
    """Even numbers, as every encoder here wants them."""
    if recipe.crop_permille:
        left = 1000 - 2 * recipe.crop_permille
        return width * left // 2000 * 2, height * left // 2000 * 2
    wanted = min(recipe.height or height, height)
    return max(2, round(width * wanted / height / 2) * 2), wanted // 2 * 2


def _fitted(frame: av.VideoFrame, size: tuple[int, int], recipe: Recipe) -> av.VideoFrame:
    if recipe.crop_permille:
        x, y = (frame.width - size[0]) // 2, (frame.height - size[1]) // 2
        pixels = frame.to_ndarray(format="rgb24")[y : y + size[1], x : x + size[0]]
        made = av.VideoFrame.from_ndarray(pixels.copy(), format="rgb24").reformat(format="yuv420p")
    else:
        made = frame.reformat(*size, "yuv420p", interpolation="AREA")
    made.pts, made.time_base = frame.pts, frame.time_base
    return made
