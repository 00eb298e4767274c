"""What people do to a sound. Each edit takes and gives mono samples at RATE_HZ; a codec is chosen where the file is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.int16]
RATE_HZ: Final = 22_050
LOUDEST: Final = 32_767
OPUS_HZ: Final = 24_000


@dataclass(frozen=True)
class SoundEdit:
    """`change` the samples, then write them in a codec, `bit_rate` in bits a second."""

    change: Callable[[Sound], Sound]
    suffix: str = "wav"
    codec: str = "pcm_s16le"
    bit_rate: int = 0


def tune(seed: int, seconds: float = 12.0) -> Sound:
    """Decaying notes of three voices over a little noise: no two seeds play the same."""
    chance = np.random.default_rng(seed)
    length = int(seconds * RATE_HZ)
    out = chance.normal(0, 0.01, length)
    for lowest, every in ((110, 0.47), (220, 0.31), (440, 0.23)):
        for start in np.arange(0, seconds, every):
            pitch = lowest * 2 ** (chance.integers(0, 16) / 12)
            at = int((start + chance.uniform(0, every / 3)) * RATE_HZ)
            t = np.arange(min(RATE_HZ, length - at)) / RATE_HZ
            out[at : at + t.size] += np.exp(-4 * t) * sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 2, 3, 4))
    return _loud(out)


def read(path: Path, seconds: float) -> Sound:
    """The first seconds of a file's first sound stream; nothing where it has none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(0, np.int16)
        resampler, found = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ), list[Any]()
        for frame in container.decode(container.streams.audio[0]):
            found += [piece.to_ndarray().ravel() for piece in resampler.resample(frame)]
            if sum(map(len, found)) >= seconds * RATE_HZ:
                break
    return np.concatenate(found)[: int(seconds * RATE_HZ)].astype(np.int16) if found else np.zeros(0, np.int16)


def written(target: Path, sound: Sound, codec: str, bit_rate: int) -> Path:
    rate = OPUS_HZ if codec == "libopus" else RATE_HZ
    with av.open(str(target), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="mono")
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for piece in [*resampler.resample(_frame(sound)), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return target


def sped(sound: Sound, speed: float) -> Sound:
    """As a turntable does it: pitch goes along."""
    at = np.arange(0, len(sound) - 1, speed)
    return _clipped(np.interp(at, np.arange(len(sound)), sound))


def filtered(sound: Sound, *steps: tuple[str, str]) -> Sound:
    """Through libav's own filters."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="s16", layout="mono", time_base=Fraction(1, RATE_HZ))
    chain: list[Any] = [source, *(graph.add(*step) for step in steps), graph.add("aformat", "sample_fmts=s16")]
    chain.append(graph.add("abuffersink"))
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    source.push(_frame(sound))
    source.push(None)
    out: list[Sound] = []
    while True:
        try:
            out.append(chain[-1].pull().to_ndarray().ravel())
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(out)


def pitched(sound: Sound, factor: float) -> Sound:
    """Pitch moved, tempo kept."""
    rate = ("asetrate", str(round(RATE_HZ * factor))), ("aresample", str(RATE_HZ))
    return filtered(sound, *rate, ("atempo", f"{1 / factor:.6f}"))


def noisy(sound: Sound, decibels: float) -> Sound:
    """White noise that many decibels under it."""
    noise = np.random.default_rng(1).normal(0, _level(sound) * 10 ** (-decibels / 20), len(sound))
    return _clipped(sound + noise)


def under(sound: Sound, other: Sound, decibels: float) -> Sound:
    """Mixed with another one, which is that many decibels louder."""
    over = np.resize(other, len(sound)) * (_level(sound) / max(_level(other), 1.0) * 10 ** (decibels / 20))
    return _loud(sound + over)


def part(sound: Sound, start_s: float, seconds: float) -> Sound:
    return sound[int(start_s * RATE_HZ) : int((start_s + seconds) * RATE_HZ)]


def edits(voice: Sound) -> dict[str, SoundEdit]:
    """By name; `voice` is what is spoken over it."""
    plain = partial(np.asarray, dtype=np.int16)
    return {
        "MP3 at 64 kbit/s": SoundEdit(plain, "mp3", "mp3", 64_000),
        "MP3 at 16 kbit/s": SoundEdit(plain, "mp3", "mp3", 16_000),
        "AAC at 32 kbit/s": SoundEdit(plain, "m4a", "aac", 32_000),
        "Opus at 12 kbit/s": SoundEdit(plain, "ogg", "libopus", 12_000),
        "noise 10 dB under it": SoundEdit(partial(noisy, decibels=10)),
        "3 % faster": SoundEdit(partial(sped, speed=1.03)),
        "3 % slower": SoundEdit(partial(sped, speed=0.97)),
        "5 % faster": SoundEdit(partial(sped, speed=1.05)),
        "5 % slower": SoundEdit(partial(sped, speed=0.95)),
        "pitch 3 % up": SoundEdit(partial(pitched, factor=1.03)),
        "pitch 5 % down": SoundEdit(partial(pitched, factor=0.95)),
        "tempo 5 % up": SoundEdit(lambda sound: filtered(sound, ("atempo", "1.05"))),
        "six seconds of it": SoundEdit(partial(part, start_s=3, seconds=6)),
        "telephone": SoundEdit(lambda sound: filtered(sound, ("highpass", "f=300"), ("lowpass", "f=3400"))),
        "under a voice as loud": SoundEdit(partial(under, other=voice, decibels=0)),
        "under a voice 6 dB louder": SoundEdit(partial(under, other=voice, decibels=6)),
    }


def _level(sound: Sound) -> float:
    return float(np.sqrt((sound.astype(np.float64) ** 2).mean()))


def _loud(samples: NDArray[Any]) -> Sound:
    return _clipped(samples / max(float(np.abs(samples).max()), 1e-9) * 24_000)


def _clipped(samples: NDArray[Any]) -> Sound:
    return np.asarray(samples).clip(-LOUDEST, LOUDEST).astype(np.int16)


def _frame(sound: Sound) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound).reshape(1, -1), format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    return frame
