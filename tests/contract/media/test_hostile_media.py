"""Media that lies, overreaches or is merely strange: each has a typed outcome within bounds, and silence is never one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from ledger.media.children import WarmChildren
from ledger.media.findings import ALL, Examination
from ledger.media.fingerprints import hamming
from ledger.media.sandbox import Examiner
from ops.bench.media.mutants import LIMITS, judge, mutants, sources

LOOKED = frozenset({"digest", "probe", "pdq", "local_features", "essence"})


@pytest.fixture(scope="module")
def quick() -> Iterator[Examiner]:
    examiner = Examiner(limits=LIMITS, children=WarmChildren())
    yield examiner
    examiner.close()


@pytest.fixture(scope="module")
def fields() -> Image.Image:
    chance = np.random.default_rng(2)
    picture = Image.fromarray(chance.integers(0, 256, (9, 16, 3), dtype=np.uint8))
    return picture.resize((320, 192), Image.Resampling.BICUBIC)


def film(target: Path, pictures: list[Image.Image], at: list[float], **options: Any) -> Path:
    """An H.264 clip with each picture at its second."""
    with av.open(str(target), "w", options=options.get("container", {})) as output:
        stream: Any = output.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = options.get("pix_fmt", "yuv420p")
        stream.options = {"bf": "0", "preset": "veryfast"}  # frames that no other needs are not decoded
        if options.get("hdr"):
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if "rotation" in options:
            stream.set_display_rotation(options["rotation"])
        for picture, second in zip(pictures, at, strict=True):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(second * 1000), Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target


def frames(found: Examination) -> list[str]:
    assert found.fingerprints is not None
    return [frame.pdq for frame in found.fingerprints.frames]


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_ten_thousand_million_pixels_are_refused_by_name(quick: Examiner, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(png(100_000, 100_000))
    found = quick.examine(tmp_path / "huge.png", extractors=LOOKED)
    assert {found.finding(name).detail["code"] for name in ("probe", "pdq", "local_features")} == {"too_many_pixels"}


def test_ten_hours_of_one_picture_are_looked_at_up_to_the_bound(
    quick: Examiner, fields: Image.Image, tmp_path: Path
) -> None:
    clip = film(tmp_path / "long.mp4", [fields] * 4, [0, 1, 2, 36_000])
    found = quick.examine(clip, extractors=LOOKED)
    assert (found.finding("pdq").state, found.finding("pdq").detail["ended_early"]) == ("found", "over_bound")
    assert found.finding("pdq").detail["until_ms"] == 2000


def test_a_clip_without_a_frame_has_failed_and_is_not_clean(
    quick: Examiner, fields: Image.Image, tmp_path: Path
) -> None:
    fragments = {"movflags": "empty_moov+frag_keyframe"}
    whole = film(tmp_path / "whole.mp4", [fields] * 4, [0, 1, 2, 3], container=fragments).read_bytes()
    (tmp_path / "none.mp4").write_bytes(whole[: whole.index(b"moof") - 4])  # its head, which names a video stream
    found = quick.examine(tmp_path / "none.mp4", extractors=LOOKED)
    assert found.probe is not None and found.probe.medium == "video"
    for name in ("pdq", "local_features"):
        assert (found.finding(name).state, found.finding(name).detail) == ("failed", {"code": "no_frames"})


def test_a_variable_frame_rate_keeps_its_instants(quick: Examiner, fields: Image.Image, tmp_path: Path) -> None:
    other = Image.fromarray(255 - np.asarray(fields))
    clip = film(tmp_path / "variable.mkv", [fields, fields, other, fields], [0, 0.04, 0.9, 3.3])
    found = quick.examine(clip, extractors=LOOKED).fingerprints
    assert found is not None
    assert [frame.t_ms for frame in found.frames] == [0, 900, 3300]


@pytest.mark.parametrize("degrees", [37, 180, -90])
def test_any_rotation_is_a_number_and_not_a_crash(
    quick: Examiner, fields: Image.Image, tmp_path: Path, degrees: int
) -> None:
    found = quick.examine(film(tmp_path / "turned.mp4", [fields] * 2, [0, 1], rotation=degrees), extractors=LOOKED)
    assert found.finding("pdq").state == "found"


def test_ten_bits_a_channel_look_like_eight(quick: Examiner, fields: Image.Image, tmp_path: Path) -> None:
    deep = film(tmp_path / "deep.mp4", [fields] * 2, [0, 1], pix_fmt="yuv420p10le")
    plain = film(tmp_path / "plain.mp4", [fields] * 2, [0, 1])
    pairs = zip(
        frames(quick.examine(deep, extractors=LOOKED)), frames(quick.examine(plain, extractors=LOOKED)), strict=True
    )
    assert max(hamming(one, other) for one, other in pairs) <= 10


def test_a_picture_that_lies_in_its_transparency_alone_is_seen(
    quick: Examiner, fields: Image.Image, tmp_path: Path
) -> None:
    """Black everywhere, more or less opaque: a page shows a picture, the colours alone show nothing."""
    grey = fields.convert("L")
    hidden = Image.merge("LA", (Image.new("L", grey.size, 0), grey.point(lambda level: 255 - level)))
    hidden.save(tmp_path / "hidden.png")
    grey.save(tmp_path / "grey.png")
    (one,), (other,) = (
        frames(quick.examine(tmp_path / f"{name}.png", extractors=LOOKED)) for name in ("hidden", "grey")
    )
    assert hamming(one, other) <= 4


def test_printers_colours_look_like_the_screens(quick: Examiner, fields: Image.Image, tmp_path: Path) -> None:
    fields.convert("CMYK").save(tmp_path / "printed.jpg", quality=95)
    fields.save(tmp_path / "screen.jpg", quality=95)
    (one,), (other,) = (frames(quick.examine(tmp_path / f"{n}.jpg", extractors=LOOKED)) for n in ("printed", "screen"))
    assert hamming(one, other) <= 31


@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (1, 2000)])
def test_a_line_or_a_point_is_looked_at_and_never_votes(quick: Examiner, tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, "red").save(tmp_path / "point.png")
    found = quick.examine(tmp_path / "point.png", extractors=LOOKED)
    assert (found.finding("pdq").state, found.finding("pdq").detail["usable_frames"]) == ("found", 0)
    assert (found.finding("local_features").state, found.features) == ("absent", b"")


def test_too_many_streams_are_refused_by_name(quick: Examiner, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "many.mkv"), "w") as output:
        streams: list[Any] = [output.add_stream("pcm_s16le", rate=8_000, layout="mono") for _ in range(120)]
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 80), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8_000
        for stream in streams:
            output.mux(stream.encode(frame))
    found = quick.examine(tmp_path / "many.mkv", extractors=LOOKED)
    assert {found.finding(name).detail["code"] for name in ("probe", "pdq")} == {"too_many_streams"}


def ebml(identifier: str, data: bytes) -> bytes:
    return bytes.fromhex(identifier) + (len(data) | 1 << 56).to_bytes(8, "big") + data


def test_thousands_of_streams_are_refused_by_name(quick: Examiner, tmp_path: Path) -> None:
    """Matroska that names five thousand tracks and holds one sample of the first."""
    heard = ebml("e1", ebml("b5", struct.pack(">f", 8_000)) + ebml("9f", b"\1"))
    tracks = (
        ebml("ae", ebml("d7", n.to_bytes(2, "big")) + ebml("73c5", n.to_bytes(2, "big")) + ebml("83", b"\2")
             + ebml("86", b"A_PCM/INT/LIT") + heard)
        for n in range(1, 5_001)
    )  # fmt: skip
    head = ebml("1a45dfa3", ebml("4282", b"matroska"))
    cluster = ebml("1f43b675", ebml("e7", b"\0") + ebml("a3", b"\x81\0\0\x80\0\0"))
    (tmp_path / "thousands.mkv").write_bytes(head + ebml("18538067", ebml("1654ae6b", b"".join(tracks)) + cluster))
    found = quick.examine(tmp_path / "thousands.mkv", extractors=LOOKED)
    assert {
        (found.finding(name).state, found.finding(name).detail["code"]) for name in ("probe", "pdq", "essence")
    } == {("failed", "too_many_streams")}


@pytest.mark.parametrize("part", [0.9, 0.5, 0.2])
def test_a_clip_that_lost_its_end_says_how_far_it_was_seen_or_that_it_was_not(
    quick: Examiner, fields: Image.Image, tmp_path: Path, part: float
) -> None:
    """Matroska keeps what came before; an MP4 whose index stood at the end has lost all of it."""
    turned = [fields.rotate(n * 40) for n in range(8)]
    for name in ("cut.mkv", "cut.mp4"):
        whole = film(tmp_path / name, turned, [float(n) for n in range(8)]).read_bytes()
        (tmp_path / name).write_bytes(whole[: int(len(whole) * part)])
        found = quick.examine(tmp_path / name, extractors=LOOKED).finding("pdq")
        if found.state == "found":
            assert found.detail["until_ms"] < 7_000
        else:
            assert found.state == "failed" and found.detail["code"]


def test_a_header_that_promises_more_than_there_is_is_believed_in_nothing(quick: Examiner, tmp_path: Path) -> None:
    """Four gigabytes of sound in four kilobytes; a picture taller than its rows; sound that calls itself a picture."""
    form = struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16)
    sound = b"RIFF" + b"\xff" * 4 + b"WAVEfmt " + form + b"data" + b"\xf0" + b"\xff" * 3 + bytes(4_000)
    (tmp_path / "sound.wav").write_bytes(sound)
    (tmp_path / "tall.png").write_bytes(png(900, 900))
    (tmp_path / "picture.jpg").write_bytes(sound)
    heard, tall, named = (
        quick.examine(tmp_path / name, extractors=LOOKED) for name in ("sound.wav", "tall.png", "picture.jpg")
    )
    assert heard.probe is not None and heard.probe.medium == "audio" and (heard.probe.duration_ms or 0) < 1_000
    assert (tall.finding("pdq").detail["ended_early"], tall.finding("essence").state) == ("cut_short", "failed")
    assert named.probe is not None and named.probe.media_type == heard.probe.media_type == "audio/wav"
    assert heard.finding("pdq").detail == named.finding("pdq").detail == {"code": "no_video_stream"}


def test_bright_and_wide_colours_are_looked_at_like_any_other(
    quick: Examiner, fields: Image.Image, tmp_path: Path
) -> None:
    """HDR as phones write it: ten bits, BT.2020, the PQ curve."""
    found = quick.examine(
        film(tmp_path / "hdr.mp4", [fields] * 2, [0, 1], pix_fmt="yuv420p10le", hdr=True), extractors=LOOKED
    )
    plain = quick.examine(film(tmp_path / "plain.mp4", [fields] * 2, [0, 1]), extractors=LOOKED)
    assert found.finding("pdq").state == "found" and found.finding("pdq").detail["usable_frames"] == 2
    assert hamming(frames(found)[0], frames(plain)[0]) <= 31


def test_broken_files_of_every_kind_answer_as_they_must(quick: Examiner, tmp_path: Path) -> None:
    """A sample; `make bench-media` tries three thousand."""
    wrong = [
        f"{job[0]}: {said[2]}"
        for job in mutants(sources(tmp_path / "sources"), 52, seed=8)
        if (said := partial(judge, quick, tmp_path)(job))[2]
    ]
    assert wrong == []
    assert "local_features" in ALL
