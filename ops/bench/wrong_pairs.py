"""How far apart are codes of pictures that have nothing to do with each other? Counted over real media, published as data.

    python -m ops.bench.wrong_pairs FOLDER OUT.json

FOLDER holds media and a manifest.tsv with `path` and `label`: two files with different labels show different things. Stills
give their whole and their four quarters, clips their sampled frames; only codes that may vote count, and only pairs of
different labels. What comes out is the distribution that false-match rates are stated from (SPEC S16.5).
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ledger.media.fingerprints import PDQ_ALGORITHM, fingerprint_version, frame_code
from ledger.media.frames import Coverage, Pixels, sample_frames
from ledger.media.framings import QUALITY_MIN
from ledger.media.probe import sniff
from projections.index.port import CODE_BYTES

PICTURE_KINDS = frozenset({"image", "images", "faces", "faces_illustrated", "video"})
"""Kinds whose labels tell works apart; others in the corpus are variants of one picture or share pictures."""
QUARTER_PX_MIN = 256  # a quarter smaller than this is nobody's frame


def main(arguments: list[str]) -> None:
    folder, out = map(Path, arguments)
    found = measured(folder)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")
    print(f"{found['pairs']} wrong pairs of {found['codes']} codes, nearest {found['nearest_bits']} bits")


def measured(folder: Path) -> dict[str, Any]:
    rows = csv.DictReader((folder / "manifest.tsv").open(encoding="utf-8"), delimiter="\t")
    labels, codes = list[str](), list[bytes]()
    for row in rows:
        if row["kind"] in PICTURE_KINDS:
            new = set(_codes(folder / row["path"]))
            codes += new
            labels += [row["label"]] * len(new)
    counts = _histogram(np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(-1, CODE_BYTES), np.array(labels))
    return {
        "algorithm": PDQ_ALGORITHM,
        "version": fingerprint_version(),
        "source": f"{len(set(labels))} works of the project's corpus of real media: photographs, illustrations, clips",
        "codes": len(codes),
        "pairs": sum(counts.values()),
        "nearest_bits": min(counts),
        "histogram": {str(bits): counts[bits] for bits in sorted(counts)},
    }


def _codes(path: Path) -> Iterator[bytes]:
    for frame in sample_frames(path, sniff(path), Coverage()):
        for pixels in _parts(frame.pixels):
            code = frame_code(frame.t_ms, pixels)
            if code.quality >= QUALITY_MIN:
                yield bytes.fromhex(code.pdq)


def _parts(pixels: Pixels) -> Iterator[Pixels]:
    yield pixels
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    if min(height, width) >= QUARTER_PX_MIN // 2:
        for top in (0, height):
            for left in (0, width):
                yield np.ascontiguousarray(pixels[top : top + height, left : left + width])


def _histogram(codes: Any, labels: Any) -> Counter[int]:
    counts: Counter[int] = Counter()
    words = codes.view(np.uint64)
    for n in range(len(words) - 1):
        other = words[n + 1 :][labels[n + 1 :] != labels[n]]
        bits = np.bitwise_count(other ^ words[n]).sum(axis=1)
        counts.update(dict(enumerate(np.bincount(bits.astype(np.int64), minlength=257))))
    return Counter({bits: int(count) for bits, count in counts.items() if count})


if __name__ == "__main__":
    main(sys.argv[1:])
