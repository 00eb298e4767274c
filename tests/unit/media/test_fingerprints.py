"""Codes of frames, and the variants to search with."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ledger.media.fingerprints import frame_code, hamming, mirrored, query_codes, unbarred
from ledger.media.frames import Pixels, fitted
from ledger.media.media_type import UNKNOWN, media_type


@pytest.fixture
def picture() -> Pixels:
    image = Image.effect_mandelbrot((512, 288), (-2.0, -1.2, 0.8, 1.2), 40).convert("RGB")
    noise = np.random.default_rng(1).integers(0, 60, (288, 512, 3))
    return (np.asarray(image) // 2 + noise).astype(np.uint8)


def barred(picture: Pixels, level: int) -> Pixels:
    return np.pad(picture, ((40, 40), (0, 0), (0, 0)), constant_values=level)


def test_codes_are_256_bits_and_repeat(picture: Pixels) -> None:
    code = frame_code(0, picture)
    assert (len(code.pdq), len(code.phash256)) == (64, 64)
    assert code == frame_code(0, picture)
    assert 0 <= code.quality <= 100


def test_pdq_of_the_reference_bits_is_most_significant_first(picture: Pixels) -> None:
    import pdqhash

    bits, _ = pdqhash.compute(picture)
    assert frame_code(0, picture).pdq == f"{int(''.join(str(int(b)) for b in bits), 2):064x}"


@pytest.mark.parametrize("level", [0, 16, 255])
def test_bars_of_any_colour_are_removed(picture: Pixels, level: int) -> None:
    inner = unbarred(barred(picture, level))
    assert inner is not None
    assert hamming(frame_code(0, inner).pdq, frame_code(0, picture).pdq) <= 31


def test_a_picture_without_bars_and_a_black_one_stay_whole(picture: Pixels) -> None:
    assert unbarred(picture) is None
    assert unbarred(np.zeros((288, 512, 3), np.uint8)) is None
    assert [v.variant for v in query_codes(0, picture)] == ["plain", "mirrored"]


def test_a_mirrored_copy_is_found_by_its_variant(picture: Pixels) -> None:
    codes = {v.variant: v.code.pdq for v in query_codes(0, barred(mirrored(picture), 0))}
    reference = frame_code(0, picture).pdq
    assert hamming(codes["plain"], reference) > 60
    assert hamming(codes["unbarred_mirrored"], reference) <= 31


def test_canonical_frames_keep_their_shape() -> None:
    assert fitted(1920, 1080) == (512, 288)
    assert fitted(1080, 1920) == (288, 512)
    assert fitted(100, 100) == (512, 512)
    assert fitted(10_000, 1) == (512, 1)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x20ftypqt  ", "video/quicktime"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (b"\x1a\x45\xdf\xa3" + b"\x00" * 20 + b"webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3" + b"\x00" * 20, "video/x-matroska"),
        (b"#EXTM3U\n", UNKNOWN.name),
        (b"concat:a|b", UNKNOWN.name),
        (b"", UNKNOWN.name),
    ],
)
def test_types_come_from_leading_bytes(head: bytes, name: str) -> None:
    assert media_type(head).name == name
