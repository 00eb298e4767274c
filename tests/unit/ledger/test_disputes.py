"""A dispute from its opening to its end: what it holds, which clocks run, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.rules.disputes import dispute_state
from ledger.rules.holds import holds_against
from schemas.statements.dispute import Clock, DisputeMissed, DisputeNotified, DisputeOpened, DisputeSighted
from schemas.statements.erasure import SubjectErasureBegun, SubjectErasureRequested
from tests.disputes_of import adopt_law, answered, closed, decided, notified, opened, sighted
from tests.house_of import House, raises_code


def clocks(house: House, dispute: str) -> dict[str, str]:
    state = dispute_state(house.ledger.history(), dispute)
    assert state is not None
    return {one.clock.entry: one.state for one in state.clocks(house.now())}


def lapse(notice: DisputeNotified, entry: str) -> DisputeMissed:
    clock = next(one for one in notice.clocks if one.entry == entry)
    told = {"dispute": notice.dispute, "notice": notice.notice, "pack": "law", "entry": entry, "due_at": clock.due_at}
    return DisputeMissed.model_validate(told)


def test_an_open_dispute_holds_whoever_is_in_its_files_until_it_is_closed(house: House) -> None:
    asset, consent = house.clip()
    person = house.granted(consent).person
    dispute = opened(house, asset)
    asked = house.say_as("ines", SubjectErasureRequested(person=person, ground="consent-withdrawn"))
    said = next(house.ledger.read(after=asked.index, limit=1))
    begun = SubjectErasureBegun(person=person, request_sha256=said.payload_sha256)
    raises_code("legal_hold", lambda: house.ledger.say(begun))
    decided(house, dispute, asset, outcome="rejected")
    raises_code("legal_hold", lambda: house.ledger.say(begun))
    closed(house, dispute, asset)
    assert not list(holds_against(house.ledger.history(), person))
    house.ledger.say(begun)


def test_a_file_in_dispute_is_not_cleared_and_one_whose_dispute_failed_is(house: House) -> None:
    asset, _ = house.clip()
    copy = house.examined(house.derived(asset))
    assert house.decision(asset).allowed
    dispute = opened(house, asset)
    assert [row.code for row in house.decision(asset).against] == ["asset_disputed"]
    assert "asset_disputed" in [row.code for row in house.decision(copy).against]
    decided(house, dispute, asset, outcome="rejected")
    assert house.decision(asset).allowed


def test_a_file_whose_dispute_was_upheld_stays_out_of_use(house: House) -> None:
    asset, _ = house.clip()
    dispute = opened(house, asset)
    decided(house, dispute, asset, outcome="upheld")
    closed(house, dispute, asset)
    assert [row.code for row in house.decision(asset).against] == ["asset_disputed"]


def test_the_law_sets_48_and_2_and_3_hours_where_it_holds(house: House) -> None:
    adopt_law(house)
    dispute = opened(house, house.asset())
    both = notified(house, dispute, "US", "IN")
    hours = {one.entry: one.due_at - both.received_at for one in both.clocks}
    assert hours == {"us-take-it-down": timedelta(hours=48), "in-it-rules-ncii": timedelta(hours=2)}
    order = notified(house, dispute, "IN", event="order")
    assert [one.due_at - order.received_at for one in order.clocks] == [timedelta(hours=3)]
    assert not notified(house, dispute, "US", event="counter-notice").clocks


def test_a_clock_is_met_by_an_answer_in_time_and_missed_by_a_late_one(house: House) -> None:
    adopt_law(house)
    dispute = opened(house, house.asset())
    notice = notified(house, dispute, "US", "IN")
    house.move_to(house.now() + timedelta(hours=3))
    answered(house, notice)
    assert clocks(house, dispute) == {"us-take-it-down": "met", "in-it-rules-ncii": "missed"}
    raises_code("clock_closed", lambda: house.ledger.say(lapse(notice, "us-take-it-down")))
    house.ledger.say(lapse(notice, "in-it-rules-ncii"))
    raises_code("clock_closed", lambda: house.ledger.say(lapse(notice, "in-it-rules-ncii")))


def test_time_alone_ends_a_clock_and_a_word_afterwards_does_not_undo_the_record(house: House) -> None:
    adopt_law(house)
    dispute = opened(house, house.asset())
    notice = notified(house, dispute, "IN")
    raises_code("clock_running", lambda: house.ledger.say(lapse(notice, "in-it-rules-ncii")))
    due = notice.clocks[0].due_at
    house.move_to(due)
    assert clocks(house, dispute) == {"in-it-rules-ncii": "missed"}
    house.ledger.say(lapse(notice, "in-it-rules-ncii"))
    answered(house, notice, at=(due - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert clocks(house, dispute) == {"in-it-rules-ncii": "missed"}


def test_nothing_is_closed_while_it_is_undecided_or_a_clock_is_open(house: House) -> None:
    adopt_law(house)
    asset = house.asset()
    dispute = opened(house, asset)
    raises_code("dispute_undecided", lambda: closed(house, dispute, asset))
    notice = notified(house, dispute, "US")
    decided(house, dispute, asset)
    raises_code("clock_open", lambda: closed(house, dispute, asset))
    answered(house, notice)
    closed(house, dispute, asset)
    raises_code("dispute_closed", lambda: sighted(house, dispute, asset))


def test_a_clock_that_no_rule_in_force_sets_is_refused(house: House) -> None:
    dispute = opened(house, house.asset())
    at = house.now()
    clock = Clock(pack="law", version="2026.11", entry="us-take-it-down", due_at=at + timedelta(hours=48))

    def say(**words: Any) -> None:
        told = {"dispute": dispute, "notice": house.new_id(), "received_at": at, "clocks": (clock,), **words}
        house.say_as("lena", DisputeNotified.example().model_copy(update=told))

    raises_code("clock_not_in_force", say)  # nobody adopted the pack
    adopt_law(house)
    late = clock.model_copy(update={"due_at": at + timedelta(hours=49)})
    raises_code("clock_not_in_force", lambda: say(clocks=(late,)))
    raises_code("clock_not_in_force", lambda: say(event="order"))
    raises_code("dispute_in_future", lambda: say(received_at=at + timedelta(days=1), clocks=()))
    say()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"asset": "ee" * 32}, "dispute_other_file"),
        ({"dispute": "019a9b00-0000-7000-8000-00000000ffff"}, "dispute_unknown"),
    ],
)
def test_a_sighting_is_of_a_file_of_a_dispute_that_was_opened(house: House, words: dict[str, Any], code: str) -> None:
    asset = house.asset()
    dispute = opened(house, asset)
    raises_code(code, lambda: sighted(house, **{"dispute": dispute, "asset": asset, **words}))
    first = sighted(house, dispute, asset)
    raises_code("sighting_known", lambda: sighted(house, dispute, asset, sighting=first.sighting))


def test_what_nobody_opened_received_or_brought_in_is_refused(house: House) -> None:
    asset = house.asset()
    raises_code("asset_unknown", lambda: opened(house, "ee" * 32))
    dispute = opened(house, asset)
    raises_code("dispute_known", lambda: opened(house, asset, dispute=dispute))
    notice = notified(house, dispute)
    stranger = notice.model_copy(update={"notice": house.new_id()})
    raises_code("dispute_notice_unknown", lambda: answered(house, stranger))
    raises_code("answered_before_received", lambda: answered(house, notice, at="2026-09-01T00:00:00Z"))
    answered(house, notice)
    raises_code("dispute_notice_answered", lambda: answered(house, notice))
    raises_code("dispute_notice_known", lambda: house.say_as("lena", notice))
    raises_code("dispute_other_file", lambda: decided(house, dispute, house.asset()))
    decided(house, dispute, asset)
    raises_code("dispute_decided", lambda: decided(house, dispute, asset))


def test_shapes_that_make_no_sense_are_no_statements() -> None:
    opening, sighting = DisputeOpened.example().as_json(), DisputeSighted.example().as_json()
    for wrong in ({**opening, "assets": opening["assets"] * 2}, {**opening, "parties": opening["parties"][:1] * 2}):
        with pytest.raises(ValidationError):
            DisputeOpened.model_validate(wrong)
    with pytest.raises(ValidationError):
        DisputeSighted.model_validate({**sighting, "url_sha256": "ab" * 32})
    notice = DisputeNotified.example().as_json()
    with pytest.raises(ValidationError):
        DisputeNotified.model_validate({**notice, "clocks": notice["clocks"] * 2})
