"""`make mutants`: thousands of files with changed bytes through the whole of verification. No crash, no time-out, no allow.

usage: python -m ops.bench.mutants [--count N] [--seed N] [FILE …]. The demo's cleared clip is changed, and each FILE given.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from api.services.circumstances import Circumstances
from api.services.services import Services
from api.services.verification import verify_file
from ledger.errors import LedgerError
from ops.demo.media import make_demo_clip
from ops.demo.run import run_demo
from ops.demo.story import CHANNEL, TERRITORY, USE
from ops.wiring import services_of

COUNT, THREADS = 5_000, 2
FILE_BYTES_MAX: Final = 1 * 2**20  # larger ones cost minutes and find nothing else
SECONDS_MAX: Final = 30.0  # a mutant that takes longer is a finding, even if the limit is higher
ASKED: Final = Circumstances(use=USE, territory=TERRITORY, channel=CHANNEL)
_MARKS: Final = (
    b"jumb",
    b"jumd",
    b"cbor",
    b"c2pa",
    b"moov",
    b"mdat",
    b"uuid",
    b"stsz",
    b"stco",
    b"\xff\xeb",
    b"\xff\xda",
)


@dataclass
class Tally:
    """What became of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    @property
    def count(self) -> int:
        return sum(self.outcomes.values())


def mutants(content: bytes, rng: random.Random) -> Iterator[bytes]:
    """Without an end: changed bits, bytes, lengths, cuts, repeats and swaps, half of them where structure is."""
    while True:
        data = bytearray(content)
        for _ in range(rng.choice((1, 1, 2, 8))):
            rng.choice((_flip, _overwrite, _length, _cut, _repeat, _swap))(data, _place(data, rng), rng)
        if data and bytes(data) != content:
            yield bytes(data)


def _place(data: bytearray, rng: random.Random) -> int:
    """Near a mark of some structure, or anywhere."""
    mark = rng.choice(_MARKS)
    at = data.find(mark, rng.randrange(max(1, len(data)))) if rng.random() < 0.5 else -1
    near = at + rng.randrange(-8, 64) if at >= 0 else rng.randrange(max(1, len(data)))
    return min(max(0, near), max(0, len(data) - 1))


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 1] = bytes(byte ^ (1 << rng.randrange(8)) for byte in data[at : at + 1])


def _overwrite(data: bytearray, at: int, rng: random.Random) -> None:
    size = rng.choice((1, 4, 64))
    data[at : at + size] = rng.randbytes(len(data[at : at + size]))


def _length(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 4] = struct.pack(">I", rng.choice((0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, rng.getrandbits(16))))


def _cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.choice((1, 100, 10_000, len(data)))]


def _repeat(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.choice((8, 1_000))] * rng.choice((1, 50))


def _swap(data: bytearray, at: int, rng: random.Random) -> None:
    other = rng.randrange(max(1, len(data)))
    one, two = data[at : at + 32], data[other : other + 32]
    data[at : at + 32], data[other : other + 32] = two, one


def run_mutants(services: Services, sources: list[Path], count: int, seed: int, folder: Path, at: datetime) -> Tally:
    """`count` mutants of the sources in turn, verified as of an instant at which the first source is allowed."""
    if verify_file(services, sources[0], ASKED, at).verdict != "allow":
        raise LedgerError("mutants_failed", "the file that is changed first is not allowed unchanged")
    tally, lock = Tally(), threading.Lock()
    streams = [mutants(path.read_bytes(), random.Random(f"{seed}/{n}")) for n, path in enumerate(sources)]

    def one(number: int) -> None:
        with lock:
            content = next(streams[number % len(streams)])
        path = folder / f"mutant-{number}"
        path.write_bytes(content)
        began = time.monotonic()
        outcome, bad = _verified(services, path, at)
        seconds = time.monotonic() - began
        path.unlink()
        with lock:
            tally.outcomes[outcome] += 1
            tally.slowest_s = max(tally.slowest_s, seconds)
            if bad or seconds > SECONDS_MAX:
                tally.bad.append(
                    f"{sources[number % len(sources)].name} #{number} of seed {seed}: {outcome}, {seconds:.1f} s"
                )

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(one, number) for number in range(count)]:
            done.result()
    return tally


def _verified(services: Services, path: Path, at: datetime) -> tuple[str, bool]:
    """The outcome in words, and whether it must not be: allowed, crashed, timed out, or an exception of ours."""
    try:
        answer = verify_file(services, path, ASKED, at)
        remarks = answer.c2pa.validation if answer.c2pa else ()
    except LedgerError as error:
        return error.code, error.code not in ("file_empty",)
    except Exception as error:
        return type(error).__name__, True
    died = [one for one in remarks if one.startswith("countersign.examination.")]
    state = answer.c2pa.state if answer.c2pa else "none"
    return f"{answer.verdict}, {state}{', ' + died[0] if died else ''}", answer.verdict == "allow" or bool(died)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make mutants", description="Changed files through the whole of verification."
    )
    parser.add_argument("file", nargs="*", type=Path, help="other files to change; those over a megabyte are left out")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="countersign-mutants-") as name:
        folder = Path(name)
        clip = make_demo_clip(folder / "clip.mp4", seconds=2, size=(320, 180))  # decoding is most of the time
        run_demo(folder / "home", clip, Console(quiet=True))
        given = [path for path in asked.file if path.is_file() and path.stat().st_size <= FILE_BYTES_MAX]
        with services_of(folder / "home") as services:
            cleared = next(services.ledger.read(types=["clearance.issued.v1"])).recorded_at
            sources = [folder / "home" / "signed.mp4", *given]
            tally = run_mutants(services, sources, asked.count, asked.seed, folder, cleared)
    for outcome, times in tally.outcomes.most_common():
        console.print(f"{times:>6}  {outcome}")
    console.print(f"{tally.count} mutants, seed {asked.seed}; slowest {tally.slowest_s:.1f} s; {len(tally.bad)} bad")
    for line in tally.bad:
        console.print(line)
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())
