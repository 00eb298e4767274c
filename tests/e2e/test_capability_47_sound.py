"""Rows 47 and 54, the sound half: who used this sound? Asked through the public API with real files in other codecs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ledger.media.findings import Finding
from ledger.rules.coverage import SOUND
from schemas.base import new_id
from tests.office_of import ASKED, Made, Office
from tests.sounds_of import RATE_HZ, sped, tune, with_two_sounds, written

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


def listed(office: Office, path: Path) -> str:
    """An entry of the do-not-generate list about this sound; the list's number of it."""
    entry = {
        "guardrail": new_id(office.clock.now()),
        "kind": "work",
        "label": "A song of theirs",
        "reason": "we hold no rights in it",
        "counsel": "lena",
        "effective_from": "2026-10-01T00:00:00Z",
        "reference_media": [office.services.blobs.put(path.read_bytes())],
    }
    said = office.post("/v1/statements", "lena", json={"type": "guardrail.entry-added.v1", "body": entry})
    assert said.status_code == 201, said.text
    return str(entry["guardrail"])


def matched(office: Office, guardrail: str) -> set[str]:
    found = office.get(f"/v1/guardrails/{guardrail}", "lena").json()["matches"]
    assert {one["method"] for one in found} <= {"media"}
    return {str(one["asset_sha256"]) for one in found}


def refused(office: Office, asset: str) -> set[str]:
    asked = ASKED | {"asset": asset, "valid_from": "2026-10-05T00:00:00Z", "valid_until": "2026-10-20T00:00:00Z"}
    return {reason["code"] for reason in office.post("/v1/clearances", "mara", json=asked).json()["reasons"]}


def test_capability_54_a_forbidden_sound_is_found_in_what_is_here_and_in_what_comes(
    office: Office, made: Made, tmp_path: Path
) -> None:
    song = tune(1, 14)
    before = known(office, written(tmp_path / "before.mp4", song, "aac", 64_000, video=made.file("stranger")))
    entry = listed(office, written(tmp_path / "song.mp3", song[2 * RATE_HZ :], "libmp3lame", 64_000))
    assert matched(office, entry) == {before}, "the office's own clip has another sound"
    assert "guardrail_media_not_checked" in refused(office, made.signed), "two seconds are too short to be compared"
    after = known(office, written(tmp_path / "after.opus", song[3 * RATE_HZ :], "libopus", 16_000))
    other = known(office, written(tmp_path / "other.mp3", tune(2, 10), "libmp3lame", 64_000))
    assert "guardrail_matched" in refused(office, after) and matched(office, entry) == {before, after}
    places = {
        one["asset_sha256"]: one["place"] for one in office.get(f"/v1/guardrails/{entry}", "lena").json()["matches"]
    }
    assert {place["way"] for place in places.values()} == {"sound"}
    assert abs(places[before]["asset_ms"] - places[before]["media_ms"] - 2_000) < 200, (
        "its first two seconds were cut off"
    )
    assert abs(places[after]["media_ms"] - places[after]["asset_ms"] - 1_000) < 200
    assert not {"guardrail_matched", "guardrail_media_not_checked"} & refused(office, other)


def test_capability_54_what_holds_no_sound_or_no_picture_has_none_to_compare(office: Office, tmp_path: Path) -> None:
    from PIL import Image

    Image.effect_noise((300, 300), 90).save(tmp_path / "still.png")
    still = office.post("/v1/assets", "mara", content=(tmp_path / "still.png").read_bytes()).json()["asset_sha256"]
    sound = known(office, written(tmp_path / "sound.mp3", tune(2, 10), "libmp3lame", 64_000))
    listed(office, written(tmp_path / "song.mp3", tune(1, 10), "libmp3lame", 64_000))
    assert "guardrail_media_not_checked" not in refused(office, still) | refused(office, sound)
    listed(office, office.made.file("stranger"))
    assert "guardrail_media_not_checked" not in refused(office, still) | refused(office, sound)
    short = written(tmp_path / "short.wav", tune(4, 0.2))
    listed(office, short)
    assert "guardrail_media_not_checked" in refused(office, sound), "a reference too short to tell is not looked for"


def test_capability_54_a_forbidden_clip_is_looked_for_by_its_sound_too(
    office: Office, made: Made, tmp_path: Path
) -> None:
    song = tune(1, 14)
    listed_clip = written(tmp_path / "theirs.mp4", song, "aac", 96_000, video=made.file("stranger"))
    alone = known(office, written(tmp_path / "alone.mp3", song[3 * RATE_HZ :], "libmp3lame", 64_000))
    under = known(office, written(tmp_path / "under.mp4", song, "aac", 64_000, video=made.file("clip")))
    entry = listed(office, listed_clip)
    assert {alone, under} <= matched(office, entry), "other pictures, or none, and their sound"
    other = known(office, written(tmp_path / "other.mp3", tune(2, 10), "libmp3lame", 64_000))
    assert not {"guardrail_matched", "guardrail_media_not_checked"} & refused(office, other)


