"""How well we know where a file came from is not for its importer to improve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.rules.grades import Evidence, evidence
from ledger.rules.holds import holds_against
from schemas.statements.asset import AssetImported
from schemas.statements.erasure import HoldPlaced
from schemas.statements.provider import ProviderRecordImported
from tests.house_of import House, digest, raises_code


@pytest.mark.parametrize(
    ("grade", "code"), [("gateway_captured", "grade_not_yours"), ("provider_record", "grade_without_record")]
)
def test_a_better_grade_than_its_evidence_is_refused(house: House, grade: str, code: str) -> None:
    body = AssetImported(asset=digest(), size_bytes=1, media_type="video/mp4", evidence_grade=grade)
    before = house.size
    raises_code(code, lambda: house.say_as("mara", body))
    assert house.size == before


def test_a_providers_record_names_its_job(house: House) -> None:
    body = AssetImported(
        asset=digest(), size_bytes=1, media_type="video/mp4", evidence_grade="provider_record", provider_job="video_1"
    )
    assert house.say_as("mara", body).index == house.size - 1


def record(asset: str, **members: Any) -> ProviderRecordImported:
    return ProviderRecordImported.example().model_copy(update={"asset": asset, "sealed_under": "job-1", **members})


def kept(house: House, body: ProviderRecordImported, subject: str = "job-1", sealed: str = "/body/record") -> int:
    return house.say_as("lib", body, sealed={sealed: "{}"}, subject=subject).index


def test_a_kept_record_makes_ones_own_word_a_providers_and_what_is_made_from_it_too(house: House) -> None:
    asset = house.asset()
    child = house.derived(asset)
    assert grade(house, child) == "self_declared"
    index = kept(house, record(asset))
    assert evidence(house.ledger.history(), asset) == Evidence("provider_record", index)
    assert grade(house, child) == "provider_record"


def test_what_is_made_from_several_files_is_known_as_well_as_the_weakest(house: House) -> None:
    known, loose = house.asset(), house.asset()
    kept(house, record(known))
    assert grade(house, house.derived(known, loose)) == "self_declared"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"asset": "ab" * 32}, "asset_unknown"),
        ({"status": "failed"}, "job_not_completed"),
        ({"completed_at": datetime(2025, 1, 1, tzinfo=UTC)}, "job_times_reversed"),
    ],
)
def test_a_record_that_is_no_evidence_is_refused(house: House, members: dict[str, Any], code: str) -> None:
    body = record(**{"asset": house.asset(), **members})
    raises_code(code, lambda: kept(house, body))


def test_a_record_comes_once_with_its_words_sealed_under_the_name_that_it_gives(house: House) -> None:
    body = record(house.asset())
    raises_code("record_missing", lambda: house.say_as("lib", body))
    raises_code("record_missing", lambda: kept(house, body, sealed="/body/notes"))
    raises_code("sealed_subject_differs", lambda: kept(house, body, subject="job-2"))
    kept(house, body)
    raises_code("record_known", lambda: kept(house, body))


def test_a_hold_on_the_file_keeps_the_prompts_sealed_about_it(house: House) -> None:
    asset = house.asset()
    kept(house, record(asset))
    house.say_as(
        "lena", HoldPlaced.example().model_copy(update={"hold": house.new_id(), "person": None, "asset": asset})
    )
    assert [reason.code for reason in holds_against(house.ledger.history(), "job-1")] == ["legal_hold"]


def grade(house: House, asset: str) -> str | None:
    found = evidence(house.ledger.history(), asset)
    return found.grade if found else None
