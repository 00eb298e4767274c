"""Row 47, the sound half: who used this sound? Asked through the public API with real files in other codecs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.office_of import ASKED, Made, Office
from tests.sounds_of import RATE_HZ, sped, tune, written

pytestmark = pytest.mark.usefixtures("chromaprint")


def known(office: Office, path: Path) -> str:
    answer = office.post(f"/v1/assets?title={path.name}", "mara", content=path.read_bytes())
    assert answer.status_code == 201, answer.json()
    assert "audio_fingerprint" not in answer.json()["not_checked"]
    return str(answer.json()["asset_sha256"])


def near(office: Office, path: Path) -> list[dict[str, Any]]:
    found = office.post("/v1/search?rights=all", "lena", content=path.read_bytes()).json()["matches"]
    return [one for one in found if one.get("medium") == "sound"]


def verdict(office: Office, path: Path) -> Any:
    return office.post(f"/v1/verifications?{urlencode(ASKED)}", "pia", content=path.read_bytes()).json()


def test_capability_47_a_reencoded_cropped_and_sped_sound_finds_its_source_with_offsets(
    office: Office, made: Made, tmp_path: Path
) -> None:
    song = tune(1, 14)
    clip = known(office, written(tmp_path / "clip.mp4", song, "aac", 64_000, video=made.file("stranger")))
    other = known(office, written(tmp_path / "other.mp3", tune(2, 14), "libmp3lame", 64_000))
    crop = written(tmp_path / "crop.mp3", song[4 * RATE_HZ : 13 * RATE_HZ], "libmp3lame", 24_000)
    (match,) = near(office, crop)
    assert (match["asset_sha256"], match["decision"]) == (clip, "copy")
    assert abs(match["reference_ms"] - match["query_ms"] - 4_000) < 200
    assert match["error_permille"] < match["threshold_permille"]
    (faster,) = near(office, written(tmp_path / "fast.opus", sped(song, 1.05), "libopus", 16_000))
    assert (faster["asset_sha256"], faster["speed_permille"]) == (clip, 1050)
    assert near(office, written(tmp_path / "nobodys.wav", tune(3, 14))) == []
    assert other != clip


def test_capability_47_a_known_sound_in_unknown_bytes_is_recognised_and_never_allowed(
    office: Office, tmp_path: Path
) -> None:
    song = tune(1, 10)
    asset = known(office, written(tmp_path / "song.mp3", song, "libmp3lame", 64_000))
    answer = verdict(office, written(tmp_path / "again.opus", song, "libopus", 16_000))
    assert (answer["identified_by"], answer["asset_sha256"]) == ("sound", asset)
    assert answer["verdict"] in ("deny", "review")
    assert "identified_by_sound" in {reason["code"] for reason in answer["reasons"]}
    assert "audio_fingerprint" not in answer["not_checked"]
    stranger = verdict(office, written(tmp_path / "nobodys.wav", tune(3)))
    assert (stranger["verdict"], stranger["identified_by"]) == ("unknown", "none")
