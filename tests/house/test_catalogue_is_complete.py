"""A statement type is in every place it must be in, or in none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.rules.book import RULES
from ledger.rules.permissions import PERMISSIONS, SELF
from projections.topics import TOPICS
from projections.views import PROJECTIONS
from schemas.base import Body
from schemas.catalogue import BODIES, TYPES

ROOT = Path(__file__).resolve().parents[2]


def test_every_type_has_exactly_one_rule_and_one_row_of_permissions() -> None:
    assert set(RULES) == TYPES
    assert set(PERMISSIONS) == TYPES
    assert SELF <= TYPES


def test_every_type_is_in_exactly_one_topic() -> None:
    named = [name for topic in TOPICS for name in topic]
    assert sorted(named) == sorted(TYPES)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_every_projection_handles_or_ignores_every_type(projection) -> None:
    assert projection.handled | projection.ignored == TYPES
    assert not projection.handled & projection.ignored


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_every_type_has_an_example_that_survives_a_round_trip(body: type[Body]) -> None:
    example = body.example()
    assert body.model_validate(example.as_json()) == example
    assert example.tags()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_every_type_has_a_golden_vector_and_is_in_the_specification(body: type[Body]) -> None:
    assert list((ROOT / "tests/vectors/statements").glob(f"{body.TYPE}*")), "run `make vectors`"
    assert f"`{body.TYPE}`" in (ROOT / "schemas/SPEC.md").read_text(encoding="utf-8")
