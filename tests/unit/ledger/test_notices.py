"""Notices at the door: once about each thing, with the end's own deadline, sent within bounds, answered by the holder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from ledger.door import Receipt
from ledger.rules.consent_effects import WIND_DOWN_DAYS, asked_of_holders
from ledger.rules.notices import WAITS, notice_state
from schemas.base import Body
from schemas.statements.consent import ConsentExpired, ConsentWithdrawn
from schemas.statements.notice import (
    DELIVERY_ATTEMPTS_MAX,
    ConsentExpiring,
    HolderEndpointDisabled,
    HolderRegistered,
    NoticeAcknowledged,
    NoticeAttempted,
    NoticeDelivered,
    NoticeFailed,
    NoticeIssued,
    NoticeOverdue,
)
from tests.house_of import House, raises_code

END = datetime(2026, 12, 1, tzinfo=UTC)
OUTCOMES = (
    ("expired", ("wind-down", 14)),
    ("withdrawn", ("takedown", 0)),
    ("revoked", ("takedown", 0)),
    ("invalidated", ("takedown", 0)),
    ("suspended", ("pause", 0)),
)


class Told:
    """A cleared clip whose consent was withdrawn, and a platform that has to be told."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asset, self.consent = house.clip()
        verdict = house.verdict(house.decision(self.asset)).model_copy(update={"asked_by": "pia"})
        house.ledger.say(verdict)
        self.clearance = verdict.clearance
        self.registered = house.say_as("lena", HolderRegistered(holder="pia", endpoint="https://video.example/in"))
        person = house.granted(self.consent).person
        said = house.say_as("ines", ConsentWithdrawn(consent=self.consent, person=person, reason="no more"))
        self.end = next(house.ledger.read(after=said.index, limit=1))

    def body(self, **changes: Any) -> NoticeIssued:
        shape: dict[str, Any] = {
            "notice": self.house.new_id(),
            "holder": "pia",
            "kind": "ended",
            "consent": self.consent,
            "about": self.end.index,
            "outcome": "takedown",
            "due_at": self.end.recorded_at + timedelta(hours=48),
            "items": [{"asset": self.asset, "clearance": self.clearance}],
        }
        return NoticeIssued.model_validate(shape | changes)

    def issued(self) -> str:
        body = self.body()
        self.house.ledger.say(body)
        return body.notice

    def say(self, kind: type[Body], notice: str, **words: Any) -> Receipt:
        return self.house.ledger.say(kind.model_validate({"notice": notice, "holder": "pia", **words}))

    def answers(self, notice: str, actor: str = "pia", **words: Any) -> Receipt:
        body = NoticeAcknowledged.model_validate({"notice": notice, "holder": "pia", **words})
        return self.house.say_as(actor, body)

    def wait(self, how_long: timedelta) -> None:
        self.house.move_to(self.house.now() + how_long)


@pytest.fixture
def told(house: House) -> Told:
    return Told(house)


def test_a_holder_is_told_of_a_thing_once(told: Told) -> None:
    told.issued()
    raises_code("notice_issued_already", told.issued)


def test_a_notice_without_files_is_said_once_too(told: Told) -> None:
    told.house.ledger.say(told.body(items=[]))
    raises_code("notice_issued_already", lambda: told.house.ledger.say(told.body(items=[])))


def test_a_number_is_used_once(told: Told) -> None:
    number = told.issued()
    raises_code("notice_known", lambda: told.house.ledger.say(told.body(notice=number, items=[])))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"holder": "finn"}, "holder_unknown"),
        ({"about": 3}, "matter_unknown"),
        ({"kind": "expiring", "outcome": None, "due_at": None, "items": []}, "matter_unknown"),
        ({"kind": "suspended"}, "matter_unknown"),
        ({"consent": None, "licence": "019a9b00-0000-7000-8000-000000000009"}, "matter_unknown"),
        ({"outcome": "wind-down"}, "notice_deadline_differs"),
        ({"due_at": "2027-01-01T00:00:00Z"}, "notice_deadline_differs"),
        (
            {"items": [{"asset": "11" * 32, "clearance": "019a9b00-0000-7000-8000-000000000009"}]},
            "item_unknown",
        ),
    ],
)
def test_what_a_notice_says_has_to_be_so(told: Told, changes: dict[str, Any], code: str) -> None:
    raises_code(code, lambda: told.house.ledger.say(told.body(**changes)))


def test_a_clearance_of_another_file_is_no_item(told: Told) -> None:
    item = {"asset": "11" * 32, "clearance": told.clearance}
    raises_code("item_unknown", lambda: told.house.ledger.say(told.body(items=[item])))


