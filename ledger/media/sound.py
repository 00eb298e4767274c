"""The sound of a file, streamed into fingerprints: decoded once to 11,025 Hz mono, never held whole.

To search, the same samples are also printed at ten other speeds: a faster or slower copy has its pitch moved too, and
Chromaprint, which looks at pitch, knows neither. The first sound stream only; what others there are is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from ledger.media.chromaprint import INSTALL, RATE_HZ, Items, SoundEngineMissingError, engine_version, printer
from ledger.media.extraction import Extraction, Looking, finding
from ledger.media.findings import QUERY_VARIANTS, Finding
from ledger.media.probe import open_container
from ledger.media.soundprint import SoundPrint, SoundVariant

NAME: Final = "audio_fingerprint"
ALGORITHM: Final = f"chromaprint-test2@{RATE_HZ}hz-mono"
SPEEDS_PERMILLE: Final = tuple(range(950, 1051, 10))  # half a percent is bridged; 1.25 % lost pure tones 3 % off
SOUND_SECONDS_MAX: Final = 60 * 60  # decodes at some 300 times real time; what lies behind is reported as not heard
DIFFERENT_ITEMS_MIN: Final = 2  # silence and one steady tone are one item for ever
_PLAIN: Final = 1000


@dataclass
class Heard:
    """How far the decode came: filled in while it runs, because a broken file ends it early."""

    samples: int = 0
    streams: int = 0
    ended_early: str | None = None

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"until_ms": self.samples * 1000 // RATE_HZ, "streams": self.streams}
        said |= {"streams_not_heard": self.streams - 1} if self.streams > 1 else {}
        return said | ({"ended_early": self.ended_early} if self.ended_early else {})


def specs() -> tuple[tuple[str, str], ...]:
    """(algorithm, version); none where the library is missing."""
    try:
        return ((ALGORITHM, engine_version()),)
    except SoundEngineMissingError:
        return ()


def run(looking: Looking, found: Extraction) -> None:
    """The finding, the print and, where asked for, its variants. Raises what decoding raises before the first sample."""
    if looking.kind.kind == "still":
        found.add(finding(NAME, "absent", code="no_sound"))
        return
    try:
        version = engine_version()
    except SoundEngineMissingError:
        found.add(finding(NAME, "not_checked", reason="not_installed", do=INSTALL))
        return
    heard = Heard()
    speeds = SPEEDS_PERMILLE if QUERY_VARIANTS in looking.asked else (_PLAIN,)
    prints = _printed(looking, heard, speeds)
    if heard.streams == 0:
        found.add(finding(NAME, "absent", code="no_sound"))
        return
    found.sound = SoundPrint(ALGORITHM, version, as_hex(prints[_PLAIN]))
    found.sound_variants = tuple(
        SoundVariant(speed, as_hex(items)) for speed, items in prints.items() if speed != _PLAIN
    )
    different = len(np.unique(prints[_PLAIN]))
    varied = different >= DIFFERENT_ITEMS_MIN
    detail = {"items": len(found.sound), **heard.as_json()} | ({} if varied else {"code": "silent_or_too_short"})
    detail |= {"different_items": different, "different_items_min": DIFFERENT_ITEMS_MIN}
    found.add(Finding(NAME, ALGORITHM, version, "found" if varied else "absent", detail))


def as_hex(items: Items) -> str:
    return items.astype(">u4").tobytes().hex()


def items_of(digits: str) -> Items:
    """The sub-fingerprints behind 8 hex digits each."""
    return np.frombuffer(bytes.fromhex(digits), dtype=">u4").astype(np.uint32)


def _printed(looking: Looking, heard: Heard, speeds: tuple[int, ...]) -> dict[int, Items]:
    with ExitStack() as stack:
        printers = {speed: stack.enter_context(printer(round(RATE_HZ * 1000 / speed))) for speed in speeds}
        for samples in _samples(looking, heard):
            for one in printers.values():
                one.feed(samples)
        return {speed: one.items() for speed, one in printers.items()}


def _samples(looking: Looking, heard: Heard) -> Iterator[NDArray[np.int16]]:
    with open_container(looking.path, looking.kind) as container:
        heard.streams = len(container.streams.audio)
        if not heard.streams:
            return
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        try:
            for frame in _frames(container):
                for piece in resampler.resample(frame):
                    block: NDArray[np.int16] = piece.to_ndarray().ravel().astype(np.int16, copy=False)
                    heard.samples += block.size
                    yield block
                if heard.samples > SOUND_SECONDS_MAX * RATE_HZ:
                    heard.ended_early = "over_bound"
                    return
        except (av.FFmpegError, ValueError) as error:
            if not heard.samples:
                raise
            heard.ended_early = type(error).__name__


def _frames(container: Any) -> Iterator[Any]:
    """Decoded frames, then None, which flushes the resampler."""
    yield from container.decode(container.streams.audio[0])
    yield None
