"""256-bit codes of canonical frames: PDQ with its quality, and a perceptual hash as the light fallback.

Both are 256 bits, compared by Hamming distance. PDQ at 31 bits or less is a copy; mirror, letterbox and crop are what it
misses, so a query also carries its frames mirrored and without bars. The unbarred frame is one more variant and never
replaces the frame itself: dark scenes look like bars.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from ledger.media.extraction import Extraction, Looking, ended
from ledger.media.findings import QUERY_VARIANTS, Finding, Fingerprints, FrameCode, VariantCode
from ledger.media.frames import SAMPLING, SIDE_PX, Coverage, Pixels, SampledFrame

PDQ_ALGORITHM: Final = f"pdq256@{SIDE_PX}px/{SAMPLING}"
PHASH_ALGORITHM: Final = f"phash256@{SIDE_PX}px/{SAMPLING}"
QUALITY_MIN: Final = 50  # below it a frame is too plain to vote alone (PDQ's own advice)
BAR_SPREAD_LEVELS: Final = 8  # a row belongs to a bar when its pixels, of 255, differ by no more (standard deviation)
BAR_STEP_LEVELS: Final = 10  # and its mean from the edge's by no more; compression noise stays below both
KEPT_PERMILLE_MIN: Final = 300  # less than this left in one direction is a dark picture, not a letterbox


def fingerprint_version() -> str:
    return f"pdqhash {version('pdqhash')}, imagehash {version('ImageHash')}"


def frame_code(t_ms: int, pixels: Pixels) -> FrameCode:
    """Both codes of one frame. `pixels` is height x width x 3, uint8, RGB."""
    bits, quality = pdqhash.compute(pixels)
    phash = imagehash.phash(Image.fromarray(pixels), hash_size=16)
    return FrameCode(t_ms, _hex(np.asarray(bits)), int(quality), _hex(phash.hash))


class FingerprintConsumer:
    """Codes of every frame, and the codes to search with when they are asked for."""

    def __init__(self, looking: Looking) -> None:
        self._asked = looking.asked
        self._frames: list[FrameCode] = []
        self._variants: list[VariantCode] = []

    def see(self, frame: SampledFrame) -> None:
        if QUERY_VARIANTS not in self._asked:
            self._frames.append(frame_code(frame.t_ms, frame.pixels))
            return
        variants = query_codes(frame.t_ms, frame.pixels)
        self._frames.append(variants[0].code)
        self._variants += variants

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        version = fingerprint_version()
        found.variants = tuple(self._variants)
        found.fingerprints = Fingerprints(PDQ_ALGORITHM, version, tuple(self._frames))
        usable = sum(frame.quality >= QUALITY_MIN for frame in self._frames)
        detail = ended(coverage) | {"usable_frames": usable}
        for name, algorithm in (("pdq", PDQ_ALGORITHM), ("phash256", PHASH_ALGORITHM)):
            if name in self._asked:
                found.add(Finding(name, algorithm, version, "found" if self._frames else "absent", detail))


def query_codes(t_ms: int, pixels: Pixels) -> list[VariantCode]:
    """The codes to search with, the frame's own first: the frame, mirrored, and both again without bars when it has some."""
    variants = {"plain": pixels, "mirrored": mirrored(pixels)}
    if (inner := unbarred(pixels)) is not None:
        variants |= {"unbarred": inner, "unbarred_mirrored": mirrored(inner)}
    return [VariantCode(name, frame_code(t_ms, variant)) for name, variant in variants.items()]


def mirrored(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def unbarred(pixels: Pixels) -> Pixels | None:
    """The frame without its even borders of any colour; None when it has none or too little would be left."""
    grey = pixels.astype(np.float32).mean(axis=2)
    top, bottom = _inner(grey)
    if top >= bottom:
        return None  # one even colour, all of it
    left, right = _inner(grey[top:bottom].T)
    if (bottom - top, right - left) == grey.shape:
        return None
    kept = min((bottom - top) * 1000 // grey.shape[0], (right - left) * 1000 // grey.shape[1])
    return np.ascontiguousarray(pixels[top:bottom, left:right]) if kept >= KEPT_PERMILLE_MIN else None


def hamming(one: str, other: str) -> int:
    """The number of bits in which two codes of 64 hex digits differ, 0 to 256."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _inner(grey: NDArray[Any]) -> tuple[int, int]:
    """(first, last + 1) row that is not part of an even border."""
    means, spreads = grey.mean(axis=1), grey.std(axis=1)
    first = _bar(means, spreads)
    return first, len(means) - _bar(means[::-1], spreads[::-1]) if first < len(means) else len(means)


def _bar(means: NDArray[Any], spreads: NDArray[Any]) -> int:
    """How many rows from the start are even and alike."""
    even = (spreads < BAR_SPREAD_LEVELS) & (np.abs(means - means[0]) < BAR_STEP_LEVELS)
    return len(even) if even.all() else int(np.argmin(even))


def _hex(bits: NDArray[Any]) -> str:
    """256 bits, first bit most significant, as 64 hex digits."""
    return np.packbits(bits.astype(bool).ravel()).tobytes().hex()
