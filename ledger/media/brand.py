"""Is the picture in the brand's colours, is its logo there? Held against the criteria of style kits, each named in the answer.

Palette: the share of each frame's pixels that lie within the kit's ΔE00 of one of its colours; the median frame counts. Logo:
local features (SIFT) that agree on one place, size and turn. Both say what they measured; if it is on brand, a person says.
"""

from __future__ import annotations

import base64
import io
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledger.media.colour import difference, lab_of
from ledger.media.extraction import Extraction, Looking, ended
from ledger.media.findings import Finding, FindingState
from ledger.media.frames import SIDE_PX, Coverage, SampledFrame
from ledger.media.looks import Box, EvenFrames, keep_evidence
from ledger.media.state import State

NAME: Final = "brand"
ALGORITHM: Final = f"ciede2000@64px+sift-ransac@{SIDE_PX}px"
FRAMES_LOOKED: Final = 6
PALETTE_SIDE_PX: Final = 64  # a frame's colours, not its details
INLIERS_MIN: Final = 10  # FORMATS 8: every edit but strong blur has as many, and unrelated pictures fewer
RATIO_MAX: Final = 0.75  # Lowe's: the best match has to be that much nearer than the second best
REPROJECTION_PX: Final = 3.0
SCALE_RANGE: Final = (0.05, 4.0)  # of the logo in the frame to the logo as given; beyond it agreement is chance
LOGO_SIDE_PX: Final = 400  # larger ones are made smaller: features of a size that frames have
LOGO_PIXELS_MAX: Final = 16 * 2**20


def spec() -> tuple[str, str]:
    return ALGORITHM, f"opencv {cv2.__version__}"


class BrandConsumer:
    """`options`: {"kits": [{"kit", "version", "palette" or null, "logos": [{"id", "sha256", "image": base64 or null}]}]}."""

    def __init__(self, looking: Looking) -> None:
        self._kits: list[dict[str, Any]] = looking.options[NAME]["kits"]
        self._frames = EvenFrames(FRAMES_LOOKED)

    def see(self, frame: SampledFrame) -> None:
        self._frames.see(frame)

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        frames, criteria = self._frames.chosen(), list[dict[str, Any]]()
        for kit in self._kits:
            cited = {"kit": kit["kit"], "version": kit["version"]}
            if kit["palette"]:
                criteria.append(cited | _palette(found, kit["palette"], frames))
            criteria += [cited | _logo(found, logo, frames) for logo in kit["logos"]]
        outcomes = {one["outcome"] for one in criteria}
        state: FindingState = "found" if "met" in outcomes else "absent"
        if "not_checked" in outcomes and state == "absent":
            state = "not_checked"
        detail = ended(coverage) | {"frames_looked": len(frames), "criteria": criteria}
        found.add(Finding(NAME, *spec(), state, detail))

    def state(self) -> State:
        return self._frames.state()

    def restore(self, state: State) -> None:
        self._frames.restore(state)


def _palette(found: Extraction, asked: dict[str, Any], frames: list[SampledFrame]) -> dict[str, Any]:
    said = {"criterion": asked["id"], "kind": "palette", "delta_e_tenths_max": asked["delta_e_tenths_max"]}
    said |= {"threshold_permille": asked["share_permille_min"]}
    kit = lab_of(np.array([[int(rgb[n : n + 2], 16) for n in (1, 3, 5)] for rgb in asked["colours"]]))
    looked = [(frame, *within(frame.pixels, kit, asked["delta_e_tenths_max"] / 10)) for frame in frames]
    if not looked:
        return said | {"outcome": "not_checked", "reason": "no_frames"}
    shares = [share for _, share, _ in looked]
    score = round(1000 * float(np.median(shares)))
    worst, _, stray = min(looked, key=lambda one: one[1])
    said |= {"score_permille": score, "outcome": "met" if score >= asked["share_permille_min"] else "not_met"}
    said |= {"lowest_permille": round(1000 * min(shares)), "stray_rgb": stray}
    return said | {"evidence": {"t_ms": worst.t_ms, "sha256": keep_evidence(found, worst.pixels, [])}}


