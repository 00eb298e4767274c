"""Ask the fenced child for the frames of a file at given times. Nobody's bytes are decoded in this process."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import Unavailable
from ledger.media.child import ChildFailedError, Limits, answer, started
from ledger.media.decoding import text, whole
from ledger.media.sandbox import opened

STILLS_MAX: Final = 24  # times of one file
STILL_BYTES_MAX: Final = 256 * 2**10  # 400 px of noise have 150 kB; most frames 20 kB


@dataclass(frozen=True)
class Still:
    """A frame at `t_ms`, as a JPEG."""

    t_ms: int
    jpeg: bytes


def take_stills(path: Path, times_ms: Sequence[int], limits: Limits | None = None) -> dict[int, Still]:
    """By the time that was asked for, the sampled frame nearest to it; a time without one is left out.

    Raises what `Examiner.examine` raises for a path, and Unavailable `stills_failed`.
    """
    bounds, times = limits or Limits(), sorted(set(times_ms))[:STILLS_MAX]
    if not times:
        return {}
    deadline = time.monotonic() + bounds.wall_seconds
    with opened(path, bounds.file_bytes) as descriptor:
        job = {"kind": "stills", "path": f"/dev/fd/{descriptor}", "times_ms": times, "limits": bounds.as_json()}
        with started(job, (descriptor,)) as child:
            try:
                return dict(map(_still, answer(child, deadline)["stills"]))
            except (ChildFailedError, KeyError, TypeError, ValueError) as error:
                what = "no frames could be taken out of the file"
                raise Unavailable("stills_failed", what, "Look at its examination.") from error


def _still(told: dict[str, object]) -> tuple[int, Still]:
    jpeg = b64decode(text(told["jpeg"]), validate=True)
    if not jpeg.startswith(b"\xff\xd8") or len(jpeg) > STILL_BYTES_MAX:
        raise ValueError("expected a small JPEG")
    return whole(told["asked_ms"]), Still(whole(told["t_ms"]), jpeg)
