"""Broken files by the thousand: small real files with bytes turned, cut, moved, doubled and lengths lied about.

Each is examined like anybody's. What may come out is in `verdict`: an answer for every extractor, in time, about the bytes
that were there, and never silence for something that could not be read.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

from ledger.media.child import Limits
from ledger.media.children import WarmChildren
from ledger.media.findings import ALL, EXTRACTORS, Examination
from ledger.media.sandbox import Examiner

LIMITS: Final = Limits(wall_seconds=60, cpu_seconds=30)
SLOW_S: Final = 60 + 10  # the wall bound, and hashing
STATES: Final = frozenset({"found", "absent", "not_checked", "unsupported", "failed"})


def sources(folder: Path) -> list[Path]:
    """Small files of each kind that we read: a second of moving picture and sound, stills, an animation, sound alone."""
    folder.mkdir(exist_ok=True)
    chance = np.random.default_rng(4)
    pictures = [
        Image.fromarray(chance.integers(0, 255, (9, 16, 3), dtype=np.uint8)).resize((160, 96), Image.Resampling.BICUBIC)
        for _ in range(12)
    ]
    made = [
        _clip(folder / f"clip.{name}", pictures, codec)
        for name, codec in (
            ("mp4", "libx264"),
            ("mkv", "libx264"),
            ("ts", "mpeg2video"),
            ("avi", "mjpeg"),
            ("webm", "libvpx"),
        )
    ]
    for name in ("png", "jpg", "webp", "tiff", "bmp"):
        pictures[0].save(folder / f"still.{name}")
        made.append(folder / f"still.{name}")
    pictures[0].save(folder / "moving.gif", save_all=True, append_images=pictures[1:6], duration=300)
    return [
        *made,
        folder / "moving.gif",
        _sound(folder / "sound.wav", "pcm_s16le"),
        _sound(folder / "sound.flac", "flac"),
    ]


def _clip(target: Path, pictures: list[Image.Image], codec: str) -> Path:
    with av.open(str(target), "w") as output:
        stream: Any = output.add_stream(codec, rate=Fraction(12))
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        output.mux(stream.encode(None))
    return target


def _sound(target: Path, codec: str) -> Path:
    with av.open(str(target), "w") as output:
        stream: Any = output.add_stream(codec, rate=16_000, layout="mono")
        wave = (np.sin(np.arange(16_000) / 9) * 9_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=16_000, frame_size=1024)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return target


def mutants(files: list[Path], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of `count` mutants: each file in turn, each mutation in turn."""
    chance = random.Random(seed)
    for n in range(count):
        file = files[n % len(files)]
        change = MUTATIONS[n // len(files) % len(MUTATIONS)]
        yield f"{file.name}/{change.__name__}/{n}", change(bytearray(file.read_bytes()), chance)


def _turned(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 4, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _turned_head(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 9))):
        data[chance.randrange(4, min(len(data), 400))] = chance.randrange(256)
    return bytes(data)


def _cut(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(1, len(data))])


def _lied(data: bytearray, chance: random.Random) -> bytes:
    """Four bytes in a row say something huge, or nothing."""
    at = chance.randrange(4, max(5, len(data) - 4))
    data[at : at + 4] = chance.choice(
        (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\x00\x01\x86\xa0")
    )
    return bytes(data)


def _moved(data: bytearray, chance: random.Random) -> bytes:
    a, b = sorted(chance.randrange(len(data)) for _ in range(2))
    return bytes(data[:a] + data[b:] + data[a:b])


def _doubled(data: bytearray, chance: random.Random) -> bytes:
    a, b = sorted(chance.randrange(len(data)) for _ in range(2))
    return bytes(data[:b] + data[a:b] * chance.choice((1, 8)) + data[b:])


def _emptied(data: bytearray, chance: random.Random) -> bytes:
    a = chance.randrange(len(data))
    data[a : a + 512] = bytes(len(data[a : a + 512]))
    return bytes(data)


MUTATIONS: Final[tuple[Callable[[bytearray, random.Random], bytes], ...]] = (
    _turned, _turned_head, _cut, _lied, _moved, _doubled, _emptied,
)  # fmt: skip


def verdict(found: Examination, content: bytes, seconds: float) -> str:
    """What is wrong with an examination of these bytes; "" when it answers as it must."""
    pdq, seen = found.finding("pdq"), bool(found.fingerprints and found.fingerprints.frames)
    complete = tuple(one.extractor for one in found.findings) == EXTRACTORS
    wrong = {
        "not about these bytes": found.sha256 != hashlib.sha256(content).hexdigest(),
        "not in time": seconds > SLOW_S,
        "an extractor without an answer": not complete or bool({one.state for one in found.findings} - STATES),
        "a manifest out of nowhere": found.c2pa.holds,
        "failed without a code": pdq.state in ("failed", "unsupported") and not pdq.detail.get("code"),
        "clean without having seen a frame": pdq.state == "absent" or (pdq.state == "found" and not seen),
    }
    return next((said for said, holds in wrong.items() if holds), "")


def judge(examiner: Examiner, folder: Path, job: tuple[str, bytes]) -> tuple[str, str, str, float]:
    """(state, code, what is wrong, seconds) of one mutant, written to that folder and removed again."""
    name, content = job
    path = folder / name.replace("/", "-")
    path.write_bytes(content)
    started = time.monotonic()
    found = examiner.examine(path, extractors=ALL)
    seconds = time.monotonic() - started
    path.unlink()
    pdq = found.finding("pdq")
    code = str(pdq.detail.get("code") or pdq.detail.get("ended_early") or "-")
    return pdq.state, code, verdict(found, content, seconds), seconds


def measure(folder: Path, count: int, workers: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Outcomes over `count` mutants; `wrong` names those that answered otherwise than they must."""
    states, codes, wrong, slowest = Counter[str](), Counter[str](), list[str](), 0.0
    made = list(mutants(sources(folder / "sources"), count, seed=1))
    examiner = Examiner(limits=LIMITS, children=WarmChildren())
    with closing(examiner), ThreadPool(workers) as pool:
        for n, said in enumerate(pool.imap(partial(judge, examiner, folder), made)):
            states[said[0]] += 1
            codes[said[1]] += 1
            wrong += [f"{made[n][0]}: {said[2]}"] if said[2] else []
            slowest = max(slowest, said[3])
            if n % 250 == 249:
                log(f"{n + 1} mutants, {len(wrong)} wrong")
    figures: dict[str, Any] = {"mutants": count, "states": dict(states), "codes": dict(codes.most_common(20))}
    return figures | {"wrong": wrong, "slowest_s": round(slowest, 1)}
