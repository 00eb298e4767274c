"""What extractors with a budget share: some frames kept evenly from a decode of unknown length, and pictures as evidence."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ledger.media.evidence import keep_content
from ledger.media.extraction import Extraction, finding
from ledger.media.frames import Coverage, Pixels, SampledFrame
from ledger.media.state import State, as_array, frames_of, of_array, of_frames

_QUALITY: Final = 80
_LINE: Final = (255, 0, 200)  # rare in pictures

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the canonical frame."""


class EvenFrames:
    """Keeps between `count` and twice as many frames, evenly spread over what was seen so far."""

    def __init__(self, count: int) -> None:
        self._count, self._stride, self._seen = count, 1, 0
        self._kept: list[SampledFrame] = []

    def see(self, frame: SampledFrame) -> None:
        if self._seen % self._stride == 0:
            self._kept.append(frame)
            if len(self._kept) > 2 * self._count:
                self._kept, self._stride = self._kept[::2], self._stride * 2
        self._seen += 1

    def state(self) -> State:
        return {**of_frames(self._kept), "counts": as_array([self._stride, self._seen])}

    def restore(self, state: State) -> None:
        self._kept, (self._stride, self._seen) = frames_of(state), of_array(state["counts"])

    def chosen(self) -> list[SampledFrame]:
        """At most `count`, evenly, the first and the last of those kept among them."""
        if len(self._kept) <= self._count:
            return list(self._kept)
        rows = np.linspace(0, len(self._kept) - 1, self._count).round().astype(int)
        return [self._kept[row] for row in rows]


def keep_evidence(found: Extraction, pixels: Pixels, boxes: list[Box]) -> str | None:
    """The SHA-256 of a JPEG of the frame with the boxes drawn in; None when there are enough of them."""
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    for left, top, width, height in boxes:
        pen.rectangle((left - 2, top - 2, left + width + 1, top + height + 1), outline=_LINE, width=2)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return keep_content(found.apart, stream.getvalue())


class NotAsked:
    """In the place of a consumer that has nothing to look for: loads no engine, keeps no frame."""

    def __init__(self, name: str, reason: str, do: str) -> None:
        self._said = finding(name, "not_checked", reason=reason, do=do)

    def see(self, frame: SampledFrame) -> None:
        pass

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        found.add(self._said)

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        pass
