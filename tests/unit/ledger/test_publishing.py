"""What is asked of a file beside the gates: signals it kept, checklists, second looks, and none of it under older rules."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ledger.rules.decision import decide
from ledger.rules.publishing import CHECKLISTS_MAX, SIGNALS, required_signals
from schemas.statements.asset import AssetExamined, FindingRecord
from schemas.statements.publishing import (
    ChecklistAdopted,
    ChecklistAnswered,
    SamplingAdopted,
    SignalPolicyAdopted,
)
from schemas.statements.review import ReviewApproved
from tests.house_of import House, digest, raises_code


def looked(house: House, asset: str, c2pa: str = "absent", **findings: Any) -> str:
    """An examination: a state for each finding, or the states of templates."""
    records = [
        FindingRecord.model_validate(
            {"extractor": name, "algorithm": "x", "version": "1", **(one if isinstance(one, dict) else {"state": one})}
        )
        for name, one in findings.items()
    ]
    probe = FindingRecord(extractor="probe", algorithm="libav", version="1", state="found", detail={"medium": "video"})
    house.ledger.say(
        AssetExamined(
            asset=asset,
            examination_sha256=digest(),
            c2pa_state=c2pa,
            c2pa_ingredients_state="none",
            findings=(probe, *records),
        )
    )
    return asset


def marks(**states: str) -> dict[str, Any]:
    """One visible-mark finding with these templates."""
    each = [{"template": name, "state": state} for name, state in states.items()]
    whole = next((state for state in ("found", "not_checked") if state in states.values()), "absent")
    return {"state": whole, "detail": {"templates": each}}


def signals(house: House, asset: str) -> set[tuple[str, str]]:
    return {(row.code, row.outcome) for row in house.decision(asset).weighed if row.rule == "signals"}


def line(house: House, before: dict[str, Any], after: dict[str, Any]) -> str:
    """A file and what was made from it, each examined; the second's digest."""
    parent = looked(house, house.asset(), **before)
    return looked(house, house.derived(parent), **after)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"c2pa": "trusted"}, {"c2pa": "absent"}, {("c2pa_lost", "fail")}),
        ({"c2pa": "expired"}, {"c2pa": "trusted"}, {("c2pa_kept", "pass")}),
        ({"c2pa": "untrusted"}, {"c2pa": "not_checked"}, {("c2pa_not_checked", "not_checked")}),
        ({"c2pa": "tampered"}, {"c2pa": "absent"}, set()),
        ({"visible_mark": "found"}, {"visible_mark": "absent"}, {("visible_mark_lost", "fail")}),
        ({"visible_mark": "found"}, {}, {("visible_mark_not_checked", "not_checked")}),
        ({"visible_mark": "not_checked"}, {"visible_mark": "absent"}, set()),
        ({"visible_mark": marks(sora="found", ours="found")}, {"visible_mark": marks(sora="found", ours="absent")},
         {("visible_mark_lost", "fail")}),
        ({"visible_mark": marks(sora="found")}, {"visible_mark": marks(ours="found")},
         {("visible_mark_not_checked", "not_checked")}),
        ({"invisible_watermark": "found"}, {"invisible_watermark": "found"}, {("invisible_watermark_kept", "pass")}),
        ({"c2pa": "trusted", "visible_mark": "found"}, {"c2pa": "trusted", "visible_mark": "absent"},
         {("visible_mark_lost", "fail")}),
    ],
)  # fmt: skip
def test_a_signal_that_what_it_was_made_from_had_must_be_there(
    house: House, before: dict[str, Any], after: dict[str, Any], told: set[tuple[str, str]]
) -> None:
    asset = line(house, before, after)
    assert signals(house, asset) == told
    older = decide(house.ledger.history(), house.question(asset), house.now(), "5")
    assert not [row for row in older.weighed if row.rule == "signals"]


def test_the_nearest_that_had_it_counts_and_an_ancestor_that_nobody_examined_is_not_known(house: House) -> None:
    stripped = line(house, {"c2pa": "trusted"}, {"c2pa": "absent"})
    again = looked(house, house.derived(stripped, relation="signed"), c2pa="trusted")
    assert signals(house, again) == {("c2pa_kept", "pass")}
    unseen = looked(house, house.derived(house.asset()))
    assert signals(house, unseen) == {("signals_not_known", "not_checked")}
    assert signals(house, looked(house, house.asset(), c2pa="trusted")) == set()


