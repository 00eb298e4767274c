"""A visible mark through time: found where it moves, absent where it isn't, not checked where nothing looked."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ledger.media.evidence import evidence_of
from ledger.media.examine import examine
from ledger.media.extraction import Extraction
from ledger.media.sandbox import Examiner
from ledger.media.trust import TrustSettings
from tests.marks_of import film, mark, marked, png, scene

pytest.importorskip("cv2", reason="opencv is not installed (extra vision)")
NAME = "visible_mark"


def template(sign: Image.Image, name: str = "anvil", image: bool = True) -> dict[str, Any]:
    content = png(sign)
    return {
        "template": name,
        "provider": "Anvil Video",
        "sha256": hashlib.sha256(content).hexdigest(),
        "width_permille": 200,
        "image": base64.b64encode(content).decode() if image else None,
    }


def look(path: Path, *templates: dict[str, Any]) -> Extraction:
    options = {NAME: {"templates": list(templates)}} if templates else {}
    return examine(path, frozenset({NAME}), TrustSettings(), datetime.now(UTC), options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("plain") / "plain.mp4", scene)


@pytest.mark.parametrize(("width", "opacity"), [(0.2, 0.5), (0.17, 0.35), (0.245, 0.7)])
def test_a_moving_half_transparent_mark_is_found_with_frames_times_and_evidence(
    tmp_path: Path, width: float, opacity: float
) -> None:
    sign = mark()
    path = film(tmp_path / "marked.mp4", lambda t: marked(scene(t), sign, t, width, opacity))
    found = look(path, template(sign))
    said = found.findings[NAME]
    (one,) = said.detail["templates"]
    assert (said.state, one["state"], one["frames_looked"], one["threshold_permille"]) == ("found", "found", 6, 450)
    assert one["frames_found"] >= 3
    assert all(place["score_permille"] >= 450 for place in one["frames"])
    assert [place["t_ms"] for place in one["frames"]] == sorted({place["t_ms"] for place in one["frames"]})
    evidence = evidence_of(found.apart)[one["evidence"]["sha256"]]
    assert Image.open(io.BytesIO(evidence)).size == (512, 288)


def test_a_clip_without_the_mark_or_with_another_is_absent_and_says_how_near_it_came(
    plain: Path, tmp_path: Path
) -> None:
    sign, other = mark(), mark("Kobold")
    for path in (plain, film(tmp_path / "other.mp4", lambda t: marked(scene(t), other, t))):
        said = look(path, template(sign)).findings[NAME]
        (one,) = said.detail["templates"]
        assert said.state == one["state"] == "absent", one
        assert one["score_permille"] < 1000
        assert "evidence" not in one


def test_a_mark_that_shows_up_in_too_few_frames_is_absent(tmp_path: Path) -> None:
    sign = mark()
    path = film(tmp_path / "brief.mp4", lambda t: marked(scene(t), sign, t) if t < 1 else scene(t))
    (one,) = look(path, template(sign)).findings[NAME].detail["templates"]
    assert (one["state"], one["frames_found"], one["frames_found_min"]) == ("absent", 1, 3)


def test_a_still_has_one_frame_which_has_to_be_surer(tmp_path: Path) -> None:
    sign = mark()
    marked(scene(1), sign, 1, opacity=0.9).save(tmp_path / "still.png")
    (one,) = look(tmp_path / "still.png", template(sign)).findings[NAME].detail["templates"]
    assert (one["state"], one["threshold_permille"], one["frames_looked"]) == ("found", 550, 1)


def test_without_a_template_nothing_was_checked_and_it_says_how_to_give_one(plain: Path) -> None:
    said = look(plain).findings[NAME]
    assert (said.state, said.detail["reason"]) == ("not_checked", "no_template")
    assert said.detail["do"].startswith("countersign criteria add-mark")


def test_a_template_whose_picture_is_gone_is_not_checked_and_not_absent(plain: Path) -> None:
    said = look(plain, template(mark()), template(mark(), "lost", image=False)).findings[NAME]
    assert [one["state"] for one in said.detail["templates"]] == ["absent", "not_checked"]
    assert said.state == "not_checked"


@pytest.mark.parametrize("content", [b"no picture", png(Image.new("RGBA", (40, 20)))], ids=["text", "empty"])
def test_a_template_that_is_no_picture_fails_the_finding_and_nothing_else(plain: Path, content: bytes) -> None:
    broken = template(mark()) | {"image": base64.b64encode(content).decode()}
    assert look(plain, broken).findings[NAME].state == "failed"


def test_no_clip_or_picture_of_the_corpus_has_a_mark_that_nobody_put_there(corpus: Path) -> None:
    files = (
        sorted((corpus / "media" / "video").glob("*.mp4"))[::2] + sorted((corpus / "media" / "images").iterdir())[:20]
    )
    signs = template(mark()), template(mark("Kobold Labs"), "kobold")
    states = {file.name: look(file, *signs).findings[NAME].state for file in files}
    assert {name for name, state in states.items() if state != "absent"} == set()


def test_the_fenced_child_finds_it_too_and_hands_the_evidence_over(tmp_path: Path) -> None:
    sign = mark()
    path = film(tmp_path / "marked.mp4", lambda t: marked(scene(t), sign, t))
    options = {NAME: {"templates": [template(sign)]}}
    found = Examiner().examine(path, extractors=frozenset({NAME}), options=options)
    assert found.finding(NAME).state == "found"
    assert len(evidence_of(found.apart)) == 1
    assert NAME not in str(found.as_json().get("apart", ""))