def within(pixels: NDArray[np.uint8], kit: NDArray[np.float64], delta_e: float) -> tuple[float, str | None]:
    """(share of the pixels that are near a colour of the kit, the mean of those that are not as #rrggbb)."""
    small = cv2.resize(pixels, (PALETTE_SIDE_PX, PALETTE_SIDE_PX), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    nearest = difference(lab_of(small)[:, None, :], kit[None, :, :]).min(axis=1)
    stray = small[nearest > delta_e]
    mean = None if not len(stray) else "#" + "".join(f"{round(float(level)):02x}" for level in stray.mean(axis=0))
    return 1 - len(stray) / len(small), mean


def _logo(found: Extraction, asked: dict[str, Any], frames: list[SampledFrame]) -> dict[str, Any]:
    said = {"criterion": asked["id"], "kind": "logo", "sha256": asked["sha256"], "threshold": INLIERS_MIN}
    if asked["image"] is None:
        return said | {"outcome": "not_checked", "reason": "logo_missing"}
    sift = cv2.SIFT_create()  # type: ignore[attr-defined]
    points, features = sift.detectAndCompute(_grey(base64.b64decode(asked["image"])), None)
    if features is None or len(points) < INLIERS_MIN:
        return said | {"outcome": "not_checked", "reason": "logo_too_plain"}
    places = [(frame, *_place(sift, points, features, frame)) for frame in frames]
    inliers = [count for _, count, _ in places]
    said |= {"score": max(inliers, default=0), "frames_found": sum(count >= INLIERS_MIN for count in inliers)}
    if said["score"] < INLIERS_MIN:
        return said | {"outcome": "not_met"}
    frame, _, box = max(places, key=lambda one: one[1])
    evidence = {"t_ms": frame.t_ms, "sha256": keep_evidence(found, frame.pixels, [box] if box else [])}
    return said | {"outcome": "met", "box": list(box or ()), "evidence": evidence}


def _place(sift: Any, points: Any, features: Any, frame: SampledFrame) -> tuple[int, Box | None]:
    """(features that agree on one place, the box around them)."""
    seen, described = sift.detectAndCompute(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), None)
    if described is None or len(seen) < 2:
        return 0, None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(features, described, k=2)
    good = [best for best, second in pairs if best.distance < RATIO_MAX * second.distance]
    if len(good) < INLIERS_MIN:
        return len(good), None
    there = np.array([seen[one.trainIdx].pt for one in good], dtype=np.float32)
    here = np.array([points[one.queryIdx].pt for one in good], dtype=np.float32)
    cv2.setRNGSeed(0)  # RANSAC draws: the same file gives the same finding
    turn, agree = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=REPROJECTION_PX)
    if turn is None or not SCALE_RANGE[0] <= float(np.hypot(turn[0, 0], turn[1, 0])) <= SCALE_RANGE[1]:
        return 0, None
    inside = there[agree.ravel().astype(bool)]
    distinct = np.unique(inside.round().astype(int), axis=0)  # many features on one spot agree on anything
    left, top = inside.min(axis=0)
    right, bottom = inside.max(axis=0)
    return len(distinct), (int(left), int(top), int(right - left) + 1, int(bottom - top) + 1)


def _grey(content: bytes) -> NDArray[np.uint8]:
    """The logo on mid-grey where it is transparent, at most LOGO_SIDE_PX. Raises ValueError, OSError."""
    image = Image.open(io.BytesIO(content))
    if image.width * image.height > LOGO_PIXELS_MAX:
        raise ValueError("a logo is no poster")
    whole = Image.new("RGBA", image.size, (128, 128, 128, 255))
    whole.alpha_composite(image.convert("RGBA"))
    whole.thumbnail((LOGO_SIDE_PX, LOGO_SIDE_PX))
    return np.asarray(whole.convert("L"))
