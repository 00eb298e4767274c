"""Invisible watermarks: the port for engines, and a look with every engine that is installed.

None comes with this package (docs/media.md says why). A package offers one as an entry point in the group
`countersign.watermarks`: something that makes a `WatermarkEngine` when called. It runs in the fenced child, on frames as they
were decoded: scaling would take away what it looks for. Without any, nobody looked, and the finding is `not_checked`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from ledger.media.extraction import Extraction, Looking, finding
from ledger.media.findings import Finding, FindingState
from ledger.media.media_type import MediaType

if TYPE_CHECKING:  # a file without an engine to look at it costs no decoder
    from ledger.media.frames import Pixels

NAME: Final = "invisible_watermark"
GROUP: Final = "countersign.watermarks"
ENGINES_MAX: Final = 4
FRAMES_LOOKED: Final = 6  # one a second of the first six: a mark that is not there is nowhere
FRAMES_AGREE_MIN: Final = 2  # one frame alone may be chance; of a still there is one
PAYLOAD_CHARS_MAX: Final = 128


class WatermarkEngine(Protocol):
    """`algorithm` names everything that an answer depends on, model and payload length included; `version` its package's."""

    algorithm: str
    version: str

    def read(self, pixels: Pixels) -> str | None:
        """The payload in hex of one picture (height x width x 3, uint8, RGB), or None where it has no mark of this kind."""


@runtime_checkable
class WatermarkWriter(Protocol):
    """An engine that can also put a mark in: then the drift lab's own clip carries one."""

    def write(self, pixels: Pixels, payload: str) -> Pixels:
        """A copy with the payload (hex) in it."""


@dataclass
class _Look:
    engine: WatermarkEngine
    frames: int = 0
    payloads: Counter[str] = field(default_factory=Counter)
    broke: str | None = None

    def see(self, pixels: Pixels) -> None:
        if self.broke is not None:
            return
        try:
            payload = self.engine.read(pixels)
        except Exception as error:  # somebody else's engine on a stranger's picture
            self.broke = type(error).__name__
            return
        self.frames += 1
        if payload is not None:
            self.payloads[str(payload)[:PAYLOAD_CHARS_MAX]] += 1

    def as_json(self) -> dict[str, Any]:
        payload, times = self.payloads.most_common(1)[0] if self.payloads else (None, 0)
        state: FindingState = "found" if times >= min(FRAMES_AGREE_MIN, max(1, self.frames)) else "absent"
        if state != "found" and (self.broke is not None or not self.frames):
            state = "failed"
        said = {"algorithm": self.engine.algorithm, "version": self.engine.version, "state": state}
        broke = {"code": self.broke} if self.broke else {}
        return {**said, "payload": payload, "frames_looked": self.frames, "frames_agree": times, **broke}


def engines() -> tuple[WatermarkEngine, ...]:
    """Those that are installed, by name. One that can't be made raises what it raises."""
    found = sorted(entry_points(group=GROUP), key=lambda one: one.name)[:ENGINES_MAX]
    return tuple(one.load()() for one in found)


def specs() -> tuple[tuple[str, str], ...]:
    here = engines()
    return (_spec(here),) if here else ()


def run(looking: Looking, found: Extraction) -> None:
    """Adds the finding: `found` where an engine read a mark, `absent` only where every engine looked and none did."""
    here = engines()
    if not here:
        found.add(finding(NAME, "not_checked", reason="no_engine", do="see docs/media.md"))
        return
    looks = [_Look(engine) for engine in here]
    for pixels in _pictures(looking.path, looking.kind):
        for look in looks:
            look.see(pixels)
    rows = [look.as_json() for look in looks]
    states = [row["state"] for row in rows]
    state: FindingState = "found" if "found" in states else "failed" if "failed" in states else "absent"
    found.add(Finding(NAME, *_spec(here), state, {"engines": rows}))


def _spec(here: tuple[WatermarkEngine, ...]) -> tuple[str, str]:
    return "+".join(one.algorithm for one in here), "+".join(one.version for one in here)


def _pictures(path: Path, kind: MediaType) -> Iterator[Pixels]:
    """At most FRAMES_LOOKED, at their own size. Raises what opening and decoding raise."""
    import numpy as np

    from ledger.media.probe import UnsupportedMediaError, open_container, open_still

    if kind.kind == "still":
        with open_still(path) as image:
            yield np.asarray(image.convert("RGB"))
        return
    with open_container(path, kind) as container:
        if not container.streams.video:
            raise UnsupportedMediaError("no_video_stream")
        shown, due_s = 0, 0.0
        for frame in container.decode(container.streams.video[0]):
            if frame.time is not None and frame.time >= due_s:
                yield frame.to_ndarray(format="rgb24")
                shown, due_s = shown + 1, frame.time + 1.0
            if shown >= FRAMES_LOOKED:
                return
