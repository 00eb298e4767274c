"""The frames of a file at given times, as small JPEGs: in the child process, from its descriptor.

They are the very frames that are fingerprinted: sampled in the same way, so that a match's time names one of them.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

from ledger.media.frames import Coverage, SampledFrame, sample_frames
from ledger.media.media_type import LEADING_BYTES, media_type
from ledger.media.probe import OverBoundError, UnsupportedMediaError

SIDE_PX: Final = 400  # enough to compare two pictures on a page; nobody's copy of the work
QUALITY: Final = 82


def stills(path: Path, times_ms: Sequence[int]) -> list[dict[str, Any]]:
    """`{"asked_ms", "t_ms", "jpeg"}` for each time, with the sampled frame that is nearest; bytes in base64. A file that
    breaks off gives what lies before; one without pictures gives nothing.
    """
    with path.open("rb") as file:
        kind = media_type(file.read(LEADING_BYTES))
    nearest: dict[int, SampledFrame] = {}
    try:
        for frame in sample_frames(path, kind, Coverage()):
            for asked in times_ms:
                if asked not in nearest or abs(frame.t_ms - asked) < abs(nearest[asked].t_ms - asked):
                    nearest[asked] = frame
            if frame.t_ms >= max(times_ms):
                break
    except (av.FFmpegError, OSError, ValueError, SyntaxError, OverBoundError, UnsupportedMediaError):
        pass  # said by what is missing
    return [{"asked_ms": asked, "t_ms": frame.t_ms, "jpeg": _jpeg(frame)} for asked, frame in sorted(nearest.items())]


def _jpeg(frame: SampledFrame) -> str:
    image = Image.fromarray(frame.pixels)
    image.thumbnail((SIDE_PX, SIDE_PX))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=QUALITY)
    return b64encode(target.getvalue()).decode()
