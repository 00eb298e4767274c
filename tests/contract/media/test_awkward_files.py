"""Files that are fine to a viewer and awkward to a library: a phone's JPEG, deep greyscale, a still cut short, bare MP3."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from ledger.media.findings import Examination, FrameCode
from ledger.media.fingerprints import hamming
from ledger.media.sandbox import Examiner
from ledger.media.signing import Claim, ManifestSigner


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    chance = np.random.default_rng(7)
    shapes = Image.fromarray(chance.integers(0, 256, (12, 16, 3)).astype(np.uint8)).resize((640, 480))
    return Image.fromarray(np.clip(np.asarray(shapes) + chance.normal(0, 8, (480, 640, 3)), 0, 255).astype(np.uint8))


def only_frame(found: Examination) -> FrameCode:
    assert found.fingerprints is not None
    (frame,) = found.fingerprints.frames
    return frame


def test_a_phones_jpeg_with_a_preview_behind_it_is_one_picture_signed_or_not(
    picture: Image.Image, examiner: Examiner, signer: ManifestSigner, tmp_path: Path
) -> None:
    """Signing moves the preview away from the offset that the file gives for it; the picture itself is whole."""
    phone, signed = tmp_path / "phone.jpg", tmp_path / "signed.jpg"
    picture.save(phone, format="MPO", save_all=True, append_images=[picture.resize((160, 120))])
    signer.sign(phone, signed, Claim("A photograph", {"index": 1}))
    before, after = examiner.examine(phone), examiner.examine(signed)
    assert before.probe is not None and before.probe.media_type == "image/jpeg"
    assert after.c2pa.state == "trusted"
    assert only_frame(after) == only_frame(before)
    assert after.essence_sha256 == before.essence_sha256 is not None


def test_deep_greyscale_is_scaled_and_not_clipped_to_white(
    picture: Image.Image, examiner: Examiner, tmp_path: Path
) -> None:
    grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "deep.png")
    Image.fromarray(grey ^ 1).save(tmp_path / "other.png")  # lowest of sixteen bits: no eight-bit picture shows it
    picture.convert("L").save(tmp_path / "grey.png")
    deep, other, eight = (examiner.examine(tmp_path / f"{name}.png") for name in ("deep", "other", "grey"))
    assert hamming(only_frame(deep).pdq, only_frame(eight).pdq) <= 4
    assert deep.essence_sha256 != other.essence_sha256


@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_a_still_that_lost_its_end_is_compared_as_viewers_show_it(
    kind: str, picture: Image.Image, examiner: Examiner, tmp_path: Path
) -> None:
    whole, cut = tmp_path / f"whole.{kind}", tmp_path / f"cut.{kind}"
    picture.save(whole)
    cut.write_bytes(whole.read_bytes()[:-300])
    found = examiner.examine(cut)
    assert hamming(only_frame(found).pdq, only_frame(examiner.examine(whole)).pdq) <= 31
    assert found.finding("pdq").detail["ended_early"] == "cut_short"
    assert (found.essence_sha256, found.finding("essence").state) == (None, "failed")


def test_an_animation_that_breaks_off_keeps_the_pictures_before(
    picture: Image.Image, examiner: Examiner, tmp_path: Path
) -> None:
    path, small = tmp_path / "moving.gif", picture.resize((320, 240))
    small.save(path, save_all=True, append_images=[small.rotate(90), small.rotate(180)], duration=600)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = examiner.examine(path)
    assert found.fingerprints is not None
    assert 1 <= len(found.fingerprints.frames) < 3
    assert "ended_early" in found.finding("pdq").detail


def test_a_picture_that_moves_is_video_and_pages_are_not(
    picture: Image.Image, examiner: Examiner, tmp_path: Path
) -> None:
    small = picture.resize((64, 48))
    for name, medium in (("moving.gif", "video"), ("moving.webp", "video"), ("pages.tiff", "still")):
        small.save(tmp_path / name, save_all=True, append_images=[small.rotate(90)])
        assert examiner.examine(tmp_path / name).finding("probe").detail["medium"] == medium, name
    small.save(tmp_path / "one.gif")
    assert examiner.examine(tmp_path / "one.gif").finding("probe").detail["medium"] == "still"


@pytest.mark.parametrize("orientation", [2, 3, 5, 6, 7, 8])
def test_a_photograph_held_sideways_is_the_upright_picture(
    orientation: int, picture: Image.Image, examiner: Examiner, tmp_path: Path
) -> None:
    turns = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 5: "TRANSPOSE", 6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "upright.png")
    picture.transpose(Image.Transpose[turns[orientation]]).save(tmp_path / "held.png", exif=exif)
    upright, held = (examiner.examine(tmp_path / name) for name in ("upright.png", "held.png"))
    assert hamming(only_frame(held).pdq, only_frame(upright).pdq) <= 4
    assert held.essence_sha256 != upright.essence_sha256


def sound(path: Path, codec: str, rate: int, container: str) -> Path:
    """A second of a tone."""
    with av.open(str(path), "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=rate, layout="mono")
        for n in range(rate // 1024):
            tone = np.sin(np.arange(1024, dtype=np.float32) * 0.1)[None] / 3
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, n * 1024
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "rate", "container", "name"),
    [
        ("mp3", 44_100, "mp3", "audio/mpeg"),
        ("mp3", 24_000, "mp3", "audio/mpeg"),  # what speech generators send
        ("aac", 24_000, "adts", "audio/aac"),
        ("aac", 24_000, "mpegts", "video/mp2t"),
    ],
)
def test_sound_without_a_container_of_its_own_is_known_by_its_first_bytes(
    codec: str, rate: int, container: str, name: str, examiner: Examiner, tmp_path: Path
) -> None:
    path = sound(tmp_path / "sound", codec, rate, container)
    data = path.read_bytes()
    if data[:3] == b"ID3":  # tags say what follows; without them only the frame header does
        path.write_bytes(data[10 + int("".join(f"{byte:07b}" for byte in data[6:10]), 2) :])
    found = examiner.examine(path)
    assert found.probe is not None
    assert (found.probe.media_type, found.probe.streams[0].kind) == (name, "audio")
    assert found.finding("probe").detail == {"media_type": name, "medium": "audio"}  # also in a container for video
    assert found.finding("pdq").detail == {"code": "no_video_stream"}
    assert found.essence_sha256 is not None


def test_a_song_with_a_picture_of_its_sleeve_is_audio(picture: Image.Image, examiner: Examiner, tmp_path: Path) -> None:
    song, sleeve = sound(tmp_path / "song", "mp3", 44_100, "mp3").read_bytes(), io.BytesIO()
    picture.resize((64, 48)).save(sleeve, "JPEG")
    frame = b"\0image/jpeg\0\x03\0" + sleeve.getvalue()  # ID3v2.3 APIC: encoding, type, front cover, no words
    body = b"APIC" + len(frame).to_bytes(4, "big") + b"\0\0" + frame
    sevens = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    (tmp_path / "tagged").write_bytes(b"ID3\x03\0\0" + sevens + body + song[song.index(b"\xff\xfb") :])
    found = examiner.examine(tmp_path / "tagged")
    assert found.probe is not None and [stream.kind for stream in found.probe.streams] == ["audio", "cover"]
    assert found.finding("probe").detail["medium"] == "audio"
