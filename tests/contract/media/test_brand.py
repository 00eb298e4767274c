"""A brand's colours and logo in the picture: met, not met, or not checked, each criterion by its id with what was measured."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ledger.media.evidence import evidence_of
from ledger.media.examine import examine
from ledger.media.extraction import Extraction
from ledger.media.findings import Finding
from ledger.media.sandbox import Examiner
from ledger.media.trust import TrustSettings
from tests.marks_of import emblem, film, png, scene, with_logo

pytest.importorskip("cv2", reason="opencv is not installed (extra vision)")
NAME = "brand"
CREAM, BROWN = "#f3e9d8", "#6b4226"


def palette(*colours: str, share: int = 600, delta: int = 100) -> dict[str, Any]:
    return {"id": "palette", "colours": list(colours), "delta_e_tenths_max": delta, "share_permille_min": share}


def logo(content: bytes | None, name: str = "cup") -> dict[str, Any]:
    sha256 = hashlib.sha256(content or b"").hexdigest()
    return {"id": name, "sha256": sha256, "image": base64.b64encode(content).decode() if content else None}


def kit(colours: dict[str, Any] | None = None, *logos: dict[str, Any]) -> dict[str, Any]:
    return {"kit": "cafe", "version": 3, "palette": colours, "logos": list(logos)}


def look(path: Path, *kits: dict[str, Any]) -> Extraction:
    options = {NAME: {"kits": list(kits)}} if kits else {}
    return examine(path, frozenset({NAME}), TrustSettings(), datetime.now(UTC), options)


def criteria(found: Finding) -> dict[str, dict[str, Any]]:
    assert all((one["kit"], one["version"]) == ("cafe", 3) for one in found.detail["criteria"])
    return {one["criterion"]: one for one in found.detail["criteria"]}


def two_tone(first: str, second: str, share: float = 0.5) -> Image.Image:
    image = Image.new("RGB", (320, 180), first)
    image.paste(second, (0, 0, round(320 * share), 180))
    return image


@pytest.mark.parametrize(
    ("picture", "outcome"),
    [
        ((CREAM, BROWN), "met"),
        (("#f0e6d4", "#6f4629"), "met"),  # near enough for nobody to see
        ((CREAM, "#1f4fd8"), "not_met"),  # half of it is blue
    ],
)
def test_the_share_of_the_picture_in_the_palette_decides(
    tmp_path: Path, picture: tuple[str, str], outcome: str
) -> None:
    two_tone(*picture).save(tmp_path / "still.png")
    found = look(tmp_path / "still.png", kit(palette(CREAM, BROWN)))
    said = criteria(found.findings[NAME])["palette"]
    assert (said["outcome"], said["threshold_permille"], said["delta_e_tenths_max"]) == (outcome, 600, 100)
    assert said["evidence"]["sha256"] in evidence_of(found.apart)
    assert (said["stray_rgb"] is None) == (outcome == "met")
    assert outcome == "met" or said["score_permille"] == pytest.approx(500, abs=10)


@pytest.mark.parametrize(("width", "turn"), [(220, 0), (150, 8), (130, -20)])
def test_a_logo_is_found_smaller_and_turned(tmp_path: Path, width: int, turn: float) -> None:
    sign = emblem()
    path = film(tmp_path / "clip.mp4", lambda t: with_logo(t, sign, width, turn), 2, 4)
    found = look(path, kit(None, logo(png(sign))))
    said = criteria(found.findings[NAME])["cup"]
    assert (said["outcome"], said["threshold"]) == ("met", 10), said
    assert said["score"] >= 10 and said["frames_found"] >= 2
    assert found.findings[NAME].state == "found"


def test_another_logo_or_none_is_not_met(tmp_path: Path) -> None:
    sign, other = emblem(1), emblem(4)
    for name, frame in (("plain", scene), ("other", lambda t: with_logo(t, other))):
        path = film(tmp_path / f"{name}.mp4", frame, 2, 4)
        found = look(path, kit(None, logo(png(sign)))).findings[NAME]
        assert (found.state, criteria(found)["cup"]["outcome"]) == ("absent", "not_met"), criteria(found)


def test_no_clip_or_picture_of_the_corpus_shows_a_logo_that_is_not_there(corpus: Path) -> None:
    files = sorted((corpus / "media" / "video").glob("*.mp4"))[4:] + sorted((corpus / "media" / "images").iterdir())[:8]
    asked = kit(None, logo(png(emblem())), logo(png(emblem(4)), "anvil"))
    scores = {
        file.name: [one["score"] for one in criteria(look(file, asked).findings[NAME]).values()] for file in files
    }
    assert max(max(pair) for pair in scores.values()) < 10, scores


def test_what_could_not_be_looked_for_is_not_checked_and_never_met(tmp_path: Path) -> None:
    two_tone(CREAM, BROWN).save(tmp_path / "still.png")
    plain = png(Image.new("RGB", (80, 80), "white"))
    found = look(tmp_path / "still.png", kit(None, logo(None, "gone"), logo(plain, "plain"))).findings[NAME]
    reasons = {name: (one["outcome"], one["reason"]) for name, one in criteria(found).items()}
    assert reasons == {"gone": ("not_checked", "logo_missing"), "plain": ("not_checked", "logo_too_plain")}
    assert found.state == "not_checked"


def test_without_a_kit_nothing_was_checked(tmp_path: Path) -> None:
    two_tone(CREAM, BROWN).save(tmp_path / "still.png")
    said = look(tmp_path / "still.png").findings[NAME]
    assert (said.state, said.detail["reason"]) == ("not_checked", "no_style_kit")


def test_a_logo_that_is_no_picture_fails_the_finding_only(tmp_path: Path) -> None:
    two_tone(CREAM, BROWN).save(tmp_path / "still.png")
    assert look(tmp_path / "still.png", kit(palette(CREAM), logo(b"text"))).findings[NAME].state == "failed"


def test_the_fenced_child_holds_it_against_the_kit_too_and_says_the_same_twice(tmp_path: Path) -> None:
    sign = emblem()
    path = film(tmp_path / "clip.mp4", lambda t: with_logo(t, sign), 2, 4)
    options = {NAME: {"kits": [kit(palette(CREAM), logo(png(sign)))]}}
    one, other = (Examiner().examine(path, extractors=frozenset({NAME}), options=options) for _ in range(2))
    assert one.finding(NAME) == other.finding(NAME)
    assert criteria(one.finding(NAME))["cup"]["outcome"] == "met"
