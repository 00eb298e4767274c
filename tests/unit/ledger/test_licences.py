"""A licence lets happen what it says, so often, until then: past cap, territory or date is denied, and usage is counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.rules.licences import licence_state
from schemas.statements.licence import AtEnd, LicenceEnded, LicenceExpired, LicenceGranted, Terms
from schemas.statements.placement import PlacementObserved
from tests.house_of import House, raises_code
from tests.rights_of import HOLDER, TERMS, ended, licence, licence_body, licensed_clip, right, transferred, used


def against(house: House, asset: str, **question: Any) -> list[str]:
    return [row.code for row in house.decision(asset, **question).against]


def test_a_licence_that_covers_the_question_passes_and_names_its_entries(house: House) -> None:
    asset, _, _ = licensed_clip(house)
    decision = house.decision(asset)
    assert decision.allowed
    row = next(row for row in decision.weighed if row.rule == "licence")
    assert (row.code, len(row.entries)) == ("licence_covers", 2)


def test_a_file_without_named_rights_says_so(house: House) -> None:
    asset, _ = house.clip()
    row = next(row for row in house.decision(asset).weighed if row.rule == "licence")
    assert (row.outcome, row.code) == ("not_applicable", "no_right_named")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"uses": ["editorial"]}, "licence_use_out_of_scope"),
        ({"channels": ["tv"]}, "licence_channel_out_of_scope"),
        ({"territories": ["FR"]}, "licence_territory_out_of_scope"),
        ({"media": ["audio"]}, "licence_medium_out_of_scope"),
        ({"valid_until": "2026-10-31T23:59:59.999999Z"}, "licence_window_out_of_scope"),
        ({"valid_from": "2026-11-15T00:00:00Z"}, "licence_not_yet"),
    ],
)
def test_past_use_channel_territory_or_date_is_denied(house: House, terms: dict[str, Any], code: str) -> None:
    asset, _, _ = licensed_clip(house, terms=terms)
    assert against(house, asset) == [code]


def test_the_window_ends_exactly_where_it_says(house: House) -> None:
    asset, _, _ = licensed_clip(house, terms={"valid_until": "2026-11-01T00:00:00Z"})
    assert house.decision(asset).allowed
    house.move_to("2026-11-01T00:00:00+00:00")
    window = {"valid_from": "2026-11-01T00:00:00Z", "valid_until": "2026-11-02T00:00:00Z"}
    assert "licence_expired" in against(house, asset, **window)


def test_the_whole_world_holds_every_territory(house: House) -> None:
    asset, _, _ = licensed_clip(house, terms={"territories": ["WORLD"]})
    assert house.decision(asset).allowed


def test_an_ended_licence_ends_at_once(house: House) -> None:
    asset, of, name = licensed_clip(house)
    ended(house, name, of)
    assert against(house, asset) == ["licence_ended"]
    raises_code("licence_not_open", lambda: ended(house, name, of))
    raises_code("licence_unknown", lambda: ended(house, name, right(house)))


def test_a_renewed_licence_beside_the_one_that_ran_out_is_enough(house: House) -> None:
    asset, of, name = licensed_clip(house)
    ended(house, name, of)
    renewed = licence(house, of)
    used(house, asset, of, renewed)
    assert house.decision(asset).allowed
    assert house.placed(asset, house.cleared(asset), licences=[renewed]).licences == (renewed,)


def test_placements_are_counted_and_the_one_past_the_cap_is_refused(house: House) -> None:
    asset, _, name = licensed_clip(house, caps={"placements": 2})
    clearance = house.cleared(asset)
    for _ in range(2):
        house.placed(asset, clearance, licences=[name])
    assert against(house, asset) == ["licence_placements_exhausted"]
    third = house.placement(asset, clearance, licences=[name])
    error = raises_code("licence_placements_exhausted", lambda: house.say_as("pia", third))
    assert error.reasons[0].entry_index is not None


def test_a_placement_of_another_file_under_the_same_licence_counts_too(house: House) -> None:
    asset, of, name = licensed_clip(house, caps={"placements": 1})
    other, _ = house.clip()
    used(house, other, of, name)
    house.placed(other, house.cleared(other), licences=[name])
    assert against(house, asset) == ["licence_placements_exhausted"]


def test_a_placement_names_the_licences_it_relies_on(house: House) -> None:
    asset, _, name = licensed_clip(house)
    clearance = house.cleared(asset)
    raises_code("placement_licences_differ", lambda: house.placed(asset, clearance))
    raises_code("placement_licences_differ", lambda: house.placed(asset, clearance, licences=[name, house.new_id()]))
    house.placed(asset, clearance, licences=[name])


def test_impressions_are_counted_over_all_placements(house: House) -> None:
    asset, _, name = licensed_clip(house, caps={"impressions": 100})
    clearance = house.cleared(asset)
    for count in (60, 39):
        placed = house.placed(asset, clearance, licences=[name])
        for seen in (count - 10, count):
            shared = {key: getattr(placed, key) for key in ("placement", "asset", "clearance", "consents", "licences")}
            body = PlacementObserved(**shared, observed_at=house.now(), impressions=seen)
            house.say_as("mel", body)
    assert house.decision(asset).allowed
    last = body.model_copy(update={"impressions": 40, "observed_at": house.now()})
    house.say_as("mel", last)
    assert against(house, asset) == ["licence_impressions_exhausted"]


def test_files_are_counted_and_the_one_past_the_cap_is_refused(house: House) -> None:
    asset, of, name = licensed_clip(house, caps={"assets": 1})
    assert house.decision(asset).allowed
    raises_code("licence_assets_exhausted", lambda: used(house, house.asset(), of, name))


# -- granting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mine", "theirs"), [("exclusive", "none"), ("none", "exclusive"), ("sole", "none")])
def test_overlapping_exclusive_grants_are_refused_with_the_entry_behind_it(
    house: House, mine: str, theirs: str
) -> None:
    of = right(house)
    first = house.say_as("ivy", licence_body(house, of, exclusivity=theirs, licensee="studio-2"))
    error = raises_code("exclusive_overlap", lambda: licence(house, of, exclusivity=mine))
    assert [reason.entry_index for reason in error.reasons] == [first.index]


@pytest.mark.parametrize(
    "apart",
    [
        {"uses": ["editorial"]},
        {"channels": ["tv"]},
        {"territories": ["US"]},
        {"media": ["audio"]},
        {"valid_from": "2026-12-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"},
    ],
)
def test_exclusive_grants_that_do_not_meet_stand_side_by_side(house: House, apart: dict[str, Any]) -> None:
    of = right(house)
    licence(house, of, exclusivity="exclusive", licensee="studio-2")
    licence(house, of, exclusivity="exclusive", terms=apart)


def test_an_ended_exclusive_grant_is_in_nobodys_way(house: House) -> None:
    of = right(house)
    first = licence(house, of, exclusivity="exclusive", licensee="studio-2")
    raises_code("exclusive_overlap", lambda: licence(house, of))
    ended(house, first, of)
    licence(house, of)


def test_a_licence_is_granted_by_the_holder_within_the_right(house: House) -> None:
    of = right(house, territories=["DE", "FR"], valid_until="2026-12-01T00:00:00Z")
    raises_code("right_unknown", lambda: licence(house, house.new_id()))
    raises_code("licensor_not_holder", lambda: licence(house, of, licensor="label-south"))
    raises_code("licence_beyond_territory", lambda: licence(house, of, terms={"territories": ["US"]}))
    raises_code("licence_beyond_term", lambda: licence(house, of, terms={"valid_until": "2026-12-01T00:00:00.000001Z"}))
    raises_code("licence_to_oneself", lambda: licence(house, of, licensee=HOLDER))
    name = licence(house, of)
    raises_code("licence_known", lambda: licence(house, of, licence=name))
    transferred(house, of, "label-south")
    raises_code("licensor_not_holder", lambda: licence(house, of))


def test_every_reason_against_a_grant_is_listed(house: House) -> None:
    of = right(house, territories=["DE"])
    licence(house, of, exclusivity="exclusive", licensee="studio-2", terms={"territories": ["DE"]})
    error = raises_code("licensor_not_holder", lambda: licence(house, of, licensor="x"))
    assert [reason.code for reason in error.reasons] == [
        "licensor_not_holder",
        "licence_beyond_territory",
        "exclusive_overlap",
    ]


def test_terms_and_ends_make_sense() -> None:
    with pytest.raises(ValueError, match="must lie after"):
        Terms.model_validate({**TERMS, "valid_until": TERMS["valid_from"]})
    for outcome, days in (("wind-down", 0), ("takedown", 3)):
        with pytest.raises(ValueError, match="wind-down takes days"):
            AtEnd.model_validate({"outcome": outcome, "days": days})


def test_a_licence_is_found_under_its_contract(house: House) -> None:
    of = right(house)
    source = {"system": "contracts", "ref": "C-1", "revision": "2"}
    name = licence(house, of, source=source)
    found = house.ledger.history().last("contract:contracts.C-1", LicenceGranted, LicenceEnded)
    assert found is not None and found.body.licence == name  # type: ignore[attr-defined]


def test_the_end_of_a_licence_in_time_is_recorded_once_and_never_early(house: House) -> None:
    of = right(house)
    name = licence(house, of)
    body = LicenceExpired.model_validate({"licence": name, "right": of, "expired_at": TERMS["valid_until"]})
    raises_code("expiry_not_due", lambda: house.ledger.say(body))
    house.move_to("2026-12-01T00:00:00+00:00")
    other = {"licence": house.new_id(), "right": of, "expired_at": TERMS["valid_until"]}
    raises_code("licence_unknown", lambda: house.ledger.say(LicenceExpired.model_validate(other)))
    misdated = body.model_copy(update={"expired_at": house.now()})
    raises_code("expiry_misdated", lambda: house.ledger.say(misdated))
    house.ledger.say(body)
    raises_code("expiry_not_due", lambda: house.ledger.say(body))


def test_a_licence_ends_at_its_very_instant_and_begins_at_it(house: House) -> None:
    name = licence(house, right(house))
    history, micro = house.ledger.history(), timedelta(microseconds=1)
    begin, end = (datetime.fromisoformat(TERMS[key]) for key in ("valid_from", "valid_until"))
    instants = (begin - micro, begin, end - micro, end)
    states = [licence_state(history, name, at).state for at in instants]
    assert states == ["not_yet", "in_force", "in_force", "expired"]


def test_a_party_is_not_in_its_own_way(house: House) -> None:
    of = right(house)
    licence(house, of, exclusivity="exclusive")
    licence(house, of, exclusivity="exclusive")


def test_an_older_licence_that_covers_is_enough_beside_a_newer_one_that_does_not(house: House) -> None:
    asset, of, name = licensed_clip(house)
    narrower = licence(house, of, terms={"territories": ["FR"]})
    used(house, asset, of, narrower)
    assert house.decision(asset).allowed
    house.placed(asset, house.cleared(asset), licences=[name])


def test_two_who_place_at_once_do_not_both_get_the_last_one(house: House) -> None:
    """The count is in the boundary of a placement: whoever judged by the same count conflicts."""
    asset, _, name = licensed_clip(house, caps={"placements": 1})
    clearance = house.cleared(asset)
    drafts = [house.signed("pia", house.placement(asset, clearance, licences=[name])) for _ in range(6)]
    outcomes = house.ledger.append_many([(envelope, draft.openings) for envelope, draft in drafts])
    codes = [getattr(outcome, "code", "placed") for outcome in outcomes]
    assert codes.count("placed") == 1
    assert set(codes) == {"placed", "boundary_moved"}
    again = house.ledger.append_many([(envelope, draft.openings) for envelope, draft in drafts])
    refused = [getattr(outcome, "code", "placed") for outcome in again]
    assert sorted(set(refused)) == ["licence_placements_exhausted", "placed"]
    assert refused.count("placed") == 1


@pytest.mark.parametrize(("medium", "code"), [("still", "licence_medium_out_of_scope"), ("", "medium_unknown")])
def test_a_licence_covers_the_medium_that_the_examination_found_and_never_an_unknown_one(
    house: House, medium: str, code: str
) -> None:
    consent = house.consent(media=["video", "still", "audio"])
    asset, _ = house.clip([consent], medium=medium)
    of = right(house)
    used(house, asset, of, licence(house, of, terms={"media": ["video", "audio"]}))
    rows = [row for row in house.decision(asset).against if row.rule == "licence"]
    assert [row.code for row in rows] == [code]
    assert rows[0].outcome == ("fail" if medium else "not_checked")


def test_an_exclusive_licence_for_sound_leaves_the_holder_their_video(house: House) -> None:
    asset, _ = house.clip()
    of = right(house)
    used(house, asset, of, user=HOLDER)
    licence(house, of, terms={"media": ["audio"]}, exclusivity="exclusive")
    assert house.decision(asset).allowed
    licence(house, of, terms={"media": ["video"]}, exclusivity="exclusive")
    assert against(house, asset) == ["licensed_exclusively"]
