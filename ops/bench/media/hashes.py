"""What each method knows of a picture, and how near two pictures are by it: fewest bits between their codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import cv2
import faiss
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledger.media.fingerprints import frame_code
from ledger.media.frames import Pixels, fitted
from ledger.media.framings import QUALITY_MIN, mirrored, query_codes, reference_codes, unbarred
from ledger.media.local_features import POINTS_MAX, Points, features
from ops.bench.media import peers

Codes = NDArray[np.uint8]
FAR_BITS: Final = 91  # nothing is looked at beyond 90 of 256
_SIFT: Any = cv2.SIFT_create(POINTS_MAX)  # type: ignore[attr-defined]


def canonical(picture: Image.Image) -> Pixels:
    """As an examination sees it."""
    return np.asarray(picture.resize(fitted(*picture.size), Image.Resampling.BILINEAR))


@dataclass(frozen=True)
class Method:
    """`known` are the codes of a reference, `asked` of a query: each n x bytes. `bits` is the code's size."""

    name: str
    bits: int
    known: Callable[[Pixels], Codes]
    asked: Callable[[Pixels], Codes]


def _phash(pixels: Pixels, side: int) -> Codes:
    return np.packbits(imagehash.phash(Image.fromarray(pixels), hash_size=side).hash.ravel())[None]


def _dhash(pixels: Pixels, side: int) -> Codes:
    return np.packbits(imagehash.dhash(Image.fromarray(pixels), hash_size=side).hash.ravel())[None]


def _hex(codes: Sequence[str]) -> Codes:
    return np.frombuffer(bytes.fromhex("".join(codes)), np.uint8).reshape(-1, 32)


def _pdq(pixels: Pixels) -> Codes:
    code = frame_code(0, pixels)
    return _hex([code.pdq] if code.quality >= QUALITY_MIN else [])


def _pdq_variants(pixels: Pixels) -> Codes:
    inner = unbarred(pixels)
    parts = [pixels] if inner is None else [pixels, inner]
    return np.concatenate([_pdq(part) for one in parts for part in (one, mirrored(one))])


def _framed(pixels: Pixels) -> Codes:
    return _hex([code.pdq for code in reference_codes(0, pixels)])


def _framed_query(pixels: Pixels) -> Codes:
    return _hex([variant.code.pdq for variant in query_codes(0, pixels)])


_PHASH64, _PHASH256, _DHASH64 = partial(_phash, side=8), partial(_phash, side=16), partial(_dhash, side=8)
OURS: Final = Method("PDQ, framings of both sides", 256, _framed, _framed_query)
SIGNAL: Final = Method("threatexchange PdqSignal", 256, peers.pdq_signal, peers.pdq_signal)
_PEERS: Final = tuple(
    Method(f"{name}, 64 bits", 64, hashed, hashed) for name, hashed in peers.imagededup_hashes().items()
)
METHODS: Final = (
    Method("imagehash phash, 64 bits", 64, _PHASH64, _PHASH64),
    Method("imagehash dhash, 64 bits", 64, _DHASH64, _DHASH64),
    Method("imagehash phash, 256 bits", 256, _PHASH256, _PHASH256),
    *_PEERS,
    Method("PDQ", 256, _pdq, _pdq),
    *(() if "threatexchange" in peers.missing() else (SIGNAL,)),
    Method("PDQ, query mirrored and unbarred", 256, _pdq, _pdq_variants),
    OURS,
)


def points(pixels: Pixels) -> Points:
    return features(_SIFT, 0, pixels)


@dataclass(frozen=True)
class Near:
    """Pairs of a query and a reference with a code of each within FAR_BITS, and the fewest bits between them."""

    queries: NDArray[np.int64]
    references: NDArray[np.int64]
    bits: NDArray[np.int64]


def near(asked: Sequence[Codes], known: Sequence[Codes], bits: int) -> Near:
    """O(codes x codes), exact."""
    owners = np.repeat(np.arange(len(known)), [len(codes) for codes in known])
    askers = np.repeat(np.arange(len(asked)), [len(codes) for codes in asked])
    index = faiss.IndexBinaryFlat(bits)
    index.add(np.ascontiguousarray(np.concatenate(known)))
    queries, found = np.concatenate(asked), list[NDArray[np.int64]]()
    for start in range(0, len(queries), 256):
        limits, apart, rows = index.range_search(
            np.ascontiguousarray(queries[start : start + 256]), min(FAR_BITS, bits)
        )
        mine = askers[start + np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))]
        found.append(np.stack([mine, owners[rows], apart.astype(np.int64)]))
    mine, theirs, apart = np.concatenate(found, axis=1)
    order = np.lexsort((apart, theirs, mine))
    mine, theirs, apart = mine[order], theirs[order], apart[order]
    first = np.ones(len(mine), dtype=bool)
    first[1:] = (mine[1:] != mine[:-1]) | (theirs[1:] != theirs[:-1])
    return Near(mine[first], theirs[first], apart[first])
