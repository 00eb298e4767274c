"""Who may have whom forgotten, when, and what a hold stops (SPEC S6.6, S6.7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from ledger.errors import Forbidden, LedgerError, Refused
from ledger.rules.erasure import erasure_state
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.erasure import HoldPlaced, SubjectErasureBegun, SubjectErasureRequested
from schemas.statements.person import PersonRegistered
from tests.house_of import CONSENT, House, digest, raises_code
from tests.rights_of import listed_person
from tests.unit.erasure.said import begin, disclosure, erased, finish, hold, release, request


def stage(house: House, person: str) -> str:
    return erasure_state(house.ledger.history(), person).stage


def index_of(house: House, kind: str, person: str) -> int:
    return next(said.index for said in house.ledger.read(f"person:{person}", [kind]))


# -- the order -----------------------------------------------------------------------------------------------------


def test_an_erasure_is_asked_for_then_begun_then_done(house: House) -> None:
    person, stages = house.person(), []
    stages.append(stage(house, person))
    asked = request(house, person)
    stages.append(stage(house, person))
    begin(house, person, asked)
    stages.append(stage(house, person))
    finish(house, person, asked)
    assert [*stages, stage(house, person)] == ["kept", "requested", "begun", "erased"]


@pytest.mark.parametrize("step", [begin, finish])
def test_nothing_is_erased_that_nobody_asked_for(house: House, step) -> None:
    raises_code("erasure_not_requested", lambda: step(house, house.person(), digest()))


def test_nobody_unknown_is_erased(house: House) -> None:
    raises_code("person_unknown", lambda: request(house, "p-nobody"))
    raises_code("person_unknown", lambda: begin(house, "p-nobody", digest()))


def test_the_end_is_not_said_of_what_did_not_begin(house: House) -> None:
    person = house.person()
    asked = request(house, person)
    raises_code("erasure_not_begun", lambda: finish(house, person, asked))


def test_each_step_is_taken_once(house: House) -> None:
    person = house.person()
    asked = request(house, person)
    raises_code("erasure_requested_before", lambda: request(house, person, "lena"))
    begin(house, person, asked)
    raises_code("subject_erased", lambda: begin(house, person, asked))
    finish(house, person, asked)
    raises_code("erased_before", lambda: finish(house, person, asked))
    raises_code("subject_erased", lambda: request(house, person, "lena"))


def test_a_step_names_the_request_that_it_carries_out(house: House) -> None:
    person = house.person()
    asked = request(house, person)
    raises_code("erasure_request_differs", lambda: begin(house, person, digest()))
    begin(house, person, asked)
    raises_code("erasure_request_differs", lambda: finish(house, person, digest()))


# -- who asks ------------------------------------------------------------------------------------------------------


def test_legal_may_order_what_the_person_did_not_ask_for(house: House) -> None:
    person = house.person()
    begin(house, person, request(house, person, "lena"))


def test_legal_has_somebody_forgotten_who_is_only_listed_and_nobody_else_does(house: House) -> None:
    listed_person(house, "p-listed", "Zephyrine Quellwasser")
    raises_code("not_the_person", lambda: request(house, "p-listed"))
    asked = request(house, "p-listed", "lena")
    begin(house, "p-listed", asked)
    raises_code("subject_erased", lambda: listed_person(house, "p-listed", "Zephyrine Quellwasser"))
    finish(house, "p-listed", asked)
    assert stage(house, "p-listed") == "erased"


def test_a_hold_keeps_the_names_of_somebody_who_is_only_listed(house: House) -> None:
    listed_person(house, "p-listed", "Zephyrine Quellwasser")
    placed, asked = hold(house, person="p-listed"), request(house, "p-listed", "lena")
    raises_code("legal_hold", lambda: begin(house, "p-listed", asked))
    release(house, placed)
    begin(house, "p-listed", asked)


def test_another_talent_does_not_ask_for_somebody_else(house: House) -> None:
    house.enrol("joao", "talent")
    raises_code("not_the_person", lambda: request(house, house.person(), "joao"))


@pytest.mark.parametrize("actor", ["ines", "lena"])
def test_nobody_has_it_asked_for_on_their_behalf(house: House, actor: str) -> None:
    body = SubjectErasureRequested(person=house.person(), ground="objection")
    raises_code("own_key_required", lambda: house.ledger.say(body, actor=actor, method="bearer"))


@pytest.mark.parametrize("actor", ["mara", "ivy", "lena", "ines"])
def test_only_the_service_says_that_it_began_or_is_done(house: House, actor: str) -> None:
    person = house.person()
    asked = request(house, person)
    with pytest.raises(Forbidden, match="role_not_permitted"):
        house.say_as(actor, SubjectErasureBegun(person=person, request_sha256=asked))


# -- holds ---------------------------------------------------------------------------------------------------------


def test_a_hold_that_stands_blocks_the_erasure_and_is_named(house: House) -> None:
    person = house.person()
    asked = request(house, person)
    hold(house, person=person)
    for step in (begin, finish):
        error = raises_code("legal_hold", lambda step=step: step(house, person, asked))
        assert [reason.entry_index for reason in error.reasons] == [index_of(house, "hold.placed.v1", person)]


def test_a_released_hold_blocks_nothing_and_another_one_still_does(house: House) -> None:
    person = house.person()
    asked, first, second = request(house, person), hold(house, person=person), hold(house, person=person)
    release(house, first)
    error = raises_code("legal_hold", lambda: begin(house, person, asked))
    assert len(error.reasons) == 1 and second.hold in error.reasons[0].detail
    release(house, second)
    begin(house, person, asked)


def test_a_hold_does_not_stop_the_asking(house: House) -> None:
    person = house.person()
    hold(house, person=person)
    request(house, person)


def test_a_hold_on_one_person_leaves_the_others(house: House) -> None:
    person = house.person()
    hold(house, person=house.person())
    begin(house, person, request(house, person))


@pytest.mark.parametrize("made_from_it", [False, True])
def test_a_hold_on_a_file_protects_the_people_in_it(house: House, made_from_it: bool) -> None:
    asset, consent = house.clip()
    person, held = house.granted(consent).person, house.derived(asset) if made_from_it else asset
    asked, placed = request(house, person), hold(house, asset=held)
    error = raises_code("legal_hold", lambda: begin(house, person, asked))
    assert held in error.reasons[0].detail
    release(house, placed)
    begin(house, person, asked)


def test_a_hold_on_a_file_without_the_person_leaves_them(house: House) -> None:
    asset, _ = house.clip()
    person = house.person()
    hold(house, asset=asset)
    begin(house, person, request(house, person))


def test_every_hold_is_listed(house: House) -> None:
    asset, consent = house.clip()
    person = house.granted(consent).person
    hold(house, person=person), hold(house, asset=asset)
    asked = request(house, person)
    error = raises_code("legal_hold", lambda: begin(house, person, asked))
    assert [reason.code for reason in error.reasons] == ["legal_hold", "legal_hold"]


def test_once_it_began_no_hold_comes_in_between(house: House) -> None:
    person = house.person()
    begin(house, person, request(house, person))
    error = raises_code("subject_erased", lambda: hold(house, person=person))
    assert error.reasons[0].entry_index == index_of(house, "subject.erasure-begun.v1", person)


def test_a_hold_and_the_beginning_at_one_instant_are_never_both_accepted(house: House) -> None:
    for _ in range(5):
        person = house.person()
        asked = request(house, person)
        outcomes = at_once(partial(hold, house, person=person), partial(begin, house, person, asked))
        assert outcomes.count("accepted") == 1, outcomes


def at_once(*calls: Callable[[], object]) -> list[str]:
    """What became of calls that start together: accepted, or the code of the refusal."""
    meet, outcomes = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        meet.wait()
        try:
            call()
            outcomes.append("accepted")
        except LedgerError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_hold_is_on_exactly_one_known_thing(house: House) -> None:
    raises_code("person_unknown", lambda: hold(house, person="p-nobody"))
    raises_code("asset_unknown", lambda: hold(house, asset=digest()))
    for target in ({}, {"person": "p-1", "asset": digest()}):
        with pytest.raises(ValueError, match="exactly one"):
            HoldPlaced.model_validate({"hold": house.new_id(), "matter": "m", "reason": "x", **target})


def test_a_hold_is_placed_once_and_released_once_as_it_was_placed(house: House) -> None:
    person = house.person()
    placed = hold(house, person=person)
    raises_code("hold_known", lambda: house.say_as("lena", placed))
    raises_code("hold_unknown", lambda: release(house, placed, hold=house.new_id()))
    raises_code("hold_differs", lambda: release(house, placed, person=house.person()))
    raises_code("hold_differs", lambda: release(house, placed, matter="m-other"))
    release(house, placed)
    raises_code("hold_released", lambda: release(house, placed))


# -- afterwards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how_far", ["begun", "erased"])
def test_a_forgotten_pseudonym_is_not_used_again(house: House, how_far: str) -> None:
    consent = house.consent(granted=False)
    person = house.requested(consent).person
    if how_far == "erased":
        erased(house, person)
    else:
        begin(house, person, request(house, person))
    scope = {**CONSENT, "consent": house.new_id(), "person": person}
    raises_code("subject_erased", lambda: house.person(name=person))
    raises_code("subject_erased", lambda: house.say_as("mara", ConsentRequested.model_validate(scope)))
    grant = ConsentGranted.model_validate({**scope, "consent": consent})
    raises_code("subject_erased", lambda: house.say_as("ines", grant))
    raises_code("subject_erased", lambda: house.say_as("lena", disclosure(house, person)))


def test_nothing_is_sealed_under_a_forgotten_pseudonym_by_a_statement_about_somebody_else(house: House) -> None:
    person = house.person()
    erased(house, person)
    body = PersonRegistered.model_validate({"person": "p-else", "person_class": "performer", "speaks_as": "ines"})
    with pytest.raises(Refused, match="subject_erased"):
        house.say_as("ivy", body, sealed={"/body/name": "Somebody"}, subject=person)


def test_a_disclosure_is_of_a_field_that_is_sealed(house: House) -> None:
    person = house.person()
    house.say_as("lena", disclosure(house, person))
    for wrong in ({"pointer": "/body/contact"}, {"statement": house.new_id()}, {"person": house.person()}):
        body = disclosure(house, person).model_copy(update=wrong)
        raises_code("sealed_unknown", lambda body=body: house.say_as("lena", body))
