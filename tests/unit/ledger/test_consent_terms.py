"""What has to be said in a request and in a grant, by whom, on whose word; each no cites the rule behind it (S4.2, S4.7)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.rules.consents import consent_state
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.consent_v1 import ConsentGrantedV1, ConsentRequestedV1, PersonRegisteredV1
from tests.house_of import CONSENT, House, raises_code
from tests.unit.ledger.test_people import ESTATE, MINOR, register

FULL: dict[str, Any] = {
    **CONSENT,
    "person": "p-1",
    "notice": {"sha256": "ab" * 32, "language": "pt-PT"},
    "business_reason": "The spring film.",
    "compensation": {"amount_minor": 0, "currency": "EUR"},
}
DOCUMENT = {"sha256": "dd" * 32, "witnessed_by": "rob"}


def ask(house: House, /, **changes: Any) -> ConsentRequested:
    body = ConsentRequested.model_validate({**FULL, "consent": house.new_id(), **changes})
    house.say_as("mara", body)
    return body


def give(house: House, asked: ConsentRequested, /, actor: str = "ines", **changes: Any) -> None:
    house.say_as(actor, ConsentGranted.model_validate({**asked.as_json(), **changes}))


def refused(error: Any) -> list[str]:
    return [reason.code for reason in error.reasons]


# -- the description -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("description", "codes"),
    [
        ("She walks through a café and lifts a cup; no speech, no product claims.", []),
        ("Sie geht durch ein Café und hebt eine Tasse; keine Sprache, keine Aussage.", []),
        ("Ela caminha por uma rua de Lisboa ao fim da tarde, sem falar com ninguém.", []),
        ("Advertising advertising advertising advertising, in a studio.", ["description_vague"]),
        ("Promotional content of every description for our valued brand and its partners.", ["description_names_nothing"]),
        ("She sits in an office, for any and all ends that our company may think of.", ["description_stock_phrase"]),
        ("She sits in an office, for ANY  and\nall ends that our company may think of.", ["description_stock_phrase"]),
        ("She sits in an office, for a\u200bny and ａll ends that our company may think of.", ["description_stock_phrase"]),
        ("She walks, in all media now known or hereafter devised, wherever we may want.", ["description_stock_phrase"] * 2),
        (
            "any purpose any purpose any purpose any purpose",
            ["description_vague", "description_stock_phrase", "description_names_nothing"],
        ),
    ],
)  # fmt: skip
def test_a_description_says_what_a_person_can_picture(house: House, description: str, codes: list[str]) -> None:
    register(house)
    if not codes:
        ask(house, specific_description=description)
        return
    error = raises_code(codes[0], lambda: ask(house, specific_description=description))
    assert refused(error) == codes
    assert all("[house 2026.11 specific-description; SPEC S4.7]" in reason.detail for reason in error.reasons)


def test_what_is_done_may_be_named_in_its_own_member(house: House) -> None:
    register(house)
    plain = "Promotional content of every description for our valued brand and its partners."
    ask(house, specific_description=plain, actions=["lifts a cup"])
    ask(house, specific_description=plain, setting="a café by day")


# -- who, how long, in what form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "changes", "codes"),
    [
        ({}, {"valid_until": "2036-10-03T00:00:00Z"}, ["term_too_long"]),
        ({"person_class": "private-individual"}, {"valid_until": "2029-10-02T00:00:00Z"}, ["term_too_long"]),
        (MINOR, {"valid_until": "2029-10-02T00:00:00Z"}, ["term_too_long"]),
        ({"person_class": "private-individual"}, {"notice": None}, ["notice_missing"]),
        (
            {"person_class": "private-individual"},
            {"notice": None, "business_reason": None, "compensation": None},
            ["notice_missing", "business_reason_missing", "compensation_missing"],
        ),
        (MINOR, {"notice": None}, ["notice_missing"]),
        (ESTATE, {}, ["post_mortem_missing"]),
        ({}, {"uses": ["model-training"]}, ["training_use_missing"]),
    ],
)
def test_a_request_lists_all_that_is_missing_and_the_rule_behind_each(
    house: House, who: dict[str, Any], changes: dict[str, Any], codes: list[str]
) -> None:
    register(house, **who)
    error = raises_code(codes[0], lambda: ask(house, **changes))
    assert refused(error) == codes
    assert all("[house 2026.11 " in reason.detail for reason in error.reasons)


@pytest.mark.parametrize(
    "who", [{}, MINOR, {"person_class": "private-individual"}, {"person_class": "influencer"}], ids=str
)
def test_what_is_complete_is_asked_for_and_given(house: House, who: dict[str, Any]) -> None:
    register(house, **who)
    asked = ask(house)
    give(house, asked)
    assert consent_state(house.ledger.history(), asked.consent, house.now()).in_force


def test_an_estate_gives_what_says_that_it_lasts_beyond_death(house: House) -> None:
    register(house, **ESTATE)
    asked = ask(house, post_mortem=True)
    give(house, asked)
    raises_code("post_mortem_missing", lambda: give(house, ask(house, post_mortem=True), post_mortem=False))


def test_an_old_shape_is_no_way_around_a_rule(house: House) -> None:
    register(house, person_class="private-individual")
    old = ConsentRequestedV1.model_validate({**CONSENT, "person": "p-1", "consent": house.new_id()})
    error = raises_code("notice_missing", lambda: house.say_as("mara", old))
    assert "own_key_missing" not in refused(error) and len(error.reasons) == 3


def test_an_old_shape_still_says_what_it_said(house: House) -> None:
    body = PersonRegisteredV1.model_validate({"person": "p-9", "person_class": "performer", "speaks_as": "ines"})
    house.say_as("ivy", body, sealed={"/body/name": "Inês"}, subject="p-9")
    words = {**CONSENT, "person": "p-9", "consent": house.new_id(), "uses": ["advertising", "training"]}
    house.say_as("mara", ConsentRequestedV1.model_validate(words))
    house.say_as("ines", ConsentGrantedV1.model_validate(words))
    state = consent_state(house.ledger.history(), words["consent"], house.now())
    assert state.in_force and state.training_use and state.grade == "own_key"
    assert isinstance(state.grant, ConsentGranted) and state.grant.notice is None
    assert [said.type for said in house.ledger.read(f"consent:{words['consent']}")] == [
        "consent.requested.v1",
        "consent.granted.v1",
    ]


# -- the grant's other terms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given", "codes"),
    [
        ({}, {"training_use": True}, ["training_use_beyond_request"]),
        ({}, {"post_mortem": True}, ["post_mortem_beyond_request"]),
        ({}, {"survives_engagement": True}, ["survives_engagement_beyond_request"]),
        ({}, {"exclusivity": "full"}, ["exclusivity_beyond_request"]),
        (
            {"exclusivity": "category", "exclusive_category": "coffee"},
            {"exclusive_category": "tea"},
            ["exclusivity_beyond_request"],
        ),
        ({}, {"compensation": {"amount_minor": 1, "currency": "EUR"}}, ["compensation_differs"]),
        ({}, {"business_reason": "Another one."}, ["business_reason_differs"]),
        ({}, {"actions": ["dances"]}, ["actions_differs"]),
        ({}, {"setting": "a beach"}, ["setting_differs"]),
        ({}, {"governing_law": "DE"}, ["governing_law_differs"]),
        ({}, {"notice": {"sha256": "ac" * 32, "language": "pt-PT"}}, ["notice_differs"]),
        ({}, {"notice": None, "setting": "a beach"}, ["setting_differs", "notice_differs"]),
    ],
)  # fmt: skip
def test_a_grant_adds_nothing_to_the_terms(
    house: House, asked: dict[str, Any], given: dict[str, Any], codes: list[str]
) -> None:
    register(house)
    request = ask(house, **asked)
    error = raises_code(codes[0], lambda: give(house, request, **given))
    assert refused(error) == codes


def test_a_grant_may_keep_the_cut_to_the_person_and_leave_exclusivity_out(house: House) -> None:
    register(house)
    asked = ask(house, exclusivity="full", training_use=True)
    give(house, asked, exclusivity="none", training_use=False, final_approval=True)


# -- on paper -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["ivy", "lena"])
def test_a_signed_document_is_recorded_with_a_witness_and_is_shown_as_weaker(house: House, actor: str) -> None:
    register(house)
    asked = ask(house)
    give(house, asked, actor, document=DOCUMENT)
    state = consent_state(house.ledger.history(), asked.consent, house.now())
    assert (state.state, state.grade) == ("given", "document")


def test_a_document_has_another_actor_as_witness_and_a_steward_behind_it(house: House) -> None:
    register(house)
    asked = ask(house)
    for witness in ("ivy", "nobody"):
        own = {**DOCUMENT, "witnessed_by": witness}
        raises_code("witness_missing", lambda d=own: give(house, asked, "ivy", document=d))
    raises_code("document_not_yours", lambda: give(house, asked, "ines", document=DOCUMENT))
    body = ConsentGranted.model_validate({**asked.as_json(), "document": DOCUMENT})
    raises_code("own_key_required", lambda: house.ledger.say(body, actor="ivy", method="token"))
    raises_code("not_the_person", lambda: give(house, asked, "ivy"))


@pytest.mark.parametrize("who", [MINOR, {"person_class": "private-individual"}], ids=["minor", "private"])
def test_a_document_is_not_enough_for_a_minor_or_a_private_individual(house: House, who: dict[str, Any]) -> None:
    register(house, **who)
    error = raises_code("own_key_missing", lambda: give(house, ask(house), "ivy", document=DOCUMENT))
    assert "[house 2026.11 form-" in error.reasons[0].detail
