"""Words in the picture: read or not, from when, for how long; what a reader may confuse; what nobody looked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from ledger.media.evidence import evidence_of
from ledger.media.examine import examine
from ledger.media.extraction import Extraction
from ledger.media.sandbox import Examiner
from ledger.media.trust import TrustSettings
from ledger.media.wording import Wanted, likeness, looks_like_a_claim
from tests.marks_of import film, scene

pytest.importorskip("rapidocr", reason="rapidocr is not installed (extra ocr)")
NAME = "text"
LABEL = "AI-generated"


def wanted(text: str = LABEL, *, opening: bool = False, seconds_min: int = 0) -> dict[str, Any]:
    return Wanted("label", "law 2026.11", text, opening, seconds_min).as_json()


def look(path: Path, *asked: dict[str, Any]) -> Extraction:
    options = {NAME: {"wanted": list(asked)}} if asked else {}
    return examine(path, frozenset({NAME}), TrustSettings(), datetime.now(UTC), options)


def titled(t: float, text: str, *, y: int = 20, size: int = 26) -> Image.Image:
    image = scene(t)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, y - 6, 512, y + size + 10), fill=(20, 20, 30))
    pen.text((20, y), text, font=ImageFont.load_default(size), fill="white")
    return image


def shown_until(seconds: float, text: str = LABEL, start: float = 0) -> Callable[[float], Image.Image]:
    return lambda t: titled(t, text) if start <= t < seconds else scene(t)


def one(found: Extraction) -> dict[str, Any]:
    (said,) = found.findings[NAME].detail["wanted"]
    return dict(said)


@pytest.mark.parametrize(
    ("start", "end", "outcome"), [(0, 4, "met"), (0, 2, "unclear"), (0, 0.9, "not_met"), (2, 5, "not_met")]
)
def test_an_opening_label_has_to_stay_for_two_seconds(tmp_path: Path, start: float, end: float, outcome: str) -> None:
    path = film(tmp_path / "clip.mp4", shown_until(end, start=start), 5, 8)
    found = look(path, wanted(opening=True, seconds_min=2))
    said = one(found)
    assert said["outcome"] == outcome, said
    assert said["first_ms"] >= 1000 * start and said["score"] >= found.findings[NAME].detail["threshold"]
    assert said["evidence"]["sha256"] in evidence_of(found.apart)


def test_a_clip_without_the_words_does_not_meet_it_and_other_words_are_listed_for_review(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mp4", shown_until(9, "50% less sugar than before"), 2, 4)
    found = look(path, wanted())
    detail = found.findings[NAME].detail
    assert (one(found)["outcome"], detail["claims"]) == ("not_met", 1)
    assert "sugar" not in json.dumps(detail)  # words may name people: they are in no entry
    lines = json.loads(evidence_of(found.apart)[detail["lines_sha256"]])["lines"]
    assert [(line["claim"], "sugar" in line["text"]) for line in lines] == [(True, True)]


def test_a_small_disclaimer_on_a_still_is_read_and_time_asks_nothing_of_it(tmp_path: Path) -> None:
    titled(1, "Synthetic performer. Serving suggestion.", y=262, size=12).save(tmp_path / "still.png")
    assert one(look(tmp_path / "still.png", wanted("Synthetic performer", seconds_min=3)))["outcome"] == "met"


def test_a_picture_without_words_is_absent_and_no_demand_is_met(tmp_path: Path) -> None:
    Image.new("RGB", (512, 288), (90, 90, 120)).save(tmp_path / "plain.png")
    found = look(tmp_path / "plain.png", wanted())
    assert (found.findings[NAME].state, one(found)["outcome"], one(found)["score"]) == ("absent", "not_met", 0)


def test_where_nothing_is_wanted_nothing_was_checked(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "plain.png")
    said = look(tmp_path / "plain.png").findings[NAME]
    assert (said.state, said.detail["reason"]) == ("not_checked", "nothing_wanted")


def test_the_fenced_child_reads_too_without_network_or_threads(tmp_path: Path) -> None:
    titled(1, LABEL).save(tmp_path / "still.png")
    found = Examiner().examine(
        tmp_path / "still.png", extractors=frozenset({NAME}), options={NAME: {"wanted": [wanted()]}}
    )
    assert found.finding(NAME).detail["wanted"][0]["outcome"] == "met"


@pytest.mark.parametrize(
    ("asked", "lines", "enough"),
    [
        ("AI-generated", ["Al-generated"], True),
        ("AI-generated", ["THIS CLIP IS AI GENERATED"], True),
        ("Synthetic performer", ["Synthetic", "performer"], True),
        ("Synthetic performer", ["Synthetic", "fabric"], False),
        ("AI生成", ["本内容由AI生成"], True),
        ("AI生成", ["AI生物"], False),
        ("AI-generated", ["a"], False),
        ("AI-generated", [], False),
        ("AI-generated", ["generations"], False),
    ],
)
def test_what_counts_as_the_same_words(asked: str, lines: list[str], enough: bool) -> None:
    assert (likeness(asked, lines).score >= 85) is enough


def test_claims_are_told_from_other_words() -> None:
    claims = ["50% less sugar", "No. 1 in Germany", "clinically proven", "2x faster", "Climate-neutral"]
    assert all(map(looks_like_a_claim, claims))
    assert not any(map(looks_like_a_claim, ["Good morning", "Anvil", "Chapter two"]))
