"""What files are looked through for: marks and style kits, by whom they may be said, the newest counting (SPEC S15.1)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ledger.rules.criteria import KITS_MAX, TEMPLATES_MAX, kits, templates
from schemas.statements.criteria import MarkTemplateRegistered, StyleKitAdopted
from tests.house_of import House, raises_code

KIT = StyleKitAdopted.example().as_json()
EMPTY: dict[str, Any] = {"palette": None, "logos": [], "texts": []}


def mark(**words: Any) -> MarkTemplateRegistered:
    return MarkTemplateRegistered.model_validate({**MarkTemplateRegistered.example().as_json(), **words})


def kit(**words: Any) -> StyleKitAdopted:
    return StyleKitAdopted.model_validate({**KIT, **words})


def test_the_newest_registration_of_a_mark_counts_until_it_is_ended(house: House) -> None:
    house.say_as("ivy", mark())
    house.say_as("lena", mark(image_sha256="aa" * 32))
    house.say_as("ivy", mark(template="other", image_sha256="bb" * 32))
    found = {one.template: one.image_sha256 for one in templates(house.ledger.history())}
    assert found == {"sora-2025": "aa" * 32, "other": "bb" * 32}
    house.say_as("ivy", mark(image_sha256=None))
    assert [one.template for one in templates(house.ledger.history())] == ["other"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({}, "mark_template_unchanged"),
        ({"template": "all"}, "criterion_name_reserved"),
        ({"template": "never-was", "image_sha256": None}, "mark_template_unknown"),
    ],
)
def test_marks_that_are_refused(house: House, words: dict[str, Any], code: str) -> None:
    house.say_as("ivy", mark())
    raises_code(code, lambda: house.say_as("ivy", mark(**words)))


def test_no_more_marks_and_kits_stand_than_an_examination_looks_for(house: House) -> None:
    for n in range(TEMPLATES_MAX):
        house.say_as("ivy", mark(template=f"mark-{n}"))
    raises_code("mark_templates_too_many", lambda: house.say_as("ivy", mark(template="one-more")))
    for n in range(KITS_MAX):
        house.say_as("ivy", kit(kit=f"kit-{n}"))
    raises_code("style_kits_too_many", lambda: house.say_as("ivy", kit(kit="one-more")))


def test_versions_of_a_kit_follow_each_other_and_an_empty_one_ends_it(house: House) -> None:
    raises_code("style_kit_version", lambda: house.say_as("mara", kit(version=2)))
    raises_code("style_kit_empty", lambda: house.say_as("mara", kit(**EMPTY)))
    house.say_as("mara", kit())
    raises_code("style_kit_version", lambda: house.say_as("mara", kit()))
    raises_code("criterion_name_reserved", lambda: house.say_as("mara", kit(kit="all")))
    house.say_as("mara", kit(version=2, logos=[]))
    assert [(one.version, one.logos) for one in kits(house.ledger.history())] == [(2, ())]
    house.say_as("mara", kit(version=3, **EMPTY))
    assert kits(house.ledger.history()) == ()


@pytest.mark.parametrize(
    "words",
    [
        {"texts": [{"id": "palette", "text": "twice the same id"}]},
        {"palette": KIT["palette"] | {"colours": []}},
        {"palette": KIT["palette"] | {"colours": [{"id": "red", "name": "Red", "rgb": "red"}]}},
        {"palette": KIT["palette"] | {"delta_e_tenths_max": 0}},
        {"texts": [{"id": "long", "text": "x", "seconds_min": 601}]},
    ],
)
def test_kits_that_are_no_kits(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kit(**words)


@pytest.mark.parametrize("width", [19, 901, 200.0])
def test_a_mark_has_a_width_that_a_picture_can_hold(width: float) -> None:
    with pytest.raises(ValidationError):
        mark(width_permille=width)
