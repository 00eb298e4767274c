"""A placement hangs on a clearance that stands, is for it, and still follows from the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.errors import Refused
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.placement import PlacementEnded, PlacementObserved, PlacementRecorded
from tests.house_of import House, digest, raises_code


@pytest.fixture
def cleared(house: House) -> tuple[str, str, str]:
    """(asset, clearance, consent)"""
    asset, consent = house.clip()
    return asset, house.cleared(asset), consent


def observed(house: House, placed: PlacementRecorded, **overrides: Any) -> PlacementObserved:
    return PlacementObserved.model_validate({**_hung_on(placed), "observed_at": house.now(), **overrides})


def _hung_on(placed: PlacementRecorded) -> dict[str, Any]:
    return {name: getattr(placed, name) for name in ("placement", "asset", "clearance", "consents", "licences")}


def taken_down(house: House, placed: PlacementRecorded, **overrides: Any) -> PlacementEnded:
    end = {"ended_at": house.now(), "outcome": "taken-down", "detail": "by hand"}
    return PlacementEnded.model_validate({**_hung_on(placed), **end, **overrides})


def test_a_placement_is_about_everything_it_hangs_on(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, consent = cleared
    placed = house.placed(asset, clearance)
    for tag in (f"placement:{placed.placement}", f"asset:{asset}", f"clearance:{clearance}", f"consent:{consent}"):
        assert house.ledger.history().last(tag, PlacementRecorded)


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"clearance": "019a9b00-0000-7000-8000-00000000dead"}, "clearance_unknown"),
        ({"asset": "ab" * 32}, "clearance_unknown"),
        ({"channel": "tv"}, "placement_elsewhere"),
        ({"territory": "FR"}, "placement_elsewhere"),
        ({"starts_at": "2026-10-04T23:59:59.999999Z"}, "clearance_outside_window"),
        ({"starts_at": "2026-11-01T00:00:00Z"}, "clearance_outside_window"),
        ({"consents": []}, "placement_consents_differ"),
    ],
)
def test_a_placement_outside_its_clearance_is_refused(
    house: House, cleared: tuple[str, str, str], overrides: dict[str, Any], code: str
) -> None:
    asset, clearance, _ = cleared
    body = house.placement(asset, clearance)
    changed = PlacementRecorded.model_validate({**body.as_json(), **overrides})
    error = raises_code(code, lambda: house.say_as("pia", changed))
    assert isinstance(error, Refused)


def test_the_last_instant_of_the_window_is_inside(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, _ = cleared
    house.placed(asset, clearance, starts_at="2026-10-31T23:59:59.999999Z")


def test_a_number_is_used_once(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, _ = cleared
    placed = house.placed(asset, clearance)
    again = house.placement(asset, clearance, placement=placed.placement)
    raises_code("placement_known", lambda: house.say_as("pia", again))


def test_a_revoked_clearance_places_nothing(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, _ = cleared
    body = house.placement(asset, clearance)
    revoked = ClearanceRevoked(clearance=clearance, asset=asset, cause="by-hand", detail="a mistake")
    receipt = house.say_as("lena", revoked)
    error = raises_code("clearance_revoked", lambda: house.say_as("pia", body))
    assert error.reasons[0].entry_index == receipt.index


def test_a_withdrawn_consent_places_nothing_though_nobody_revoked_the_clearance(
    house: House, cleared: tuple[str, str, str]
) -> None:
    asset, clearance, consent = cleared
    body = house.placement(asset, clearance)
    person = house.granted(consent).person
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="changed my mind"))
    raises_code("consent_withdrawn", lambda: house.say_as("pia", body))


def test_a_placement_is_not_recorded_after_the_window_nor_dated_before_the_clearance(house: House) -> None:
    asset, _ = house.clip()
    house.move_to("2026-10-10T00:00:00+00:00")
    clearance = house.cleared(asset)
    early = house.placement(asset, clearance, starts_at="2026-10-09T23:54:00Z")
    raises_code("placement_before_clearance", lambda: house.say_as("pia", early))
    late = house.placement(asset, clearance, starts_at="2026-10-31T00:00:00Z")
    house.move_to("2026-11-01T00:00:00+00:00")
    raises_code("clearance_outside_window", lambda: house.say_as("pia", late))


def test_an_end_is_said_once_in_time_and_of_the_same_things(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, _ = cleared
    placed = house.placed(asset, clearance)
    stranger = placed.model_copy(update={"placement": house.new_id()})
    raises_code("placement_unknown", lambda: house.say_as("pia", taken_down(house, stranger)))
    other = placed.model_copy(update={"asset": digest()})
    raises_code("placement_differs", lambda: house.say_as("pia", taken_down(house, other)))
    future = taken_down(house, placed, ended_at=house.now() + timedelta(minutes=6))
    raises_code("placement_end_in_future", lambda: house.say_as("pia", future))
    house.move_to("2026-10-06T00:00:00+00:00")
    early = taken_down(house, placed, ended_at="2026-10-04T00:00:00Z")
    raises_code("placement_end_early", lambda: house.say_as("pia", early))
    house.say_as("pia", taken_down(house, placed))
    raises_code("placement_ended_already", lambda: house.say_as("pia", taken_down(house, placed)))


def test_a_planned_placement_may_be_called_off_before_it_began(house: House, cleared: tuple[str, str, str]) -> None:
    asset, clearance, _ = cleared
    house.say_as("pia", taken_down(house, house.placed(asset, clearance)))


def test_counted_impressions_never_fall_and_an_observation_says_something(
    house: House, cleared: tuple[str, str, str]
) -> None:
    asset, clearance, _ = cleared
    placed = house.placed(asset, clearance)
    house.say_as("mel", observed(house, placed, impressions=10, label_shown="none"))
    house.say_as("mel", observed(house, placed, impressions=10))
    raises_code("impressions_fell", lambda: house.say_as("mel", observed(house, placed, impressions=9)))
    raises_code("observation_empty", lambda: house.say_as("mel", observed(house, placed)))
    future = observed(house, placed, impressions=11, observed_at=house.now() + timedelta(minutes=6))
    raises_code("observed_in_future", lambda: house.say_as("mel", future))
