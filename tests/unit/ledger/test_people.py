"""Who a person is and who speaks for them: adults, minors, the dead; speakers that change; engagements that end (S4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.rules.people import speaker
from schemas.statements.person import PersonEngagementEnded, PersonRegistered, PersonSpeakerChanged
from tests.house_of import House, raises_code

MINOR = {
    "life": "minor",
    "authority": "guardian",
    "authority_sha256": "c0" * 32,
    "majority_at": "2028-03-01T00:00:00Z",
}
ESTATE = {"life": "deceased", "authority": "estate", "authority_sha256": "c0" * 32, "died_in": 1999}


def register(house: House, /, **words: Any) -> str:
    body = {"person": "p-1", "person_class": "performer", "speaks_as": "ines", **words}
    house.say_as(
        "ivy", PersonRegistered.model_validate(body), sealed={"/body/name": "Inês"}, subject=str(body["person"])
    )
    return str(body["person"])


def change(house: House, /, **words: Any) -> PersonSpeakerChanged:
    body = {"person": "p-1", "life": "adult", "speaks_as": "joao", "authority": "self", "reason": "of age", **words}
    return PersonSpeakerChanged.model_validate(body)


@pytest.mark.parametrize("words", [{}, MINOR, ESTATE, {**MINOR, "life": "adult", "majority_at": None}])
def test_an_adult_a_minor_with_a_guardian_and_the_dead_with_an_estate_are_registered(
    house: House, words: dict[str, Any]
) -> None:
    register(house, **words)
    found = speaker(house.ledger.history(), "p-1")
    assert found is not None and found[1].speaks_as == "ines"


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ({**MINOR, "authority": "self", "authority_sha256": None}, ["guardian_missing"]),
        ({**MINOR, "authority": "estate"}, ["guardian_missing", "estate_of_the_living"]),
        ({**MINOR, "authority_sha256": None}, ["authority_unproven"]),
        ({**MINOR, "majority_at": None}, ["majority_missing"]),
        ({**MINOR, "majority_at": "2028-03-14T00:00:00Z"}, ["majority_not_rounded"]),
        ({**MINOR, "majority_at": "2028-03-01T00:00:00.000001Z"}, ["majority_not_rounded"]),
        ({**MINOR, "majority_at": "2026-10-01T00:00:00Z"}, ["majority_passed"]),
        ({"majority_at": "2028-03-01T00:00:00Z"}, ["majority_of_an_adult"]),
        ({**ESTATE, "authority": "guardian"}, ["estate_missing"]),
        ({**ESTATE, "authority_sha256": None}, ["authority_unproven"]),
        ({**ESTATE, "life": "adult"}, ["estate_of_the_living"]),
        ({"life": "minor", "speaks_as": "mara"}, ["speaker_not_talent", "guardian_missing", "majority_missing"]),
    ],
)
def test_an_authority_that_is_none_is_refused_with_every_reason(
    house: House, words: dict[str, Any], codes: list[str]
) -> None:
    error = raises_code(codes[0], lambda: register(house, **words))
    assert [reason.code for reason in error.reasons] == codes


def test_a_person_who_came_of_age_speaks_for_themselves(house: House) -> None:
    register(house, **MINOR)
    house.enrol("joao", "talent")
    house.say_as("ivy", change(house))
    found = speaker(house.ledger.history(), "p-1")
    assert found is not None and (found[1].speaks_as, found[1].life) == ("joao", "adult")
    raises_code("speaker_unchanged", lambda: house.say_as("lena", change(house)))


def test_whoever_changes_the_speaker_follows_the_same_rules(house: House) -> None:
    register(house)
    house.enrol("joao", "talent")
    raises_code("estate_missing", lambda: house.say_as("ivy", change(house, life="deceased")))
    raises_code("speaker_not_talent", lambda: house.say_as("ivy", change(house, speaks_as="mara")))
    raises_code("person_unknown", lambda: house.say_as("ivy", change(house, person="p-2")))
    raises_code("own_authority", lambda: house.say_as("ivy", change(house, speaks_as="ivy")))
    estate = {"life": "deceased", "authority": "estate", "authority_sha256": "c0" * 32}
    house.say_as("ivy", change(house, **estate))
    raises_code("life_reversed", lambda: house.say_as("ivy", change(house, speaks_as="ines")))


def test_an_engagement_ends_once_under_each_number_and_only_the_one_that_was_named(house: House) -> None:
    register(house, engagement={"kind": "employment", "reference": "e-1"})
    body = {**PersonEngagementEnded.example().as_json(), "person": "p-1", "engagement": "e-1"}
    raises_code(
        "engagement_unknown",
        lambda: house.say_as("ivy", PersonEngagementEnded.model_validate({**body, "engagement": "e-2"})),
    )
    raises_code(
        "person_unknown", lambda: house.say_as("ivy", PersonEngagementEnded.model_validate({**body, "person": "p-2"}))
    )
    house.say_as("ivy", PersonEngagementEnded.model_validate(body))
    raises_code("ending_known", lambda: house.say_as("lena", PersonEngagementEnded.model_validate(body)))
