"""Which known asset is this sound of? Real files in an index: excerpts, speed, mixes, strangers, and a rebuilt view."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ledger.media.c2pa_report import C2paReport
from ledger.media.examine import examine
from ledger.media.findings import QUERY_VARIANTS, Examination
from ledger.media.soundprint import SoundPrint
from ledger.media.trust import TrustSettings
from projections.sounds import SoundMatch
from projections.views import Views
from schemas.statements.asset import AssetExamined, FindingRecord
from tests.house_of import House, digest
from tests.sounds_of import RATE_HZ, Sound, sped, tune, written
from tests.unit.projections.material import dump, open_views

pytestmark = pytest.mark.usefixtures("chromaprint")
SOUND = "audio_fingerprint"


def keep(house: House, tmp_path: Path, sound: Sound) -> str:
    """An asset of the house with this sound."""
    found = examine(written(tmp_path / "kept.wav", sound), frozenset({SOUND}), TrustSettings(), datetime.now(UTC))
    asset = house.asset()
    report = Examination(asset, 1, None, C2paReport("absent", "none"), None, None, (), sound=found.sound)
    body = AssetExamined(
        asset=asset,
        examination_sha256=house.blobs.put(json.dumps(report.as_json()).encode()),
        essence_sha256=digest(),
        c2pa_state="absent",
        c2pa_ingredients_state="none",
        findings=(FindingRecord.model_validate(found.findings[SOUND].as_json()),),
    )
    house.ledger.say(body)
    return asset


def search(views: Views, tmp_path: Path, sound: Sound) -> list[SoundMatch]:
    path = written(tmp_path / "asked.wav", sound)
    found = examine(path, frozenset({SOUND, QUERY_VARIANTS}), TrustSettings(), datetime.now(UTC))
    assert found.sound is not None
    views.catch_up()
    return views.sounds.search(found.sound, variants=found.sound_variants)


def test_an_excerpt_names_the_seconds_on_both_sides(house: House, views: Views, tmp_path: Path) -> None:
    whole = tune(1, 20)
    asset, _ = keep(house, tmp_path, whole), keep(house, tmp_path, tune(2, 20))
    (match,) = search(views, tmp_path, np.concatenate([tune(9, 6), whole[8 * RATE_HZ : 18 * RATE_HZ]]))
    assert (match.asset_sha256, match.decision, match.speed_permille) == (asset, "copy", 1000)
    assert abs((match.reference_ms - match.query_ms) - 2_000) < 150
    assert 5_000 < match.query_ms < 8_000  # a sub-fingerprint looks ahead: to within a second
    assert 5_000 < match.matched_ms < 9_000
    assert match.error_permille <= match.as_json()["threshold_permille"] == 125


def test_a_faster_copy_is_found_by_the_variant_that_slows_it_down(house: House, views: Views, tmp_path: Path) -> None:
    whole = tune(1, 12)
    asset = keep(house, tmp_path, whole)
    (match,) = search(views, tmp_path, sped(whole, 1.05))
    assert (match.asset_sha256, match.decision, match.speed_permille) == (asset, "copy", 1050)
    assert match.as_json()["transform"] == "speed"


def test_a_song_under_another_voice_is_at_least_a_candidate(house: House, views: Views, tmp_path: Path) -> None:
    song, voice = tune(1, 15), tune(8, 15)
    asset = keep(house, tmp_path, song)
    (match,) = search(views, tmp_path, (song * 0.7 + voice * 0.15).astype(np.int16))
    assert match.asset_sha256 == asset


def test_a_stranger_finds_nothing_and_an_empty_house_neither(house: House, views: Views, tmp_path: Path) -> None:
    assert search(views, tmp_path, tune(3)) == []
    keep(house, tmp_path, tune(1))
    assert search(views, tmp_path, tune(3)) == []


def test_prints_of_another_algorithm_are_never_compared(house: House, views: Views, tmp_path: Path) -> None:
    song = tune(1)
    asset = keep(house, tmp_path, song)
    (match,) = search(views, tmp_path, song)
    assert views.sounds.knows(asset)
    other = SoundPrint("another", "1", "00" * 400)
    assert match.algorithm == "chromaprint-test2@11025hz-mono"
    assert views.sounds.search(other) == []


def test_a_rebuilt_index_of_sounds_equals_the_live_one(house: House, views: Views, tmp_path: Path) -> None:
    song = tune(1)
    keep(house, tmp_path, song)
    before = search(views, tmp_path, song)
    again = open_views(house, "again.sqlite")
    try:
        assert search(again, tmp_path, song) == before != []
        assert dump(again.path)["sounds_asset"] == dump(views.path)["sounds_asset"] != []
    finally:
        again.close()
