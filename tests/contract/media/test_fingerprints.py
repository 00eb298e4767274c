"""Codes of frames, and the variants to search with."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ledger.media.findings import FRAME_CODES_MAX, QUERY_CODES_MAX, FrameCode
from ledger.media.fingerprints import frame_code, hamming
from ledger.media.frames import Pixels, fitted
from ledger.media.framings import mirrored, query_codes, reference_codes, unbarred
from ledger.media.media_type import UNKNOWN, media_type


@pytest.fixture
def picture() -> Pixels:
    image = Image.effect_mandelbrot((512, 288), (-2.0, -1.2, 0.8, 1.2), 40).convert("RGB")
    noise = np.random.default_rng(1).integers(0, 60, (288, 512, 3))
    return (np.asarray(image) // 2 + noise).astype(np.uint8)


@pytest.fixture
def shapes() -> Pixels:
    """Coloured fields with detail in them: other noise than a camera's would decide half of a code's bits."""
    chance = np.random.default_rng(2)
    fields = Image.fromarray(chance.integers(0, 256, (9, 16, 3), dtype=np.uint8)).resize(
        (512, 288), Image.Resampling.BICUBIC
    )
    detail = Image.fromarray(chance.integers(0, 60, (72, 128, 3), dtype=np.uint8)).resize((512, 288))
    return (np.asarray(fields) // 4 * 3 + np.asarray(detail)).astype(np.uint8)


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
    assert not [v for v in query_codes(0, picture) if "unbarred" in v.variant]
    assert list(query_codes(0, np.zeros((288, 512, 3), np.uint8))) == []  # too plain to vote


def nearest(query: Pixels, reference: Pixels, orientation: str = "upright") -> int:
    """Fewest bits between what the query is searched with and what the reference is found by."""
    asked = [v.code for v in query_codes(0, query) if v.variant.startswith(orientation + "/")]
    return min(hamming(one.pdq, other.pdq) for one in asked for other in reference_codes(0, reference))


def test_a_mirrored_copy_between_bars_is_found_by_its_variant(picture: Pixels) -> None:
    copy = barred(mirrored(picture), 0)
    assert nearest(copy, picture) > 60
    assert nearest(copy, picture, "mirrored") <= 31


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_copy_is_found_by_its_variant(shapes: Pixels, quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(shapes, k=quarters))
    assert nearest(turned, shapes, f"turned_{90 * (4 - quarters)}") <= 46  # a turn shifts PDQ by half a pixel of its 64
    assert nearest(turned, shapes) > 60


@pytest.mark.parametrize("part", [(0, 0, 0.67, 0.67), (0.25, 0.25, 0.75, 0.75), (0.34, 0, 0.66, 1)])
def test_a_crop_is_found_by_a_framing_of_the_reference(shapes: Pixels, part: tuple[float, ...]) -> None:
    left, top, right, bottom = (round(v * size) for v, size in zip(part, (512, 288, 512, 288), strict=True))
    crop = np.asarray(Image.fromarray(shapes[top:bottom, left:right]).resize(fitted(right - left, bottom - top)))
    assert hamming(frame_code(0, crop).pdq, frame_code(0, shapes).pdq) > 60
    assert nearest(crop, shapes) <= 31


@pytest.mark.parametrize("top", [0.0, 0.37])
def test_one_end_of_a_tall_picture_is_found(shapes: Pixels, top: float) -> None:
    tall = np.ascontiguousarray(np.rot90(shapes))
    end = Image.fromarray(tall[round(top * 512) : round((top + 0.63) * 512)])
    assert nearest(np.asarray(end.resize(fitted(*end.size))), tall) <= 46


def test_a_picture_inside_another_is_found_as_a_panel(shapes: Pixels) -> None:
    screen = np.full((512, 288, 3), 250, np.uint8)
    screen[120:282] = np.asarray(Image.fromarray(shapes).resize((288, 162)))
    assert nearest(screen, shapes) <= 46


def test_codes_of_parts_are_no_longer_than_what_an_answer_holds(picture: Pixels) -> None:
    assert len(list(reference_codes(0, picture))) <= 12
    assert len(list(reference_codes(0, np.ascontiguousarray(np.rot90(picture))))) <= FRAME_CODES_MAX
    assert len(list(query_codes(0, barred(picture, 0)))) <= QUERY_CODES_MAX
    assert all(isinstance(code, FrameCode) and code.phash256 == "" for code in reference_codes(0, picture))


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
