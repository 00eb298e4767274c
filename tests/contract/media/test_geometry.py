"""How was one picture made of another? Real photographs under real edits, and what must not be taken for the same."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.media.c2pa_report import C2paReport
from ledger.media.extraction import Extraction, Looking
from ledger.media.findings import LOCAL_FEATURES
from ledger.media.frames import Coverage, SampledFrame, fitted
from ledger.media.geometry import PLACES_MIN, compare
from ledger.media.local_features import (
    KEY_FRAMES_MAX,
    MAGIC,
    POINTS_MAX,
    FeatureConsumer,
    Points,
    features,
    pack,
    unpack,
)
from ledger.media.media_type import MediaType
from ops.bench.media.edits import EDITS, bordered, cropped

cv2 = pytest.importorskip("cv2", reason="extra vision")
skimage = pytest.importorskip("skimage", reason="its photographs")
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"


def photograph(name: str) -> Image.Image:
    return Image.open(PHOTOGRAPHS / name).convert("RGB")


def seen(picture: Image.Image) -> Points:
    sift = cv2.SIFT_create(POINTS_MAX)
    return features(sift, 0, np.asarray(picture.resize(fitted(*picture.size))))


@pytest.fixture(scope="module")
def cat() -> Points:
    return seen(photograph("chelsea.png"))


def test_a_crop_is_found_with_its_box(cat: Points) -> None:
    found = compare(seen(cropped(photograph("chelsea.png"), 0.35, 0.0, 1.0, 0.65)), cat)
    assert found is not None and found.places >= PLACES_MIN
    assert not found.mirrored and abs(found.rotation_deg) <= 1
    assert found.crop_permille == pytest.approx((350, 0, 1000, 650), abs=15)
    assert found.scale_permille == pytest.approx(1000 / 0.65, rel=0.03)


@pytest.mark.parametrize(
    ("edit", "degrees", "mirrored"),
    [("mirrored", 0, True), ("turned 90°", 90, False), ("turned 180°", 180, False), ("tilted 3°", 3, False)],
)
def test_turns_and_mirrors_are_told_apart(cat: Points, edit: str, degrees: int, mirrored: bool) -> None:
    found = compare(seen(EDITS[edit](photograph("chelsea.png"))), cat)
    assert found is not None
    assert (found.mirrored, abs(found.rotation_deg)) == (mirrored, pytest.approx(degrees, abs=1))


def test_a_border_leaves_the_whole_picture_in_the_box(cat: Points) -> None:
    found = compare(seen(bordered(photograph("chelsea.png"), 0.1, "white")), cat)
    assert found is not None and found.crop_permille == (0, 0, 1000, 1000)
    assert found.scale_permille < 1000


def test_another_picture_has_no_map(cat: Points) -> None:
    for name in ("coffee.png", "astronaut.png", "motorcycle_left.png", "page.png"):
        assert compare(seen(photograph(name)), cat) is None


def test_a_shared_logo_is_not_a_shared_picture() -> None:
    """A detailed one, a fifth as wide as the pictures: enough places agree, but only in that corner."""
    logo = photograph("motorcycle_left.png").resize((260, 180))
    pictures = [photograph(name).resize((900, 600)) for name in ("chelsea.png", "coffee.png")]
    for picture in pictures:
        picture.paste(logo, (630, 10))
    one, other = map(seen, pictures)
    assert compare(one, other) is None
    assert compare(seen(pictures[0].crop((600, 0, 900, 200))), other) is not None


def test_a_plain_picture_has_nothing_to_compare(cat: Points) -> None:
    plain = seen(Image.new("RGB", (400, 300), "grey"))
    assert len(plain) == 0
    assert compare(plain, cat) is None
    assert compare(cat, plain) is None


def test_the_same_features_give_the_same_verdict(cat: Points) -> None:
    query = seen(EDITS["filmed from a screen"](photograph("chelsea.png")))
    (stored,) = unpack(pack([query]))
    assert compare(stored, cat) == compare(stored, cat) is not None


def consumed(pictures: list[Image.Image], every_ms: int) -> tuple[Points, ...]:
    """The key frames of a clip of these."""
    asked = Looking(Path(), MediaType("video/mp4", "av"), frozenset({LOCAL_FEATURES}))
    consumer, found = FeatureConsumer(asked), Extraction(C2paReport("absent", "none"))
    for n, picture in enumerate(pictures):
        consumer.see(SampledFrame(n * every_ms, np.asarray(picture.resize((160, 90)))))
    consumer.finish(found, Coverage())
    return unpack(base64.b64decode(found.apart[LOCAL_FEATURES]))


def test_key_frames_come_sooner_where_the_camera_moves_on() -> None:
    """A frame of it held alone lies near a key frame, however fast the pan was; what stays needs one every two seconds."""
    picture = photograph("astronaut.png")
    pan = [picture.crop((0, y, 320, y + 180)) for y in range(0, 320, 40)]
    assert [points.t_ms for points in consumed([pan[0]] * 8, 500)] == [0, 2_000]
    assert len(consumed(pan, 500)) >= 6
    endless = [pan[n % 8] for n in range(120)]
    found = [points.t_ms for points in consumed(endless, 500)]
    assert len(found) <= KEY_FRAMES_MAX and max(np.diff(found)) <= 4 * min(np.diff(found)) <= 40_000  # evenly thinned


def test_packed_features_read_back(cat: Points) -> None:
    one, empty = unpack(pack([cat, seen(Image.new("RGB", (40, 30)))]))
    assert (one.t_ms, one.width, one.height, len(one), len(empty)) == (0, cat.width, cat.height, len(cat), 0)
    assert np.array_equal(one.descriptors, cat.descriptors)
    assert np.abs(one.positions - cat.positions).max() <= 1 / 64


@pytest.mark.parametrize("broken", [b"", b"pickle", MAGIC + b"\x00", MAGIC + b"\xff" * 10, MAGIC + b"\x00" * 10])
def test_what_was_not_packed_here_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(broken)


def test_packed_features_cut_short_are_refused(cat: Points) -> None:
    with pytest.raises(ValueError, match="cut off"):
        unpack(pack([cat])[:-1])
