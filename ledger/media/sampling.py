"""Ask the fenced child for frames and sound of a file. What it can't give is left out; nobody's bytes are decoded here."""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import Unavailable
from ledger.media.child import ChildFailedError, Limits, answer, started
from ledger.media.decoding import text, whole
from ledger.media.sandbox import opened


@dataclass(frozen=True)
class Samples:
    """PNGs by time in ms, and one WAV."""

    media_type: str
    frames: tuple[tuple[int, bytes], ...]
    sound: bytes | None


def take_samples(path: Path, limits: Limits | None = None) -> Samples:
    """Raises what `Examiner.examine` raises for a path, and Unavailable `sampling_failed`."""
    bounds = limits or Limits()
    deadline = time.monotonic() + bounds.wall_seconds
    with opened(path, bounds.file_bytes) as descriptor:
        job = {"kind": "samples", "path": f"/dev/fd/{descriptor}", "limits": bounds.as_json()}
        with started(job, (descriptor,)) as child:
            try:
                found = answer(child, deadline)["samples"]
                frames = tuple(
                    (whole(one["t_ms"]), b64decode(text(one["png"]), validate=True)) for one in found["frames"]
                )
                sound = None if found["sound"] is None else b64decode(text(found["sound"]), validate=True)
                return Samples(text(found["media_type"]), frames, sound)
            except (ChildFailedError, KeyError, TypeError, ValueError) as error:
                what = "the file could not be sampled"
                raise Unavailable("sampling_failed", what, "Look at its examination.") from error
