"""A file is judged with everything that it was made from; a signed twin keeps the approvals of its picture and sound."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.rules.decision import CONSENTS_MAX, decide
from ledger.rules.weighing import ENTRIES_NAMED_MAX
from schemas.statements.asset import AssetFlagged
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.review import ReviewApproved, ReviewRejected
from tests.house_of import House, digest, raises_code


def codes(house: House, asset: str, **overrides: Any) -> list[str]:
    return [rule.code for rule in house.decision(asset, **overrides).against]


def test_a_rejected_or_flagged_ancestor_closes_everything_made_from_it(house: House) -> None:
    first = house.examined(house.asset(house.generation()))
    last = house.approved(house.examined(house.derived(house.derived(first))))
    assert house.decision(last).allowed
    house.say_as("rob", ReviewRejected(asset=first, gate="brand", comment="the logo bends"))
    house.say_as("lena", AssetFlagged(asset=first, cause="dispute", detail="a claim was filed"))
    assert codes(house, last) == ["asset_rejected", "asset_flagged"]


def test_a_rejected_descendant_does_not_close_what_it_was_made_from(house: House) -> None:
    asset, _ = house.clip()
    child = house.derived(asset)
    house.say_as("rob", ReviewRejected(asset=child, gate="brand", comment="cut too short"))
    assert house.decision(asset).allowed


def test_the_consents_of_every_ancestor_count(house: House) -> None:
    consents = [house.consent(), house.consent(territories=["FR"])]
    parents = [house.examined(house.asset(house.generation(consents=[consent]))) for consent in consents]
    film = house.approved(house.examined(house.derived(*parents, relation="composited")))
    assert set(house.decision(film).consents) == set(consents)
    assert codes(house, film) == ["territory_out_of_scope"]
    assert codes(house, film, territory="FR") == []


def test_one_part_from_nowhere_spoils_the_composition(house: House) -> None:
    parts = [house.examined(house.asset(house.generation())), house.examined(house.asset())]
    film = house.approved(house.examined(house.derived(*parts, relation="composited")))
    assert codes(house, film) == ["origin_unrecorded"]


def test_approvals_do_not_pass_to_other_bytes(house: House) -> None:
    asset, _ = house.clip()
    copy = house.examined(house.derived(asset, relation="transcoded"))
    assert codes(house, copy) == [
        "faces_not_checked",
        "brand_not_approved",
        "rights_not_approved",
        "legal_not_approved",
    ]


def twin(house: House, relation: str = "signed", same: bool = True, look: bool = True) -> str:
    """A file approved at three gates, and one derived from it."""
    essence = digest()
    parent = house.asset(house.generation(consents=[house.consent()]))
    house.approved(house.examined(parent, essence=essence))
    child = house.derived(parent, relation=relation)
    return house.examined(child, essence=essence if same else digest(), c2pa="trusted") if look else child


def test_a_signed_twin_with_the_same_essence_keeps_its_approvals(house: House) -> None:
    assert house.decision(twin(house)).allowed


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"same": False}, 4),  # faces and three gates
        ({"relation": "transcoded"}, 4),
        ({"relation": "edited"}, 4),
        ({"look": False}, 5),  # not examined, of unknown medium, and three gates
    ],
)
def test_anything_less_than_a_signed_twin_needs_new_looks(house: House, changes: dict[str, Any], reasons: int) -> None:
    assert len(codes(house, twin(house, **changes))) == reasons


def test_a_twin_of_a_twin_keeps_them_too(house: House) -> None:
    essence = digest()
    name = house.approved(house.examined(house.asset(house.generation()), essence=essence))
    for _ in range(3):
        name = house.examined(house.derived(name, relation="signed"), essence=essence)
    assert house.decision(name).allowed


def test_a_newer_examination_that_finds_another_essence_ends_the_twinship(house: House) -> None:
    child = twin(house)
    house.examined(child, essence=digest(), c2pa="trusted")
    assert len(codes(house, child)) == 4


def test_one_person_does_not_pass_two_gates_by_way_of_a_twin(house: House) -> None:
    house.enrol("both", "ip-steward", "legal")
    essence = digest()
    parent = house.examined(house.asset(house.generation()), essence=essence)
    child = house.examined(house.derived(parent, relation="signed"), essence=essence)
    house.approved(parent, ("brand",))
    review(house, "both", parent, "rights")
    raises_code("one_gate_each", lambda: review(house, "both", child, "legal"))
    house.approved(child, ("legal",))
    assert house.decision(child).allowed


def test_two_gates_passed_by_one_person_in_another_order_are_not_three_people(house: House) -> None:
    house.enrol("both", "ip-steward", "legal")
    essence = digest()
    parent = house.examined(house.asset(house.generation()), essence=essence)
    child = house.examined(house.derived(parent, relation="signed"), essence=essence)
    review(house, "both", child, "legal")
    review(house, "both", parent, "rights")
    house.approved(parent, ("brand",))
    assert codes(house, child) == ["rights_not_independent", "legal_not_independent"]


def review(house: House, actor: str, asset: str, gate: str) -> None:
    house.say_as(actor, ReviewApproved.model_validate({"asset": asset, "gate": gate, "comment": "fine"}))


def test_a_question_about_the_past_does_not_see_what_came_later(house: House) -> None:
    asset, consent = house.clip()
    before = house.now()
    house.say_as(
        "ines", ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="changed my mind")
    )
    question = house.question(asset)
    assert decide(house.ledger.history(as_of=before), question, before).allowed
    assert not decide(house.ledger.history(), question, before).allowed


def test_a_long_family_is_weighed_and_cleared(house: House) -> None:
    """Each ancestor adds questions to the boundary; there is no size at which the append stops working."""
    name = house.examined(house.asset(house.generation()))
    for _ in range(150):
        name = house.derived(name)
    house.approved(house.examined(name))
    house.cleared(name)


def test_more_entries_than_a_verdict_can_name_are_cut_and_not_a_crash(house: House) -> None:
    asset, _ = house.clip()
    for cause in ("dispute", "rejected"):
        house.say_as("lena", AssetFlagged.model_validate({"asset": asset, "cause": cause, "detail": "again"}))
    child = asset
    for _ in range(ENTRIES_NAMED_MAX):
        child = house.derived(child)
        house.say_as("lena", AssetFlagged(asset=child, cause="dispute", detail="again"))
    rule = next(rule for rule in house.decision(child).weighed if rule.code == "asset_flagged")
    assert len(rule.entries) == ENTRIES_NAMED_MAX


def test_the_decision_is_the_same_at_the_same_size_and_instant(house: House) -> None:
    asset, _ = house.clip()
    at = datetime(2026, 10, 3, tzinfo=UTC)
    first = decide(house.ledger.history(), house.question(asset), at)
    house.brief()
    assert decide(house.ledger.history(), house.question(asset), at) == first


def test_more_people_than_one_verdict_can_weigh_is_our_own_error(house: House) -> None:
    consents = [house.consent() for _ in range(CONSENTS_MAX + 1)]
    brief = house.brief()
    asset = house.asset(house.generation(brief, consents[:11]))
    other = house.asset(house.generation(brief, consents[11:]))
    both = house.derived(asset, other, relation="composited")
    raises_code("consents_too_many", lambda: house.decision(both))
