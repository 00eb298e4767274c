"""The seam: one decode for all frame extractors, what breaks one stops no other, and what is not there says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.media import examine as examining
from ledger.media.extraction import Extraction, FrameExtractor, Looking
from ledger.media.extractors import BUILT, FILE_EXTRACTORS, FRAME_EXTRACTORS
from ledger.media.findings import EXTRACTORS, Finding
from ledger.media.frames import Coverage, SampledFrame
from ledger.media.sandbox import Examiner
from ledger.media.trust import TrustSettings
from tests.sounds_of import tune, written


class Watcher:
    """Counts frames; breaks at the second when it was told to."""

    def __init__(self, looking: Looking) -> None:
        self.seen, self.breaks = 0, bool(looking.options.get("invisible_watermark", {}).get("breaks"))

    def see(self, frame: SampledFrame) -> None:
        self.seen += 1
        if self.breaks and self.seen == 2:
            raise RuntimeError("what a stranger wrote")

    def finish(self, found: Extraction, coverage: Coverage) -> None:
        found.add(
            Finding(
                "invisible_watermark", "watcher", "1", "found", {"frames": self.seen, "until_ms": coverage.until_ms}
            )
        )


@pytest.fixture
def animation(tmp_path: Path) -> Path:
    chance = np.random.default_rng(3)
    pictures = [Image.fromarray(chance.integers(0, 255, (48, 64, 3), dtype=np.uint8)) for _ in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=500)
    return tmp_path / "a.gif"


def look(path: Path, *names: str, **options: object) -> Extraction:
    return examining.examine(path, frozenset(names), TrustSettings(), datetime.now(UTC), options)


def with_watcher(monkeypatch: pytest.MonkeyPatch, *needs: str) -> None:
    name = "invisible_watermark"
    specs = {name: (("watcher", "1"),)}
    watcher = FrameExtractor(names=(name,), specs=lambda: specs, needs=needs, extra="vision", start=Watcher)
    monkeypatch.setattr(examining, "FRAME_EXTRACTORS", (*FRAME_EXTRACTORS, watcher))
    others = tuple(one for one in FILE_EXTRACTORS if name not in one.names)
    monkeypatch.setattr(examining, "FILE_EXTRACTORS", others)


def test_every_frame_extractor_sees_the_frames_of_one_decode(animation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_watcher(monkeypatch)
    found = look(animation, "pdq", "invisible_watermark")
    assert found.findings["invisible_watermark"].detail == {"frames": 4, "until_ms": 1500}
    assert found.findings["pdq"].detail["frames"] == 4


def test_an_extractor_that_breaks_stops_no_other_and_repeats_nothing_it_read(
    animation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_watcher(monkeypatch)
    found = look(animation, "pdq", "invisible_watermark", invisible_watermark={"breaks": True})
    assert (found.findings["invisible_watermark"].state, found.findings["invisible_watermark"].detail) == (
        "failed",
        {"code": "RuntimeError"},
    )
    assert (found.findings["pdq"].state, found.findings["pdq"].detail["frames"]) == ("found", 4)


def test_what_is_not_installed_is_not_checked_and_says_what_to_install(
    animation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_watcher(monkeypatch, "no_such_module_anywhere")
    said = look(animation, "pdq", "invisible_watermark").findings["invisible_watermark"]
    assert said.state == "not_checked"
    assert said.detail == {"reason": "not_installed", "do": "pip install 'countersign[vision]'"}


def test_what_is_not_built_is_not_checked_with_the_reason(animation: Path) -> None:
    found = Examiner().examine(animation, extractors=frozenset(EXTRACTORS))
    for name in set(EXTRACTORS) - BUILT:
        assert (found.finding(name).state, found.finding(name).detail) == ("not_checked", {"reason": "no_extractor"})


JUDGED_BY = {
    "pdq": {"usable_frames", "quality_min", "quality_median"},
    "phash256": {"usable_frames", "quality_min", "quality_median"},
    "local_features": {"key_frames", "points", "points_max"},
    "audio_fingerprint": {"items", "different_items", "different_items_min"},
}  # marks, words and brands have a score and a threshold for each thing looked for, faces one for each face


@pytest.fixture(params=["video", "still", "sound", "animation"])
def of_each_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of each kind that an examination takes."""
    if request.param == "still":
        path = tmp_path / "still.png"
        Image.effect_noise((640, 360), 60).convert("RGB").save(path)
        return path
    if request.param == "sound":
        return written(tmp_path / "song.mp3", tune(3, 6), "libmp3lame", 64_000)
    found: Path = request.getfixturevalue("clip" if request.param == "video" else "animation")
    return found


@pytest.mark.usefixtures("chromaprint")
def test_what_ran_names_its_spec_and_what_it_was_judged_by_and_what_did_not_says_why(
    of_each_kind: Path, examiner: Examiner
) -> None:
    specs, found = examiner.specs(), examiner.examine(of_each_kind)
    assert {one.extractor for one in found.findings} == set(EXTRACTORS)
    for one in found.findings:
        if one.state == "not_checked":
            assert one.detail["reason"], one
        elif one.algorithm != "none":
            assert (one.algorithm, one.version) in specs[one.extractor], one
            assert JUDGED_BY.get(one.extractor, set()) <= one.detail.keys(), one
        else:  # nothing ran on it, and nobody may take that for a look that found nothing
            assert one.state in ("absent", "failed", "unsupported") and one.detail["code"], one
    ran = {one.extractor for one in found.findings if one.algorithm != "none"}
    pictured = {"pdq", "phash256", "local_features"}
    assert ran >= {"digest", "probe", "essence"} | (set() if of_each_kind.suffix == ".mp3" else pictured)
    assert ("audio_fingerprint" in ran) == (of_each_kind.suffix in (".mp3", ".mp4"))


def test_what_was_not_asked_for_is_not_checked_in_files_of_each_kind(of_each_kind: Path, examiner: Examiner) -> None:
    found = examiner.examine(of_each_kind, extractors=frozenset({"digest"}))
    states = {one.extractor: (one.state, one.detail.get("reason")) for one in found.findings}
    assert states.pop("digest")[0] == "found"
    assert set(states) == set(EXTRACTORS) - {"digest"}
    assert set(states.values()) <= {("not_checked", "not_asked_for"), ("not_checked", "no_extractor")}, states
