"""Words in the picture: are required disclosures and disclaimers readable, from when and for how long; what else is there?

A few frames are read (RapidOCR, its models inside the package); how long a text stays is then measured by looking for its very
pixels in every sampled frame. Words are read, not understood: "not AI-generated" reads as "AI-generated", and a person decides.
The lines themselves may name people, so they are handed over as a blob and no entry of the log holds them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ledger.media.evidence import keep_content
from ledger.media.extraction import Extraction, Looking, ended, model_digest
from ledger.media.findings import Finding
from ledger.media.frames import SAMPLE_EVERY_MS, SIDE_PX, Coverage, SampledFrame
from ledger.media.looks import Box, EvenFrames, keep_evidence
from ledger.media.state import State, as_array, frames_of, of_array, of_frames, under, within
from ledger.media.wording import CONFIDENCE_MIN, Wanted, likeness, looks_like_a_claim

NAME: Final = "text"
ALGORITHM: Final = f"rapidocr-ppocrv6-small@{SIDE_PX}px"
FRAMES_READ: Final = 8  # a second or two each: what one core gives an import
OPENING_MS: Final = 1_000  # a text that has to be there from the beginning is there by then
OPENING_FRAMES: Final = 2  # of the frames read
FRAMES_MEASURED: Final = 240  # sampled frames, two minutes, in which a text is followed; 35 MB of grey
SAME_MIN: Final = (
    0.6  # correlation of a text's pixels with those of another frame that is the same text; others lie under .4
)
SHIFT_PX: Final = 6  # how far it may wander from one sample to the next
LIKENESS_MIN: Final = 85  # of 100: a letter in seven may be misread
LINES_KEPT_MAX: Final = 60

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Line:
    """One line of text: where, in which frame, how sure (permille)."""

    text: str
    t_ms: int
    score_permille: int
    box: Box


@functools.cache
def spec() -> tuple[str, str]:
    """(algorithm, version of the engine with the digest of its models, which lie inside the package)."""
    engine = f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}"
    package = find_spec("rapidocr")  # found, not imported: whoever only asks what it is loads no engine
    models = sorted(Path(package.origin or "").parent.glob("models/*.onnx")) if package else []
    return ALGORITHM, f"{engine}, {model_digest(models)}"


class TextConsumer:
    """`options`: {"wanted": [{"criterion", "source", "text", "opening", "seconds_min"}]}."""

    def __init__(self, looking: Looking) -> None:
        self._wanted = [Wanted.from_json(one) for one in looking.options.get(NAME, {}).get("wanted", [])]
        self._even, self._opening = EvenFrames(FRAMES_READ - OPENING_FRAMES), list[SampledFrame]()
        self._greys: list[tuple[int, Grey]] = []

    def see(self, frame: SampledFrame) -> None:
        if frame.t_ms <= OPENING_MS and len(self._opening) < OPENING_FRAMES:
            self._opening.append(frame)
        else:
            self._even.see(frame)
        if len(self._greys) < FRAMES_MEASURED:
            grey: Any = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY)
            self._greys.append((frame.t_ms, grey))

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        frames = [*self._opening, *self._even.chosen()]
        read = [(frame, _read(frame)) for frame in frames]
        lines = [line for _, some in read for line in some]
        detail = ended(coverage) | {
            "read_ms": [frame.t_ms for frame in frames],
            "resolution_ms": SAMPLE_EVERY_MS,
            "threshold": LIKENESS_MIN,
            "wanted": [self._judged(found, one, read) for one in self._wanted],
            **_listed(found, lines),
        }
        found.add(Finding(NAME, *spec(), "found" if lines else "absent", detail))

    def state(self) -> State:
        greys = {f"g{n}": grey for n, (_, grey) in enumerate(self._greys)}
        times = as_array([t_ms for t_ms, _ in self._greys])
        kept = within("even", self._even.state()) | within("opening", of_frames(self._opening))
        return {**kept, **greys, "times": times}

    def restore(self, state: State) -> None:
        self._even.restore(under("even", state))
        self._opening = frames_of(under("opening", state))
        self._greys = [(t_ms, state[f"g{n}"]) for n, t_ms in enumerate(of_array(state["times"]))]

    def _judged(self, found: Extraction, wanted: Wanted, read: list[tuple[SampledFrame, list[Line]]]) -> dict[str, Any]:
        """Whether the text is there as it has to be: met, not_met, unclear (between two samples), or unread."""
        said: dict[str, Any] = wanted.as_json()
        scored = [(likeness(wanted.text, [line.text for line in some]), frame, some) for frame, some in read if some]
        best = max((one[0].score for one in scored), default=0)
        seen = [one for one in scored if one[0].score >= LIKENESS_MIN]
        said["score"] = best
        if not seen:
            return said | {"outcome": "not_met"}
        match, frame, lines = max(seen, key=lambda one: one[0].score)
        box = _around([lines[row].box for row in match.rows])
        first, last = self._on_screen(frame, box)
        first, last = min(first, seen[0][1].t_ms), max(last, frame.t_ms)
        said |= {"first_ms": first, "last_ms": last, "on_screen_ms": last - first}
        said["evidence"] = {"t_ms": frame.t_ms, "sha256": keep_evidence(found, frame.pixels, [box])}
        return said | {
            "outcome": wanted.outcome(first, last - first, SAMPLE_EVERY_MS, OPENING_MS, len(self._greys) == 1)
        }

    def _on_screen(self, frame: SampledFrame, box: Box) -> tuple[int, int]:
        """First and last instant of the run of samples around the frame that show the same pixels there."""
        at = next((n for n, (t_ms, _) in enumerate(self._greys) if t_ms == frame.t_ms), None)
        if at is None:
            return frame.t_ms, frame.t_ms
        return self._greys[self._followed(at, box, -1)][0], self._greys[self._followed(at, box, 1)][0]

    def _followed(self, at: int, box: Box, step: int) -> int:
        left, top, width, height = box
        patch = self._greys[at][1][top : top + height, left : left + width]
        while 0 <= at + step < len(self._greys):
            grey = self._greys[at + step][1]
            y, x = max(0, top - SHIFT_PX), max(0, left - SHIFT_PX)
            around = grey[y : top + height + SHIFT_PX, x : left + width + SHIFT_PX]
            fits = cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
            if not float(np.nan_to_num(fits, posinf=0, neginf=0).max()) >= SAME_MIN:
                break
            at += step
        return at


def _engine() -> Any:
    """Loaded once a process; threads of its own would only be killed by the limits."""
    from rapidocr import RapidOCR

    threads = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", "Global.use_cls": False, **threads})


_ENGINES: list[Any] = []


def _read(frame: SampledFrame) -> list[Line]:
    """The lines of a frame, from top to bottom."""
    if not _ENGINES:
        _ENGINES.append(_engine())
    result = _ENGINES[0](np.ascontiguousarray(frame.pixels[:, :, ::-1]))
    if result.boxes is None or not result.txts:
        return []
    height, width = frame.pixels.shape[:2]
    found = [
        Line(str(text)[:300], frame.t_ms, round(1000 * float(score)), _box(corners, width, height))
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if float(score) >= CONFIDENCE_MIN
    ]
    return sorted(found, key=lambda line: (line.box[1], line.box[0]))


def _box(corners: Any, width: int, height: int) -> Box:
    """The upright box around four corners, inside the frame and never empty."""
    points = np.asarray(corners, dtype=np.float64)
    left, top = (int(v) for v in np.clip(np.floor(points.min(axis=0)), 0, (width - 1, height - 1)))
    right, bottom = (int(v) for v in np.clip(np.ceil(points.max(axis=0)), (left + 1, top + 1), (width, height)))
    return left, top, right - left, bottom - top


def _around(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def _listed(found: Extraction, lines: list[Line]) -> dict[str, Any]:
    """Each different line once, as a blob; the detail counts them."""
    different = list({line.text: line for line in reversed(lines)}.values())[::-1][:LINES_KEPT_MAX]
    rows = [
        {
            "text": one.text,
            "t_ms": one.t_ms,
            "score_permille": one.score_permille,
            "claim": looks_like_a_claim(one.text),
        }
        for one in different
    ]
    if not rows:
        return {"lines": 0, "claims": 0}
    sha256 = keep_content(found.apart, json.dumps({"lines": rows}, ensure_ascii=False).encode())
    return {"lines": len(rows), "claims": sum(bool(row["claim"]) for row in rows), "lines_sha256": sha256}
