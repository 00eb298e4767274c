"""Who owns what and for how long, on which papers; and what a file rests on."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.rules.rights import title
from schemas.statements.right import RightRecorded, RightTransferred
from tests.house_of import House, digest, raises_code
from tests.rights_of import HOLDER, STUDIO, licence, licensed_clip, right, right_body, transferred, used


def gaps(house: House, of: str) -> set[str]:
    held = title(house.ledger.history(), of, house.now())
    assert held is not None
    return {gap.code for gap in held.gaps}


def test_the_holder_is_the_last_hand_at_the_instant(house: House) -> None:
    of = right(house)
    before = house.now()
    transferred(house, of, "label-south")
    history = house.ledger.history()
    assert [title(history, of, at).holder for at in (before, house.now())] == [HOLDER, "label-south"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"document_sha256": None}, "title_undocumented"),
        ({"basis": "original", "document_sha256": None}, None),
        ({"basis": "licensed-in", "document_sha256": None}, "title_undocumented"),
    ],
)
def test_what_is_missing_in_the_chain_of_title_is_named(
    house: House, overrides: dict[str, Any], code: str | None
) -> None:
    assert gaps(house, right(house, **overrides)) == ({code} if code else set())


def test_a_gap_further_back_is_a_gap_here(house: House) -> None:
    first = right(house, document_sha256=None)
    second = right(house, previous_right=first)
    assert gaps(house, second) == {"title_undocumented"}


def test_a_right_can_not_reach_further_than_the_one_it_comes_from(house: House) -> None:
    first = right(house, territories=["DE"], valid_until="2030-01-01T00:00:00Z")
    for beyond in ({"territories": ["FR"]}, {"territories": ["DE"], "valid_until": "2031-01-01T00:00:00Z"}):
        assert gaps(house, right(house, previous_right=first, **beyond)) == {"title_beyond_previous"}
    assert not gaps(house, right(house, previous_right=first, territories=["DE"], valid_until="2030-01-01T00:00:00Z"))


def test_a_transfer_without_a_paper_is_a_gap(house: House) -> None:
    of = right(house)
    transferred(house, of, "label-south", document_sha256=None)
    assert gaps(house, of) == {"transfer_undocumented"}


def test_a_gap_blocks_under_its_own_word(house: House) -> None:
    asset, _ = house.clip()
    used(house, asset, right(house, document_sha256=None, holder=STUDIO), user=STUDIO)
    decision = house.decision(asset)
    assert [(row.rule, row.outcome, row.code) for row in decision.against] == [
        ("title", "not_checked", "title_undocumented")
    ]


@pytest.mark.parametrize(
    ("overrides", "code"),
    [({"territories": ["FR"]}, "right_territory"), ({"valid_until": "2026-10-31T00:00:00Z"}, "right_term")],
)
def test_a_right_is_used_where_and_while_it_is_held(house: House, overrides: dict[str, Any], code: str) -> None:
    asset, _ = house.clip()
    used(house, asset, right(house, holder=STUDIO, **overrides), user=STUDIO)
    assert [row.code for row in house.decision(asset).against] == [code]


def test_a_number_is_recorded_once_and_comes_from_something_known(house: House) -> None:
    of = right(house)
    raises_code("right_known", lambda: right(house, right=of))
    raises_code("right_unknown", lambda: right(house, previous_right=house.new_id()))
    with pytest.raises(ValueError, match="does not come from itself"):
        right_body(house, right=of, previous_right=of)
    with pytest.raises(ValueError, match="must lie after"):
        right_body(house, valid_until="2024-01-01T00:00:00Z")


def test_only_the_holder_passes_a_right_on_and_hands_follow_each_other(house: House) -> None:
    of = right(house)
    raises_code("right_unknown", lambda: transferred(house, house.new_id(), "x"))
    raises_code("transfer_not_holder", lambda: transferred(house, of, "x", from_party="label-south"))
    raises_code("transfer_to_holder", lambda: transferred(house, of, HOLDER))
    raises_code("transfer_out_of_order", lambda: transferred(house, of, "x", effective_at="2023-01-01T00:00:00Z"))
    transferred(house, of, "label-south")
    raises_code("transfer_not_holder", lambda: transferred(house, of, "x"))


def test_a_use_names_a_known_file_a_known_right_and_its_holder(house: House) -> None:
    asset, of = house.asset(), right(house)
    raises_code("asset_unknown", lambda: used(house, digest(), of, user=HOLDER))
    raises_code("right_unknown", lambda: used(house, asset, house.new_id()))
    raises_code("user_not_holder", lambda: used(house, asset, of, user=STUDIO))
    used(house, asset, of, user=HOLDER)
    raises_code("right_used_already", lambda: used(house, asset, of, user=HOLDER))


def test_a_use_under_a_licence_names_its_licensee_while_it_stands(house: House) -> None:
    asset, of = house.asset(), right(house)
    name = licence(house, of)
    raises_code("licence_unknown", lambda: used(house, asset, of, house.new_id()))
    raises_code("licence_unknown", lambda: used(house, asset, right(house), name))
    raises_code("user_not_licensee", lambda: used(house, asset, of, name, user="studio-2"))
    house.move_to("2026-12-01T00:00:00+00:00")
    raises_code("licence_expired", lambda: used(house, asset, of, name))


def test_a_holder_who_sold_the_right_does_not_hold_it(house: House) -> None:
    asset, _ = house.clip()
    of = right(house, holder=STUDIO)
    used(house, asset, of, user=STUDIO)
    assert house.decision(asset).allowed
    transferred(house, of, "label-south", from_party=STUDIO)
    assert [row.code for row in house.decision(asset).against] == ["user_not_holder"]


def test_a_holder_who_licensed_it_exclusively_keeps_off_and_with_a_sole_licence_does_not(house: House) -> None:
    asset, _ = house.clip()
    of = right(house, holder=STUDIO)
    used(house, asset, of, user=STUDIO)
    sole = {"licensor": STUDIO, "licensee": "brand-1", "exclusivity": "sole"}
    licence(house, of, **sole)
    assert house.decision(asset).allowed
    other = right(house, holder=STUDIO)
    used(house, asset, other, user=STUDIO)
    licence(house, other, **{**sole, "exclusivity": "exclusive"})
    assert [row.code for row in house.decision(asset).against] == ["licensed_exclusively"]


def test_what_is_made_from_a_file_rests_on_what_the_file_rests_on(house: House) -> None:
    asset, _, _ = licensed_clip(house, terms={"valid_until": "2026-10-20T00:00:00Z"})
    child = house.approved(house.examined(house.derived(asset)))
    assert "licence_window_out_of_scope" in {row.code for row in house.decision(child).against}


def test_statements_are_found_under_their_parties(house: House) -> None:
    of = right(house)
    transferred(house, of, "label-south")
    history = house.ledger.history()
    assert history.last(f"party:{HOLDER}", RightRecorded) and history.last("party:label-south", RightTransferred)
