"""How well we know where a file came from is not for its importer to improve."""

from __future__ import annotations

import pytest

from schemas.statements.asset import AssetImported
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