def test_the_policy_names_what_has_to_be_kept_and_all_of_it_before_any(house: House) -> None:
    asset = line(house, {"c2pa": "trusted", "visible_mark": "found"}, {"c2pa": "absent", "visible_mark": "absent"})
    assert required_signals(house.ledger.history()) == SIGNALS
    house.say_as("lena", SignalPolicyAdopted(required=("visible_mark",), reason="a platform strips manifests"))
    assert signals(house, asset) == {("visible_mark_lost", "fail")}
    house.say_as("lena", SignalPolicyAdopted(required=(), reason="for a test"))
    assert signals(house, asset) == set()
    same = SignalPolicyAdopted(required=(), reason="again")
    raises_code("signal_policy_unchanged", lambda: house.say_as("lena", same))
    with pytest.raises(ValidationError):
        SignalPolicyAdopted.model_validate({"required": ["c2pa", "c2pa"], "reason": "twice"})


def checklist(**words: Any) -> ChecklistAdopted:
    return ChecklistAdopted.model_validate({**ChecklistAdopted.example().as_json(), **words})


def answered(asset: str, **words: Any) -> ChecklistAnswered:
    return ChecklistAnswered.model_validate({**ChecklistAnswered.example().as_json(), "asset": asset, **words})


def test_versions_of_a_checklist_follow_each_other_and_an_empty_one_ends_it(house: House) -> None:
    raises_code("checklist_version", lambda: house.say_as("ivy", checklist(version=2)))
    raises_code("checklist_empty", lambda: house.say_as("ivy", checklist(items=[])))
    house.say_as("ivy", checklist())
    asset = house.examined(house.asset())
    rows = [row for row in house.decision(asset).weighed if row.rule == "checklist"]
    assert [(row.code, row.outcome) for row in rows] == [("checklist_not_answered", "not_checked")]
    house.say_as("ivy", checklist(version=2, items=[]))
    assert not [row for row in house.decision(asset).weighed if row.rule == "checklist"]
    for n in range(CHECKLISTS_MAX):
        house.say_as("ivy", checklist(checklist=f"list-{n}"))
    raises_code("checklists_too_many", lambda: house.say_as("ivy", checklist(checklist="one-more")))


def test_answers_that_are_refused(house: House) -> None:
    house.enrol("lior", "librarian")
    asset = house.examined(house.asset(actor="lior"))
    raises_code("checklist_unknown", lambda: house.say_as("rob", answered(asset)))
    house.say_as("ivy", checklist())
    raises_code("asset_unknown", lambda: house.say_as("rob", answered("ab" * 32)))
    raises_code("checklist_outdated", lambda: house.say_as("rob", answered(asset, version=2)))
    strange = [{"item": "weather", "answer": "yes"}]
    raises_code("checklist_item_unknown", lambda: house.say_as("rob", answered(asset, answers=strange)))
    raises_code("gate_not_yours", lambda: house.say_as("lena", answered(asset)))
    raises_code("own_work", lambda: house.say_as("lior", answered(asset)))
    house.say_as("rob", answered(asset))
    for wrong in ({"answers": strange * 2}, {"answers": []}):
        with pytest.raises(ValidationError):
            answered(asset, **wrong)
    with pytest.raises(ValidationError):
        checklist(items=[{"id": "a", "question": "x"}] * 2)


def test_about_as_many_files_are_drawn_as_the_policy_says_and_always_the_same(house: House) -> None:
    house.enrol("lior", "librarian")
    assets = [house.approved(house.examined(house.asset())) for _ in range(40)]
    house.say_as("ivy", SamplingAdopted(gate="brand", permille=500, with_people=False, reason="half of them"))

    def drawn() -> list[str]:
        return [one for one in assets if "brand_second_look_missing" in {r.code for r in house.decision(one).weighed}]

    first = drawn()
    assert 5 < len(first) < 35 and drawn() == first
    second = ReviewApproved.model_validate({"asset": first[0], "gate": "brand", "comment": "again"})
    house.say_as("lior", second)
    assert first[0] not in drawn()
    free = next(one for one in assets if one not in first)
    again = second.model_copy(update={"asset": free})
    raises_code("gate_passed_already", lambda: house.say_as("lior", again))
