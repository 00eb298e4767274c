"""One pass over the pictures of a file, shown to every consumer, that another process can go on with.

Every CHECKPOINT_FRAMES sampled frames (half a minute of video, some seconds of work) what the consumers and the sampler hold is
written to the sheet (`checkpoint`), and read back by the next look at the same file with the same extractors. A state made by
other versions of them is not used. Nothing is kept while one of them failed, or can't be gone on with (faces).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ledger.media.checkpoint import Sheet
from ledger.media.extraction import FrameConsumer, Looking, Resumable
from ledger.media.frames import Chooser, Coverage, sample_frames
from ledger.media.state import State, as_array, of_array, under, within

CHECKPOINT_FRAMES: Final = 60
_FORMAT: Final = "states/1"  # another one when a consumer's state changes its shape

Consumers = list[tuple[tuple[str, ...], FrameConsumer]]
"""Each with the names that it answers for."""
Failed = Callable[[Iterable[str], Exception], None]


@dataclass
class Watch:
    """`made_by` names every algorithm at work and its version, asked for when something is kept or was; without a `sheet`
    nothing is kept and nobody told."""

    looking: Looking
    consumers: Consumers
    coverage: Coverage
    sheet: Sheet | None
    made_by: Callable[[], str]

    def run(self, failed: Failed) -> None:
        """Shows the frames to all. A consumer that raises is out and told of; the others go on."""
        chooser, all_of_them = Chooser(), len(self.consumers)
        resumable = self.sheet is not None and self.looking.kind.kind != "still"
        if resumable:
            self._restore(chooser)
        for frame in sample_frames(self.looking.path, self.looking.kind, self.coverage, chooser):
            for one in list(self.consumers):
                try:
                    one[1].see(frame)
                except Exception as error:
                    self.consumers.remove(one)
                    failed(one[0], error)
            if self.sheet is not None:
                self.sheet.tell(frame.t_ms, self.coverage.total_ms)
            if resumable and self.coverage.frames % CHECKPOINT_FRAMES == 0 and len(self.consumers) == all_of_them:
                self._keep(chooser)

    def _keep(self, chooser: Chooser) -> None:
        whole = within("chooser", chooser.state())
        for names, consumer in self.consumers:
            if not isinstance(consumer, Resumable):
                return
            whole |= within(names[0], consumer.state())
        said = {"made_by": _FORMAT + self.made_by(), **vars(self.coverage)}
        target = io.BytesIO()
        parts: dict[str, Any] = {**whole, "coverage": as_array(said)}
        np.savez(target, allow_pickle=False, **parts)
        if self.sheet is not None:
            self.sheet.keep(target.getvalue())

    def _restore(self, chooser: Chooser) -> None:
        kept, consumers = self._kept(), [(names[0], one) for names, one in self.consumers if isinstance(one, Resumable)]
        if kept is None or len(consumers) < len(self.consumers):
            return
        chooser.restore(under("chooser", kept))
        for name, consumer in consumers:
            consumer.restore(under(name, kept))
        said = of_array(kept["coverage"])
        self.coverage.frames, self.coverage.until_ms = said["frames"], said["until_ms"]
        self.coverage.resumed_ms = (*said["resumed_ms"], said["until_ms"])

    def _kept(self) -> State | None:
        """What was kept, if the same versions made it."""
        if self.sheet is None or not self.sheet.number:
            return None
        try:
            with np.load(io.BytesIO(self.sheet.kept()), allow_pickle=False) as parts:
                kept = {name: parts[name] for name in parts.files}
            return kept if of_array(kept["coverage"])["made_by"] == _FORMAT + self.made_by() else None
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return None
