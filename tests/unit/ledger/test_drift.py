"""Months that were measured, and months that went by: by the calendar, whoever writes it down."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.errors import Forbidden
from ledger.rules.drift import missed_months
from schemas.statements.drift import DriftMeasured, DriftMonthMissed
from tests.house_of import House, raises_code


def measured(house: House, month: str, **members: Any) -> DriftMeasured:
    return DriftMeasured.example().model_copy(update={"run": house.new_id(), "month": month, **members})


def test_a_month_is_missed_when_it_ends_and_not_before(house: House) -> None:
    assert missed_months(house.ledger.history(), house.now()) == []
    house.ledger.say(measured(house, "2026-10"))
    house.move_to("2026-11-30T23:59:59+00:00")
    assert missed_months(house.ledger.history(), house.now()) == []
    house.move_to("2026-12-01T00:00:00+00:00")
    assert missed_months(house.ledger.history(), house.now()) == ["2026-11"]
    house.move_to("2027-02-03T00:00:00+00:00")
    assert missed_months(house.ledger.history(), house.now()) == ["2026-11", "2026-12", "2027-01"]


def test_that_it_was_missed_is_recorded_once_and_only_if_it_was(house: House) -> None:
    raises_code("drift_not_missed", lambda: house.ledger.say(DriftMonthMissed(month="2026-09")))
    house.ledger.say(measured(house, "2026-10"))
    for month in ("2026-09", "2026-10", "2026-11"):
        raises_code("drift_not_missed", lambda month=month: house.ledger.say(DriftMonthMissed(month=month)))
    house.move_to("2026-12-05T00:00:00+00:00")
    house.ledger.say(DriftMonthMissed(month="2026-11"))
    raises_code("drift_missed_before", lambda: house.ledger.say(DriftMonthMissed(month="2026-11")))


def test_nobody_measures_another_month_or_the_same_on_schedule_twice(house: House) -> None:
    raises_code("drift_other_month", lambda: house.ledger.say(measured(house, "2026-09")))
    first = measured(house, "2026-10")
    house.ledger.say(first)
    raises_code("drift_month_measured", lambda: house.ledger.say(measured(house, "2026-10", scheduled=True)))
    raises_code("drift_known", lambda: house.ledger.say(first.model_copy(update={"scheduled": False})))
    house.ledger.say(measured(house, "2026-10", scheduled=False))


def test_a_preset_stands_in_a_measurement_once(house: House) -> None:
    twice = DriftMeasured.example().cells * 2
    raises_code("drift_cell_twice", lambda: house.ledger.say(measured(house, "2026-10", cells=twice)))


def test_only_the_service_says_what_it_measured(house: House) -> None:
    with pytest.raises(Forbidden):
        house.say_as("lib", measured(house, "2026-10"))
