"""Licences under Hypothesis: who is in whose way, against a brute-force reading; counts, against a list of what was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.rules.licences import overlap, usage
from schemas.statements.licence import Terms
from schemas.statements.placement import PlacementObserved
from tests.depth_of import times
from tests.house_of import House
from tests.rights_of import licence_body, licensed_clip

DAY = timedelta(days=1)
ZERO = datetime(2026, 1, 1, tzinfo=UTC)
USES, CHANNELS, PLACES, MEDIA = ("a", "b"), ("x", "y"), ("DE", "FR", "US"), ("video", "still")


def some(words: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=len(words), unique=True)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    start, length = draw(st.integers(0, 5)), draw(st.integers(1, 4))
    return Terms(
        uses=tuple(draw(some(USES))),
        channels=tuple(draw(some(CHANNELS))),
        territories=tuple(draw(st.one_of(some(PLACES), st.just(["WORLD"])))),
        media=tuple(draw(some(MEDIA))),  # type: ignore[arg-type]
        valid_from=ZERO + start * DAY,
        valid_until=ZERO + (start + length) * DAY,
    )


def lets(one: Terms, use: str, channel: str, place: str, medium: str, day: int) -> bool:
    there = place in one.territories or "WORLD" in one.territories
    then = one.valid_from <= ZERO + day * DAY < one.valid_until
    return use in one.uses and channel in one.channels and medium in one.media and there and then


@given(terms(), terms())
@settings(max_examples=times(100), deadline=None)
def test_terms_overlap_exactly_when_one_use_is_let_happen_by_both(one: Terms, other: Terms) -> None:
    both = any(lets(one, *use) and lets(other, *use) for use in product(USES, CHANNELS, PLACES, MEDIA, range(10)))
    assert overlap(one, other) == overlap(other, one) == both


@given(
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=12),
    placements=st.integers(1, 4),
    impressions=st.integers(1, 90),
)
@settings(max_examples=times(8), deadline=None, suppress_health_check=list(HealthCheck))
def test_a_cap_is_never_passed_and_refuses_nothing_below_it(
    moves: list[tuple[int, int]],
    placements: int,
    impressions: int,
    tmp_path_factory: pytest.TempPathFactory,
    closed_house: House,
) -> None:
    folder = tmp_path_factory.mktemp("caps")
    house = House(folder, like=closed_house)
    try:
        asset, _, name = licensed_clip(house, caps={"placements": placements, "impressions": impressions})
        clearance, placed, seen = house.cleared(asset), [], {}
        for which, count in moves:
            if which >= len(placed):
                room = len(placed) < placements and sum(seen.values()) < impressions
                try:
                    placed.append(house.placed(asset, clearance, licences=[name]))
                    assert room
                except LedgerError as error:
                    assert not room and error.code.endswith("_exhausted")
            else:
                shared = {
                    key: getattr(placed[which], key)
                    for key in ("placement", "asset", "clearance", "consents", "licences")
                }
                if count >= seen.get(which, 0):
                    seen[which] = count
                    house.say_as("mel", PlacementObserved(**shared, observed_at=house.now(), impressions=count))
        grant = licence_body(house, house.new_id(), licence=name)
        history = house.ledger.history()
        assert usage(history, grant, "placements") == len(placed)
        assert usage(history, grant, "impressions") == sum(seen.values())
    finally:
        house.close()
