"""What an examination costs beside decoding the same file, every frame and the sound, and nothing else. An examination
itself decodes fewer: those that other frames refer to, which is the second baseline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal

import av

from ledger.media.children import WarmChildren
from ledger.media.findings import ALL, QUERY_VARIANTS
from ledger.media.frames import DECODER_THREADS
from ledger.media.sandbox import Examiner
from ops.bench.figures import in_turns
from ops.demo.media import make_demo_clip

RUNS: Final = 7
SECONDS: Final = 6
REACH: Final = 1.6
BARE: Final = "decode every frame"
FINGERPRINTS: Final = frozenset({"digest", "probe", "pdq", "phash256", "essence", "audio_fingerprint"})


def measure(folder: Path) -> dict[str, Any]:
    """Medians in seconds over a clip of SECONDS at 1080p with sound."""
    clip = make_demo_clip(folder / "clip.mp4", seconds=SECONDS, size=(1920, 1080))
    examiner = Examiner(children=WarmChildren())
    work: dict[str, Callable[[], object]] = {
        BARE: lambda: _decode(clip, "DEFAULT"),
        "decode what an examination decodes": lambda: _decode(clip, "NONREF"),
        "fingerprints and sound": lambda: examiner.examine(clip, extractors=FINGERPRINTS),
        "everything": lambda: examiner.examine(clip, extractors=ALL),
        "everything, to search with": lambda: examiner.examine(clip, extractors=ALL | {QUERY_VARIANTS}),
    }
    with closing(examiner):
        for job in work.values():
            job()
        seconds = dict(zip(work, in_turns(list(work.values()), RUNS), strict=True))
    return {
        "seconds": seconds,
        "reach": REACH,
        "ratios": {name: round(s / seconds[BARE], 2) for name, s in seconds.items()},
    }


def _decode(clip: Path, skip: Literal["NONREF", "DEFAULT"]) -> None:
    """Those frames and the sound, with as many threads as an examination has."""
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "AUTO", DECODER_THREADS
        video.codec_context.skip_frame = skip
        for _ in container.decode(*container.streams):
            pass
