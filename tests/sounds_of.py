"""Sounds made for a test: tunes that no two seeds share, edits of them, files in other codecs. And Chromaprint, where it is."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Sound = NDArray[np.int16]
RATE_HZ = 22_050
_NOTES = [0, 2, 3, 5, 7, 8, 10, 12, 14, 15]


@pytest.fixture
def chromaprint() -> Iterator[None]:
    """Skips where Debian's libchromaprint1 can't be had, except in CI."""
    try:
        ctypes.CDLL("libchromaprint.so.1")
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail("libchromaprint1 is missing in CI: ops/setup/chromaprint.sh should have installed it")
        pytest.skip("libchromaprint1 is not installed (apt-get install libchromaprint1)")
    yield


def tune(seed: int, seconds: float = 12.0) -> Sound:
    """Three voices of decaying notes over a drum, at 22,050 Hz."""
    chance = np.random.default_rng(seed)
    length = int(seconds * RATE_HZ)
    out = chance.normal(0, 0.01, length)
    for octave, every in ((110, 0.47), (220, 0.31), (440, 0.23)):
        for start in np.arange(0, seconds, every):
            pitch = octave * 2 ** (chance.choice(_NOTES) / 12)
            at = int((start + chance.uniform(0, every / 3)) * RATE_HZ)
            t = np.arange(min(RATE_HZ, length - at)) / RATE_HZ
            partials = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 2, 3, 4))
            out[at : at + t.size] += 0.2 * chance.uniform(0.4, 1) * np.exp(-4 * t) * partials
    return np.asarray(out / np.abs(out).max() * 24_000).astype(np.int16)


def sped(sound: Sound, speed: float) -> Sound:
    """Faster and higher, or slower and lower, as a turntable does it."""
    at = np.arange(0, len(sound) - 1, speed)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.int16)


def noisy(sound: Sound, decibels: float, seed: int = 1) -> Sound:
    """White noise that many decibels under the sound."""
    power = np.sqrt((sound.astype(np.float64) ** 2).mean()) * 10 ** (-decibels / 20)
    mixed = sound + np.random.default_rng(seed).normal(0, power, len(sound))
    return np.asarray(mixed.clip(-32_768, 32_767)).astype(np.int16)


def quarter_tone(sound: Sound, factor: float) -> Sound:
    """Pitch moved, tempo kept, by libav's own filters."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="s16", layout="mono", time_base=Fraction(1, RATE_HZ))
    last: Any = source
    steps = (("asetrate", str(round(RATE_HZ * factor))), ("aresample", str(RATE_HZ)), ("atempo", f"{1 / factor:.6f}"))
    for name, arguments in (*steps, ("aformat", "sample_fmts=s16")):
        step = graph.add(name, arguments)
        last.link_to(step)
        last = step
    sink = graph.add("abuffersink")
    last.link_to(sink)
    graph.configure()
    source.push(_frame(sound))
    source.push(None)
    out: list[Sound] = []
    while True:
        try:
            out.append(sink.pull().to_ndarray().ravel())
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(out)


def written(path: Path, sound: Sound, codec: str = "pcm_s16le", bit_rate: int = 0, video: Path | None = None) -> Path:
    """A file with this sound; its format follows the name. `video` lends its pictures, copied as they are."""
    rate = 24_000 if codec == "libopus" else RATE_HZ
    with av.open(str(path), "w") as container:
        pictures = av.open(str(video)) if video else None
        moving: Any = container.add_stream_from_template(pictures.streams.video[0]) if pictures else None
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        if bit_rate:
            stream.bit_rate = bit_rate
        for packet in pictures.demux(pictures.streams.video[0]) if pictures else ():
            if packet.dts is not None:
                packet.stream = moving
                container.mux(packet)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for piece in [*resampler.resample(_frame(sound)), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
        if pictures:
            pictures.close()
    return path


def _frame(sound: Sound) -> Any:
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    return frame


def with_two_sounds(path: Path, first: Sound, second: Sound) -> Path:
    """One file with two sound streams, as a film with two languages has."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") for _ in range(2)]
        for stream, sound in zip(streams, (first, second), strict=True):
            container.mux(stream.encode(_frame(sound)))
            container.mux(stream.encode(None))
    return path
