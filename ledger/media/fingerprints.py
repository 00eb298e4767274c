"""256-bit codes of canonical frames: PDQ with its quality, and a perceptual hash as the light fallback.

Both are 256 bits, compared by Hamming distance. PDQ at 31 bits or less is a copy; mirror, letterbox and crop are what it
misses: `framings` says what else of a frame is hashed.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from ledger.media import framings
from ledger.media.extraction import Extraction, Looking, Specs, ended
from ledger.media.findings import FRAMED_ALGORITHM, QUERY_VARIANTS, Finding, Fingerprints, FrameCode, VariantCode
from ledger.media.frames import SAMPLING, SIDE_PX, Coverage, Pixels, SampledFrame
from ledger.media.framings import packed
from ledger.media.state import State, as_array, of_array

PDQ_ALGORITHM: Final = f"pdq256@{SIDE_PX}px/{SAMPLING}"
PHASH_ALGORITHM: Final = f"phash256@{SIDE_PX}px/{SAMPLING}"


def fingerprint_version() -> str:
    return f"pdqhash {version('pdqhash')}, imagehash {version('ImageHash')}"


def specs() -> Specs:
    """pdq's names the framings too: they are hashed with it."""
    version = fingerprint_version()
    framed = f"{version}, {FRAMED_ALGORITHM}"
    return {"pdq": ((PDQ_ALGORITHM, framed),), "phash256": ((PHASH_ALGORITHM, version),)}


def frame_code(t_ms: int, pixels: Pixels) -> FrameCode:
    """Both codes of one frame. `pixels` is height x width x 3, uint8, RGB."""
    bits, quality = pdqhash.compute(pixels)
    phash = imagehash.phash(Image.fromarray(pixels), hash_size=16)
    return FrameCode(t_ms, packed(np.asarray(bits)), int(quality), packed(phash.hash))


class FingerprintConsumer:
    """Codes of every frame and of its framings, and the codes to search with when they are asked for."""

    def __init__(self, looking: Looking) -> None:
        self._asked = looking.asked
        self._frames: list[FrameCode] = []
        self._framed: list[FrameCode] = []
        self._variants: list[VariantCode] = []

    def see(self, frame: SampledFrame) -> None:
        self._frames.append(frame_code(frame.t_ms, frame.pixels))
        self._framed += framings.reference_codes(frame.t_ms, frame.pixels)
        if QUERY_VARIANTS in self._asked:
            self._variants += framings.query_codes(frame.t_ms, frame.pixels)

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        version = fingerprint_version()
        found.variants = tuple(self._variants)
        found.fingerprints = Fingerprints(PDQ_ALGORITHM, version, tuple(self._frames))
        found.framed = Fingerprints(FRAMED_ALGORITHM, version, tuple(self._framed))
        qualities = [frame.quality for frame in self._frames]
        usable = sum(quality >= framings.QUALITY_MIN for quality in qualities)
        detail = ended(coverage) | {"usable_frames": usable, "framings": len(self._framed)}
        detail |= {"quality_min": framings.QUALITY_MIN, "quality_median": int(np.median(qualities or [0]))}
        for name, (spec,) in specs().items():
            if name in self._asked:
                found.add(Finding(name, *spec, "found" if self._frames else "absent", detail))

    def state(self) -> State:
        frames, framed = ([code.as_json() for code in codes] for codes in (self._frames, self._framed))
        variants = [code.as_json() for code in self._variants]
        return {"frames": as_array(frames), "framed": as_array(framed), "variants": as_array(variants)}

    def restore(self, state: State) -> None:
        self._frames = [FrameCode.from_json(one) for one in of_array(state["frames"])]
        self._framed = [FrameCode.from_json(one) for one in of_array(state["framed"])]
        self._variants = [VariantCode.from_json(one) for one in of_array(state["variants"])]


def hamming(one: str, other: str) -> int:
    """The number of bits in which two codes of 64 hex digits differ, 0 to 256."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
