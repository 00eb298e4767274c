"""Dates that adopted law sets, computed and shown: references to erase, rights after death that end (SPEC S4.19)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from icalendar import Calendar

from api.services.calendar import calendar_feed
from api.services.rules_due import rules_due
from api.services.services import Services
from projections.views import Views
from schemas.api.rules import RulesDueAnswer
from schemas.statements.notice import WARNING_DAYS
from tests.house_of import House
from tests.rights_of import ended, licence, right
from tests.unit.erasure.said import erased, hold
from tests.unit.ledger.test_people import ESTATE, register
from tests.unit.ledger.test_rulepacks import adoption
from tests.unit.projections.material import open_views

UNION: dict[str, Any] = {
    "represented_by": {"kind": "union", "name": "union-4"},
    "notice": {"sha256": "ab" * 32, "language": "en"},
    "compensation": {"amount_minor": 0, "currency": "EUR"},
    "business_reason": "The spring film.",
}
AMERICAN: dict[str, Any] = {**UNION, "territories": ["US"], "valid_from": "2026-10-20T00:00:00Z"}


@pytest.fixture
def services(house: House) -> Iterator[Services]:
    views = open_views(house)
    part = {"ledger": house.ledger, "clock": house.clock, "views": views, "origin": "ledger.example"}
    yield cast(Services, SimpleNamespace(**part))
    views.close()


def due(services: Services, at: str | None = None) -> RulesDueAnswer:
    cast(Views, services.views).catch_up()
    return rules_due(services, datetime.fromisoformat(at) if at else services.clock.now())


def test_references_go_when_the_last_purpose_ends_or_long_after_the_last_contact(
    house: House, services: Services
) -> None:
    house.consent(person=register(house), **AMERICAN, valid_until="2026-12-15T00:00:00Z")
    assert due(services).dates == () and due(services).timers == ()
    house.say_as("lena", adoption())
    (one,) = due(services).dates
    assert (one.what, one.person, one.due_at[:10]) == ("erase-references", "p-1", "2026-12-15")
    assert (one.rule.id, one.rule.citation, one.overdue) == ("us-il-bipa", "740 ILCS 14/15(a)", False)
    assert due(services, "2026-12-15T00:00:00+00:00").dates[0].overdue
    house.consent(person="p-1", **AMERICAN, valid_until="2031-01-01T00:00:00Z")
    assert (due(services).dates[0].due_at[:4], due(services).dates[0].because) == ("2029", "1095 days without contact")


def test_nobody_elsewhere_and_nobody_erased_is_listed_and_a_hold_is_shown(house: House, services: Services) -> None:
    house.say_as("lena", adoption())
    house.consent(person=register(house), **AMERICAN, valid_until="2026-12-15T00:00:00Z")
    house.consent(territories=["JP"])
    hold(house, person=register(house, person="p-2"))
    house.consent(person="p-2", **AMERICAN, valid_until="2026-12-15T00:00:00Z")
    assert [(one.person, one.held) for one in due(services).dates] == [("p-1", False), ("p-2", True)]
    erased(house, "p-1")
    assert [one.person for one in due(services).dates] == ["p-2"]


def test_clocks_of_events_are_listed_with_their_rules(house: House, services: Services) -> None:
    house.say_as("lena", adoption(switched_off=["us-take-it-down"]))
    clocks = {one.rule.id: (one.event, one.hours_max) for one in due(services).timers}
    assert clocks == {
        "eu-gdpr-7-3": ("withdrawal", 0),
        "in-it-rules-order": ("order", 3),
        "in-it-rules-ncii": ("intimate-depiction", 2),
    }


def test_the_right_of_the_dead_ends_with_its_last_year_and_stands_in_the_calendar(
    house: House, services: Services
) -> None:
    house.say_as("lena", adoption())
    register(house, **{**ESTATE, "died_in": 1976})
    (one,) = due(services).dates
    assert (one.what, one.due_at, one.rule.id) == (
        "right-after-death-ends",
        "2027-01-01T00:00:00.000000Z",
        "us-il-hb-4875",
    )
    feed = calendar_feed(services).decode().replace("\r\n ", "")
    assert "UID:right-after-death-ends-p-1-law-us-il-hb-4875@ledger.example" in feed
    assert "law 2026.11 us-il-hb-4875" in feed and "Inês" not in feed


def test_ends_of_licences_and_rights_stand_in_the_calendar_with_alarms_until_they_end(
    house: House, services: Services
) -> None:
    until, later = "2026-12-01T00:00:00Z", "2027-03-01T00:00:00Z"
    of = right(house, valid_until=later)
    name = licence(house, of, terms={"valid_until": until})

    def ends() -> dict[str, str]:
        events = Calendar.from_ical(calendar_feed(services)).walk("VEVENT")
        alarmed = [one for one in events if len(one.walk("VALARM")) == len(WARNING_DAYS)]
        return {str(one["uid"]).partition("@")[0]: f"{one.decoded('dtstart'):%Y-%m-%dT%H:%M:%SZ}" for one in alarmed}

    cast(Views, services.views).catch_up()
    assert ends() == {f"licence-{name}": until, f"right-{of}": later}
    ended(house, name, of)
    cast(Views, services.views).catch_up()
    assert ends() == {f"right-{of}": later}
