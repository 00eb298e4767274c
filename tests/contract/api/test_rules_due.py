"""Dates that adopted law sets, over HTTP: who may read them, how they are paged, and that they are the command's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.office_of import Office, refused
from tests.unit.ledger.test_people import ESTATE
from tests.unit.ledger.test_rulepacks import adoption

DUE = "/v1/rules/due"


def buried(office: Office, person: str, died_in: int) -> None:
    body = {"person": person, "person_class": "performer", "speaks_as": "ines", **ESTATE, "died_in": died_in}
    words: dict[str, Any] = {"type": "person.registered.v2", "body": body, "subject": person}
    answer = office.post("/v1/statements", "ivy", json={**words, "sealed": {"/body/name": "Somebody"}})
    assert answer.status_code == 201, answer.text


@pytest.fixture
def due(office: Office) -> Office:
    """An office that goes by the law pack and keeps two people who died."""
    office.services.ledger.append(office.signed("lena", adoption()))
    for person, died_in in (("p-later", 1980), ("p-sooner", 1976)):
        buried(office, person, died_in)
    return office


def test_dates_come_soonest_first_with_the_rule_behind_each(due: Office) -> None:
    found = due.get(DUE, "lena").json()
    assert [(one["person"], one["due_at"][:10]) for one in found["dates"]] == [
        ("p-sooner", "2027-01-01"),
        ("p-later", "2031-01-01"),
    ]
    assert (found["dates"][0]["rule"]["id"], found["dates"][0]["overdue"]) == ("us-il-hb-4875", False)
    assert {one["event"] for one in found["timers"]} >= {"withdrawal", "order"}
    assert due.get(DUE, "ivy").json()["dates"] == found["dates"]
    assert "Somebody" not in due.get(DUE, "lena").text


def test_many_dates_are_paged_and_all_are_counted(due: Office) -> None:
    first = due.get(DUE, "lena", params={"limit": 1}).json()
    rest = due.get(DUE, "lena", params={"limit": 1, "offset": 1}).json()
    assert [one["person"] for one in first["dates"] + rest["dates"]] == ["p-sooner", "p-later"]
    assert first["dates_count"] == rest["dates_count"] == 2
    assert due.get(DUE, "lena", params={"offset": 2}).json()["dates"] == []


def test_a_page_that_is_none_is_refused(office: Office) -> None:
    for params in ({"limit": 0}, {"limit": 10**6}, {"offset": -1}, {"offset": "x"}):
        refused(office.get(DUE, "lena", params=params), 400, "request_invalid")


def test_nobody_else_reads_of_whom_something_is_due(office: Office) -> None:
    for name in ("mara", "pia", "ines", "rob", "operator"):
        refused(office.get(DUE, name), 403, "role_not_permitted")
    refused(office.get(DUE, None), 401, "token_missing")


def test_before_any_law_is_adopted_no_date_is_set(office: Office) -> None:
    found = office.get(DUE, "lena").json()
    assert (found["dates"], found["dates_count"], found["timers"]) == ([], 0, [])
