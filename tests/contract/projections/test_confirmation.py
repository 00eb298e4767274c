"""Geometry over the index: confirms what a code only suspects, keeps likeness apart, and says when it could not look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.media.findings import Fingerprints
from ledger.media.frames import fitted
from ledger.media.local_features import POINTS_MAX, features, pack
from ops.bench.media.edits import cropped
from projections import confirmation
from projections.matches import Match
from projections.views import Views
from tests.house_of import House
from tests.unit.projections.material import clip, codes, fingerprints, turned

cv2 = pytest.importorskip("cv2", reason="extra vision")
skimage = pytest.importorskip("skimage", reason="its photographs")


def photograph(name: str) -> Image.Image:
    return Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")


def packed(*pictures: Image.Image) -> bytes:
    sift = cv2.SIFT_create(POINTS_MAX)
    frames = [np.asarray(picture.resize(fitted(*picture.size))) for picture in pictures]
    return pack([features(sift, n * 2000, pixels) for n, pixels in enumerate(frames)])


@pytest.fixture(scope="module")
def cat() -> bytes:
    return packed(photograph("chelsea.png"))


@pytest.fixture(scope="module")
def cup() -> bytes:
    return packed(photograph("coffee.png"))


def search(views: Views, found: Fingerprints, features: bytes = b"") -> list[Match]:
    views.catch_up()
    return views.matches.search(found, features=features)


def still(bits: int) -> Fingerprints:
    """A query so many bits from the one code of the assets below."""
    return fingerprints([turned(codes(1, 1)[0], bits)])


def test_a_candidate_is_confirmed_with_the_crop_that_it_is(house: House, views: Views, cat: bytes) -> None:
    asset = clip(house, codes(1, 1), features=cat)
    crop = packed(cropped(photograph("chelsea.png"), 0.2, 0.1, 0.9, 0.8))
    (match,) = search(views, still(50), crop)
    assert (match.asset_sha256, match.decision, match.tells) == (asset, "confirmed", True)
    said = match.as_json()["geometry"]
    assert (said["state"], said["spec"], said["threshold"], said["pairs"]) == ("found", "sift-ransac/1", 12, 1)
    assert said["transform"]["crop_permille"] == pytest.approx([200, 100, 900, 800], abs=20)


def test_a_candidate_that_is_another_picture_is_style_and_tells_nothing(
    house: House, views: Views, cat: bytes, cup: bytes
) -> None:
    clip(house, codes(1, 1), features=cat)
    (match,) = search(views, still(50), cup)
    assert (match.decision, match.tells, match.geometry.state) == ("style", False, "absent")


def test_what_is_too_far_for_a_code_is_there_only_when_geometry_confirms_it(
    house: House, views: Views, cat: bytes, cup: bytes
) -> None:
    clip(house, codes(1, 1), features=cat)
    assert [match.decision for match in search(views, still(85), cat)] == ["confirmed"]
    assert search(views, still(85), cup) == []
    assert search(views, still(85)) == []
    assert search(views, still(95), cat) == []


def test_half_seconds_that_all_lie_near_one_frame_are_looked_at_and_geometry_decides(
    house: House, views: Views, cat: bytes, cup: bytes
) -> None:
    """An excerpt filmed between two samples: its frames are nearest to the same one, so none of them come in order."""
    run = codes(3, 1)
    asset = clip(house, run, features=cat)
    excerpt = fingerprints([turned(run[1], 80, 1), turned(run[1], 85, 2), codes(1, 9)[0]])
    assert search(views, excerpt) == search(views, excerpt, cup) == []
    (match,) = search(views, excerpt, cat)
    assert (match.asset_sha256, match.decision) == (asset, "confirmed")
    assert match.offsets == ((0, 500), (500, 500)) and match.frames_matched == 2


def test_a_copy_stays_a_copy_whatever_geometry_says(house: House, views: Views, cat: bytes, cup: bytes) -> None:
    clip(house, codes(1, 1), features=cat)
    assert [(m.decision, m.geometry.state) for m in search(views, still(10), cat)] == [("copy", "found")]
    assert [(m.decision, m.geometry.state) for m in search(views, still(10), cup)] == [("copy", "absent")]


def test_without_stored_features_a_candidate_stays_one_and_says_why(house: House, views: Views, cat: bytes) -> None:
    clip(house, codes(1, 1))
    (match,) = search(views, still(50), cat)
    assert (match.decision, match.geometry.state) == ("candidate", "not_checked")
    assert match.geometry.reason == "no_features_of_the_asset"


def test_altered_features_confirm_nothing(house: House, views: Views, cat: bytes) -> None:
    clip(house, codes(1, 1), features=cat[:-1])
    (match,) = search(views, still(50), cat)
    assert (match.decision, match.geometry.reason) == ("candidate", "no_features_of_the_asset")


def test_without_opencv_it_is_not_checked_and_says_what_to_install(
    house: House, views: Views, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip(house, codes(1, 1), features=cat)
    monkeypatch.setattr(confirmation, "find_spec", lambda _: None)
    (match,) = search(views, still(50), cat)
    assert (match.decision, match.geometry.state) == ("candidate", "not_checked")
    assert "countersign[vision]" in match.geometry.reason


def test_the_cost_is_bounded_and_what_is_beyond_says_so(
    house: House, views: Views, cat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        clip(house, codes(1, 1), features=cat)
    monkeypatch.setattr(confirmation, "ASSETS_MAX", 2)
    found = search(views, still(50), cat)
    assert sorted(match.decision for match in found) == ["candidate", "confirmed", "confirmed"]
    assert found[-1].geometry.reason == "over_bound"


def test_a_clip_is_confirmed_at_the_instants_that_were_matched(
    house: House, views: Views, cat: bytes, cup: bytes
) -> None:
    """Four seconds of cup and cat; the query is the cat's two seconds, so the first key frame must not be looked for."""
    run = codes(8, 1)
    both = packed(photograph("coffee.png"), photograph("chelsea.png"))
    clip(house, run, features=both)
    (match,) = search(views, fingerprints([turned(code, 50, n) for n, code in enumerate(run[4:])]), cat)
    assert (match.decision, match.geometry.pairs, match.reference_ms) == ("confirmed", 1, 2000)


def test_a_rebuilt_view_gives_the_same_verdict(house: House, views: Views, cat: bytes) -> None:
    clip(house, codes(1, 1), features=cat)
    before = search(views, still(80), cat)
    views.rebuild("matches")
    assert search(views, still(80), cat) == before != []