def test_nobody_is_told_of_an_end_that_did_not_come(house: House) -> None:
    told = Told(house)
    other = house.consent()
    raises_code("matter_unknown", lambda: house.ledger.say(told.body(consent=other, items=[])))


@pytest.mark.parametrize(
    "changes",
    [
        {"consent": None},
        {"licence": "019a9b00-0000-7000-8000-000000000009"},
        {"outcome": None},
        {"outcome": None, "due_at": None},
        {"kind": "expiring"},
        {"items": [{"asset": "11" * 32}]},
        {"items": [{"asset": "11" * 32, "clearance": "019a9b00-0000-7000-8000-000000000009"}] * 2},
    ],
)
def test_half_a_notice_has_no_shape(told: Told, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Value error"):
        told.body(**changes)


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://u:p@x.example/", "https://x.example/?token=1", "https://x/#f"]
)
def test_an_endpoint_has_no_room_for_a_secret(url: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        HolderRegistered(holder="pia", endpoint=url)


def test_a_holder_is_somebody_enrolled(house: House) -> None:
    raises_code("actor_unknown", lambda: house.say_as("lena", HolderRegistered(holder="nobody")))


def test_an_endpoint_is_disabled_once_and_registered_anew(told: Told) -> None:
    body = HolderEndpointDisabled(holder="pia", registered_by=told.registered.index, reason="gone")
    told.house.ledger.say(body)
    raises_code("endpoint_disabled_already", lambda: told.house.ledger.say(body))
    told.house.say_as("lena", HolderRegistered(holder="pia", endpoint="https://video.example/new"))
    raises_code("endpoint_unknown", lambda: told.house.ledger.say(body))


# -- sending -----------------------------------------------------------------------------------------------------


def test_attempts_are_counted_bounded_and_kept_apart(told: Told) -> None:
    notice = told.issued()

    def attempt(number: int) -> Receipt:
        return told.say(NoticeAttempted, notice, number=number)

    def give_up(attempts: int) -> Receipt:
        return told.say(NoticeFailed, notice, attempts=attempts, reason="answered-500")

    for number, wait in enumerate(WAITS, 1):
        attempt(number)
        raises_code("attempt_known", partial(attempt, number))
        if number < DELIVERY_ATTEMPTS_MAX:
            raises_code("attempt_early", partial(attempt, number + 1))
            raises_code("failure_early", partial(give_up, number))
        told.wait(wait)
    give_up(DELIVERY_ATTEMPTS_MAX)
    raises_code("notice_settled", partial(give_up, DELIVERY_ATTEMPTS_MAX))


def test_two_workers_can_not_both_take_the_first_attempt(told: Told) -> None:
    notice = told.issued()
    told.say(NoticeAttempted, notice, number=1)
    raises_code("attempt_known", lambda: told.say(NoticeAttempted, notice, number=1))


def test_a_delivery_is_recorded_once_and_only_of_an_attempt(told: Told) -> None:
    notice = told.issued()
    raises_code("attempt_unknown", lambda: told.say(NoticeDelivered, notice, attempt=1, status=200))
    told.say(NoticeAttempted, notice, number=1)
    told.say(NoticeDelivered, notice, attempt=1, status=204)
    raises_code("notice_settled", lambda: told.say(NoticeDelivered, notice, attempt=1, status=204))
    raises_code("notice_settled", lambda: told.say(NoticeAttempted, notice, number=2))


def test_a_gone_endpoint_ends_it_early(told: Told) -> None:
    notice = told.issued()
    told.say(NoticeAttempted, notice, number=1)
    told.say(NoticeFailed, notice, attempts=1, reason="gone")


def test_a_notice_that_nobody_issued_is_not_sent(told: Told) -> None:
    raises_code("notice_unknown", lambda: told.say(NoticeAttempted, told.house.new_id(), number=1))


# -- answering ---------------------------------------------------------------------------------------------------


def test_the_holder_confirms_receipt_and_then_answers_once(told: Told) -> None:
    notice = told.issued()
    told.answers(notice, done="received")
    raises_code("acknowledged_already", lambda: told.answers(notice, done="received"))
    told.answers(notice, done="taken-down", done_at=told.house.now())
    raises_code("acknowledged_already", lambda: told.answers(notice, done="not-held"))
    state = notice_state(told.house.ledger.history(), notice)
    assert state is not None and state.received and state.answered and state.received.index < state.answered.index


def test_nobody_answers_for_somebody_else(told: Told) -> None:
    notice = told.issued()
    raises_code("not_the_holder", lambda: told.answers(notice, "lena", done="not-held"))
    raises_code("role_not_permitted", lambda: told.answers(notice, "finn", done="not-held"))


def test_what_was_done_lies_in_the_past(told: Told) -> None:
    notice = told.issued()
    tomorrow = told.house.now() + timedelta(days=1)
    raises_code("done_in_future", lambda: told.answers(notice, done="taken-down", done_at=tomorrow))


@pytest.mark.parametrize("words", [{"done": "taken-down"}, {"done": "received", "done_at": "2026-10-02T00:00:00Z"}])
def test_an_answer_is_dated_when_something_was_done(told: Told, words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="done_at"):
        told.answers(told.issued(), **words)


def test_a_missed_deadline_is_recorded_once_and_never_early(told: Told) -> None:
    notice = told.issued()
    due = told.body().due_at
    assert due is not None
    told.house.move_to(due - timedelta(microseconds=2))
    raises_code("overdue_not_due", lambda: told.say(NoticeOverdue, notice, due_at=due))
    told.house.move_to(due)
    raises_code("overdue_not_due", lambda: told.say(NoticeOverdue, notice, due_at=due + timedelta(seconds=1)))
    told.say(NoticeOverdue, notice, due_at=due)
    raises_code("overdue_already", lambda: told.say(NoticeOverdue, notice, due_at=due))
    told.answers(notice, done="taken-down", done_at=due)  # late is better than never


def test_who_answered_is_not_overdue(told: Told) -> None:
    notice = told.issued()
    told.answers(notice, done="not-held")
    due = told.body().due_at
    assert due is not None
    told.house.move_to(due)
    raises_code("acknowledged_already", lambda: told.say(NoticeOverdue, notice, due_at=due))


# -- warnings ----------------------------------------------------------------------------------------------------


def test_a_warning_is_given_once_in_its_own_time(house: House) -> None:
    consent = house.consent()
    person = house.granted(consent).person

    def warn(days: int, **changes: Any) -> Receipt:
        shape = {"consent": consent, "person": person, "days": days, "valid_until": END} | changes
        return house.ledger.say(ConsentExpiring.model_validate(shape))

    house.move_to(END - timedelta(days=30, microseconds=3))
    raises_code("warning_not_due", lambda: warn(30))
    house.move_to(END - timedelta(days=30))
    raises_code("warning_not_due", lambda: warn(7))
    raises_code("warning_misdated", lambda: warn(30, valid_until="2026-12-02T00:00:00Z"))
    warn(30)
    raises_code("warned_already", lambda: warn(30))
    house.move_to(END - timedelta(days=1))
    raises_code("warning_not_due", lambda: warn(7))
    warn(1)
    house.move_to(END)
    raises_code("warning_not_due", lambda: warn(1))


def test_an_ended_consent_is_not_warned_of(house: House) -> None:
    consent = house.consent()
    person = house.granted(consent).person
    house.move_to(END - timedelta(days=5))
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="no"))
    shape = {"consent": consent, "person": person, "days": 7, "valid_until": END}
    raises_code("warning_not_due", lambda: house.ledger.say(ConsentExpiring.model_validate(shape)))