def test_capability_54_a_second_sound_that_nobody_heard_is_not_compared(office: Office, tmp_path: Path) -> None:
    two = tmp_path / "two.mkv"
    with_two_sounds(two, tune(2, 10), tune(1, 10))
    asset = known(office, two)
    listed(office, written(tmp_path / "song.mp3", tune(1, 10), "libmp3lame", 64_000))
    assert "guardrail_media_not_checked" in refused(office, asset)


def registered(office: Office, path: Path, **said: str) -> Any:
    asked = urlencode({"kind": "known-work", "basis": "a contract", "title": "A Song", **said})
    return office.post(f"/v1/references?{asked}", "ivy", content=path.read_bytes())


def used_by(office: Office, reference: str) -> dict[str, Any]:
    found = office.get(f"/v1/references/{reference}", "lena").json()["used_by"]
    return {use["match"]["asset_sha256"]: use["match"] for use in found}


def test_capability_47_who_used_a_song_is_found_in_what_is_here_and_in_what_comes(
    office: Office, made: Made, tmp_path: Path
) -> None:
    song = tune(1, 20)
    before = known(
        office, written(tmp_path / "before.mp4", song[4 * RATE_HZ :], "aac", 64_000, video=made.file("clip"))
    )
    stranger = known(office, written(tmp_path / "other.mp3", tune(2, 10), "libmp3lame", 64_000))
    answer = registered(office, written(tmp_path / "song.mp3", song, "libmp3lame", 128_000))
    assert answer.status_code == 201, answer.text
    work = answer.json()
    assert work["ways"] == ["sound"] and [one["asset_sha256"] for one in work["matches"]] == [before]
    (match,) = work["matches"]
    assert (match["way"], match["decision"]) == ("sound", "copy")
    assert abs(match["reference_ms"] - match["asset_ms"] - 4_000) < 200
    after = known(office, written(tmp_path / "fast.opus", sped(song, 1.04), "libopus", 16_000))
    assert set(used_by(office, work["reference"])) == {before, after}
    assert "match_not_reviewed" in refused(office, before) & refused(office, after)
    assert not {code for code in refused(office, stranger) if code.startswith(("match", "reference", "sound"))}
    again = office.get(f"/v1/matches/{match['match']}/replay", "lena").json()
    assert (again["outcome"], again["again"]) == ("same", "copy")
    word = {"match": match["match"], "asset": before, "reference": work["reference"], "comment": "licensed"}
    body = {"type": "match.reviewed.v1", "body": {**word, "verdict": "innocent"}}
    assert office.post("/v1/statements", "lena", json=body).status_code == 201
    assert "match_not_reviewed" not in refused(office, before)
    stands = office.get("/v1/matching", "lena").json()["sound"]
    assert stands["progress"] == {"files": stands["sounds"], "compared": stands["sounds"], "references": 1, "swept": 1}
    assert 0 < stands["false_per_search"]["copy"] < 0.01


def test_capability_47_a_clip_that_is_somebodys_work_is_known_by_both_its_ways(
    office: Office, made: Made, tmp_path: Path
) -> None:
    song = tune(1, 14)
    theirs = written(tmp_path / "theirs.mp4", song, "aac", 96_000, video=made.file("stranger"))
    sung = known(office, written(tmp_path / "sung.mp4", song, "aac", 64_000, video=made.file("clip")))
    shown = known(office, written(tmp_path / "shown.mp4", tune(2, 14), "aac", 64_000, video=made.file("stranger")))
    work = registered(office, theirs).json()
    assert work["ways"] == ["picture", "sound"]
    assert {one["asset_sha256"]: one["way"] for one in work["matches"]} == {sung: "sound", shown: "picture"}


def test_a_person_is_compared_by_picture_and_what_tells_nothing_is_no_work(office: Office, tmp_path: Path) -> None:
    song = written(tmp_path / "song.mp3", tune(1, 10), "libmp3lame", 64_000)
    answer = registered(office, song, kind="likeness", person="p-1")
    assert (answer.status_code, answer.json()["code"]) == (400, "no_picture")
    answer = registered(office, written(tmp_path / "short.wav", tune(4, 0.2)))
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_to_compare")
    assert "three seconds" in answer.text


def test_without_the_engine_a_song_is_no_work_and_says_what_to_install(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = written(tmp_path / "song.mp3", tune(1, 10), "libmp3lame", 64_000)
    examine = office.services.examiner.examine

    def without(*asked: Any, **options: Any) -> Any:
        found = examine(*asked, **options)
        missing = Finding(SOUND, "none", "0", "not_checked", {"reason": "not_installed"})
        rest = tuple(one for one in found.findings if one.extractor != SOUND)
        return replace(found, sound=None, sound_variants=(), findings=(*rest, missing))

    monkeypatch.setattr(office.services.examiner, "examine", without)
    answer = registered(office, song)
    assert (answer.status_code, answer.json()["code"]) == (503, "sound_not_checked")
    assert "libchromaprint1" in answer.text
