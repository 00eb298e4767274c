"""What matches stand for in a decision, and who may say what about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.services.comparing import compare_all
from api.services.match_answers import matching_answer
from ledger.media.findings import QUERY_CODES_MAX
from ledger.rules.lineage import ancestors
from projections.matchbook import Recorded
from schemas.base import new_id
from schemas.statements.match import MatchCompared, MatchFound, MatchReviewed
from schemas.statements.reference import ReferenceRegistered, ReferenceSwept, ReferenceWithdrawn
from tests.house_of import House, digest, raises_code
from tests.matching_of import POLICY, Desk
from tests.unit.projections.material import clip, codes, examine, fingerprints, turned


def near(desk: Desk, bits: int = 10, *, forbidden: bool = False) -> tuple[str, Recorded]:
    """A file so many bits from a work, compared; the match."""
    run = codes(8, 1)
    _ = desk.forbidden(run) if forbidden else desk.reference(run)
    asset = clip(desk.house, [turned(code, bits) for code in run])
    compare_all(desk.services)
    (match,) = desk.matches(asset=asset)
    return asset, match


def test_without_references_nothing_is_weighed(desk: Desk) -> None:
    asset = clip(desk.house, codes(4, 1))
    assert [row for row in desk.house.decision(asset).weighed if row.rule == "match"] == []


def test_what_nobody_compared_is_no_yes(desk: Desk) -> None:
    desk.reference(codes(8, 1))
    asset = clip(desk.house, codes(8, 2))
    assert desk.against(asset) == {("not_checked", "references_not_compared")}
    compare_all(desk.services)
    assert desk.against(asset) == set()
    assert [row.rule for row in desk.house.decision(asset).weighed].count("match") == 1  # a reason is given once


@pytest.mark.parametrize(
    ("medium", "state", "against"),
    [
        ("audio", "unsupported", set()),
        ("video", "failed", {("not_checked", "picture_not_fingerprinted")}),
        ("still", "unsupported", {("not_checked", "picture_not_fingerprinted")}),
        ("", "found", {("not_checked", "picture_not_fingerprinted")}),
    ],
)
def test_only_sound_needs_no_comparison_and_a_picture_that_nobody_could_read_is_no_yes(
    desk: Desk, medium: str, state: str, against: set[Any]
) -> None:
    desk.reference(codes(8, 1))
    asset = clip(desk.house, medium=medium, pdq=state)
    compare_all(desk.services)
    assert desk.against(asset) == against


@pytest.mark.parametrize(
    ("verdict", "against"),
    [("same", {("fail", "match_confirmed")}), ("innocent", set()), ("different", set())],
)
def test_a_match_waits_for_a_person_and_their_newest_word_counts(desk: Desk, verdict: str, against: set[Any]) -> None:
    asset, match = near(desk)
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}
    assert [one.match for one in desk.matches(waiting=True)] == [match.match]
    desk.review(match, "same" if verdict != "same" else "different")
    desk.review(match, verdict)
    assert desk.against(asset) == against and desk.matches(waiting=True) == []


def test_a_copy_of_what_may_not_be_generated_is_a_no_at_once_and_a_candidate_waits(desk: Desk) -> None:
    asset, match = near(desk, forbidden=True)
    assert desk.against(asset) == {("fail", "match_may_not_be_generated")}
    desk.review(match, "different")
    assert desk.against(asset) == set()


def test_a_candidate_of_what_may_not_be_generated_waits_for_a_person(desk: Desk) -> None:
    asset, _ = near(desk, 50, forbidden=True)
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}


def test_what_is_made_from_a_file_inherits_its_matches(desk: Desk) -> None:
    asset, _ = near(desk)
    assert ("not_checked", "match_not_reviewed") in desk.against(desk.house.derived(asset))


@pytest.mark.parametrize("referenced", [True, False])
def test_an_ancestor_that_nobody_examined_is_no_yes(desk: Desk, referenced: bool) -> None:
    if referenced:
        desk.reference(codes(8, 1))
    house, stranger = desk.house, desk.house.asset()
    asset = examine(house, house.derived(house.derived(stranger)), fingerprints(codes(8, 2)))
    compare_all(desk.services)
    assert desk.against(asset) == ({("not_checked", "ancestor_not_examined")} if referenced else set())
    for unseen in ancestors(house.ledger.history(), asset)[1:]:
        examine(house, unseen, fingerprints(codes(8, 3)))
    compare_all(desk.services)
    assert desk.against(asset) == set()


def test_a_reference_that_came_later_is_no_yes_before_it_was_looked_for(desk: Desk) -> None:
    desk.reference(codes(8, 1))
    asset = clip(desk.house, codes(8, 2))
    compare_all(desk.services)
    later = desk.reference(codes(8, 3))
    assert desk.against(asset) == {("not_checked", "reference_not_looked_for")}
    compare_all(desk.services)
    assert desk.against(asset) == set()
    for withdrawn in (later, desk.reference(codes(8, 4))):
        desk.withdraw(withdrawn)
    assert desk.against(asset) == set()


def test_the_word_on_a_pair_outlives_a_new_policy(desk: Desk) -> None:
    """Known-innocent matches are not asked about again."""
    asset, match = near(desk, 50)
    desk.review(match, "innocent")
    compare_all(desk.services, policy=replace(POLICY, sha256="ef" * 32, copy_bits_max=55))
    (again,) = desk.matches(asset=asset)
    assert (again.decision, again.verdict) == ("copy", "innocent") and again.match != match.match
    assert desk.against(asset) == set() and desk.matches(waiting=True) == []


def test_a_flood_waits_for_a_person_too(desk: Desk) -> None:
    asset = clip(desk.house, codes(8, 1))
    index = desk.house.size - 1
    flood = {"asset": asset, "as_of": index, "policy": POLICY.sha256, "algorithm": "pdq", "references": 900}
    desk.house.ledger.say(MatchCompared(**flood, found=900, changed=0, flooded=True))
    assert desk.against(asset) == {("not_checked", "match_flood_not_reviewed")}
    for verdict, against in (("same", {("fail", "match_flood_confirmed")}), ("different", set())):
        body = {"asset": asset, "verdict": verdict, "comment": "a title card"}
        desk.house.say_as("rob", MatchReviewed.model_validate(body))
        assert desk.against(asset) == against


def test_reviews_give_the_error_rates(desk: Desk) -> None:
    desk.reference(codes(8, 1))
    for n, verdict in enumerate(("same", "innocent", "different", "different")):
        asset = clip(desk.house, [turned(code, 10 if n < 3 else 50) for code in codes(8, 1)])
        compare_all(desk.services)
        desk.review(desk.matches(asset=asset)[0], verdict)
    desk.views.catch_up()
    rates = desk.views.matchbook.error_rates("picture")
    assert rates == {"candidate": {"reviewed": 1, "false": 1}, "copy": {"reviewed": 3, "false": 1}}


def test_the_rate_counts_every_comparison_that_one_frame_takes(desk: Desk) -> None:
    """A frame that is looked for has parts, and each is compared with the parts of every frame."""
    near(desk)
    clip(desk.house, codes(8, 4), framings=[codes(12, n) for n in range(20, 28)])
    matching = matching_answer(desk.services)
    assert (matching.codes, matching.comparisons) == (16 + 96, 16 + QUERY_CODES_MAX * 96)
    assert (
        matching.false_per_search["copy"].upper_95
        == POLICY.wrong.rate_upper(POLICY.copy_bits_max) * matching.comparisons
    )


def test_every_persons_word_counts_once_under_the_decision_they_saw(desk: Desk) -> None:
    asset, match = near(desk, 50)
    for verdict, actor in (("different", "rob"), ("innocent", "rob"), ("different", "lena")):
        desk.review(match, verdict, actor)
    compare_all(desk.services, policy=replace(POLICY, sha256="ef" * 32, copy_bits_max=55))
    (now,) = desk.matches(asset=asset)
    assert (now.decision, now.verdict, now.reviewer) == ("copy", "different", "lena")
    desk.review(match, "same")  # of the candidate, whatever it is called by now
    assert desk.matches(asset=asset)[0].verdict == "same"
    assert desk.views.matchbook.error_rates("picture") == {"candidate": {"reviewed": 2, "false": 1}}


# -- at the door -------------------------------------------------------------------------------------------------------


def found(house: House, asset: str, reference: str, **overrides: Any) -> MatchFound:
    example = MatchFound.example().model_copy(
        update={"match": new_id(house.now()), "asset": asset, "reference": reference}
    )
    return example.model_copy(update=overrides)


def test_a_match_is_said_once_and_only_when_it_changed(desk: Desk) -> None:
    house, reference = desk.house, desk.reference(codes(8, 1))
    asset = clip(house, codes(8, 2))
    say = house.ledger.say
    raises_code("match_unchanged", lambda: say(found(house, asset, reference, decision="none")))
    say(found(house, asset, reference))
    raises_code("match_recorded_already", lambda: say(found(house, asset, reference, decision="candidate")))
    raises_code("match_unchanged", lambda: say(found(house, asset, reference, policy="00" * 32)))
    say(found(house, asset, reference, policy="00" * 32, decision="none"))
    raises_code("reference_unknown", lambda: say(found(house, asset, house.new_id())))
    raises_code("asset_unknown", lambda: say(found(house, digest(), reference)))


def test_comparisons_and_sweeps_reach_what_came_before_and_are_said_once(desk: Desk) -> None:
    house, reference = desk.house, desk.reference(codes(8, 1))
    registered = house.size - 1
    asset = clip(house, codes(8, 2))
    examined = house.size - 1
    compared = MatchCompared.example().model_copy(update={"asset": asset, "as_of": examined})
    raises_code("comparison_misplaced", lambda: house.ledger.say(compared.model_copy(update={"as_of": examined - 1})))
    raises_code("asset_not_examined", lambda: house.ledger.say(compared.model_copy(update={"asset": house.asset()})))
    house.ledger.say(compared)
    raises_code("compared_already", lambda: house.ledger.say(compared))
    swept = ReferenceSwept.example().model_copy(update={"reference": reference, "as_of": registered})
    raises_code("sweep_misplaced", lambda: house.ledger.say(swept.model_copy(update={"as_of": examined})))
    raises_code("reference_unknown", lambda: house.ledger.say(swept.model_copy(update={"reference": house.new_id()})))
    house.ledger.say(swept)
    raises_code("swept_already", lambda: house.ledger.say(swept))


def test_whoever_made_a_file_does_not_review_what_it_is_near(desk: Desk) -> None:
    house, reference = desk.house, desk.reference(codes(8, 1))
    house.enrol("both", "producer", "reviewer")
    asset = house.asset(actor="both")
    house.ledger.say(match := found(house, asset, reference))
    review = {"match": match.match, "asset": asset, "reference": reference, "verdict": "innocent", "comment": "mine"}
    raises_code("own_work", lambda: house.say_as("both", MatchReviewed.model_validate(review)))
    other = {**review, "asset": house.asset()}
    raises_code("match_unknown", lambda: house.say_as("rob", MatchReviewed.model_validate(other)))
    flood = {"asset": asset, "verdict": "innocent", "comment": "none"}
    raises_code("flood_unknown", lambda: house.say_as("rob", MatchReviewed.model_validate(flood)))


def test_references_are_registered_by_whom_they_concern(desk: Desk) -> None:
    house, person = desk.house, desk.house.person()
    work = desk.reference(codes(4, 1))
    again = ReferenceRegistered.example().model_copy(update={"reference": work})
    raises_code("reference_known", lambda: house.say_as("ivy", again))
    fresh = ReferenceRegistered.example().model_copy(update={"reference": house.new_id()})
    raises_code("not_the_person", lambda: house.say_as("ines", fresh))
    listed = fresh.model_copy(update={"kind": "do-not-generate", "guardrail": house.new_id()})
    raises_code("guardrail_unknown", lambda: house.say_as("ivy", listed))
    picture = {"reference": house.new_id(), "kind": "likeness", "person": person, "basis": "enrolled"}
    bare = ReferenceRegistered.model_validate({**picture, "ways": ["picture"]})
    raises_code("reference_codes", lambda: house.say_as("ivy", bare))
    raises_code("not_the_person", lambda: house.say_as("ines", ReferenceWithdrawn(reference=work, reason="mine")))
    own = desk.likeness(person, codes(2, 3))
    house.say_as("ines", ReferenceWithdrawn(reference=own, reason="enough"))
    raises_code("reference_withdrawn", lambda: house.say_as("ivy", ReferenceWithdrawn(reference=own, reason="enough")))
    raises_code(
        "reference_unknown", lambda: house.say_as("ivy", ReferenceWithdrawn(reference=fresh.reference, reason="?"))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "likeness"},
        {"person": "p-1"},
        {"media": None},
        {"examination_sha256": None},
        {"guardrail": "019a9b00-0000-7000-8000-000000000013"},
        {"ways": []},
        {"ways": ["sound", "picture"]},
        {"ways": ["sound", "sound"]},
        {"kind": "likeness", "person": "p-1", "media": None, "examination_sha256": None},
    ],
)
def test_a_reference_is_of_one_kind(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ReferenceRegistered.model_validate({**ReferenceRegistered.example().as_json(), **wrong})