def test_an_expiry_has_its_deadline_from_the_instant_of_the_end(house: House) -> None:
    told = Told(house)
    consent = house.consent()
    house.move_to(END + timedelta(days=3))
    person = house.granted(consent).person
    said = house.ledger.say(ConsentExpired(consent=consent, person=person, expired_at=END))
    shape = {"consent": consent, "about": said.index, "items": [], "outcome": "wind-down"}
    house.ledger.say(told.body(**shape, due_at=END + timedelta(days=WIND_DOWN_DAYS)))


@pytest.mark.parametrize(("state", "asked"), OUTCOMES)
def test_each_end_asks_what_the_table_of_effects_says(state: Any, asked: tuple[str, int]) -> None:
    assert asked_of_holders(state) == asked


def test_an_expiry_asks_for_no_takedown_and_a_withdrawal_for_no_wind_down(house: House) -> None:
    told = Told(house)
    winding = {"outcome": "wind-down", "due_at": told.end.recorded_at + timedelta(days=WIND_DOWN_DAYS)}
    raises_code("notice_deadline_differs", lambda: house.ledger.say(told.body(**winding)))
    consent = house.consent()
    house.move_to(END)
    said = house.ledger.say(ConsentExpired(consent=consent, person=house.granted(consent).person, expired_at=END))
    down = {"outcome": "takedown", "due_at": END + timedelta(hours=48)}
    late = told.body(consent=consent, about=said.index, items=[], **down)
    raises_code("notice_deadline_differs", lambda: house.ledger.say(late))
