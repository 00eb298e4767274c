"""Whoever has what was cleared hears of each new verdict about it, with a deadline where it is a no (SPEC S11.9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from ledger.rules.reverification import outlook
from projections.cascade import CascadeReport
from projections.holdertables import Notified
from projections.views import Views
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.notice import NoticeAcknowledged, NoticeIssued
from schemas.statements.reverification import ClearanceReverified
from schemas.statements.rightsreview import RightsReviewDecided, RightsReviewOpened
from tests.contract.projections.test_holders import cleared_for, ready_clip, register, run
from tests.house_of import House, raises_code

ISSUED = "notice.issued.v3"


def weighed_again(house: House, clearance: str) -> ClearanceReverified:
    """What the rules say now of a clearance, said."""
    said = house.ledger.history().last(f"clearance:{clearance}", ClearanceIssued)
    assert said is not None and isinstance(said.body, ClearanceIssued)
    now = outlook(house.ledger.history(), said.body, house.now())
    body = ClearanceReverified(clearance=clearance, asset=said.body.question.asset, **now.__dict__)
    house.ledger.say(body)
    return body


def doubted(house: House, asset: str) -> str:
    body = RightsReviewOpened.example().model_copy(update={"review": house.new_id(), "asset": asset})
    house.say_as("rob", body)
    return body.review


def settled(house: House, asset: str, review: str) -> None:
    body = RightsReviewDecided(review=review, asset=asset, decision="allow", reasons=("the paper was found",))
    house.say_as("lena", body)


def told(views: Views, clearance: str) -> list[Notified]:
    return views.holders.of_basis(clearance)


def test_a_no_asks_everybody_who_has_it_to_pause_within_two_days_and_answers_are_timed(
    house: House, views: Views
) -> None:
    register(house, platforms=["example-video"])
    asset, _ = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    placed = house.placed(asset, clearance)
    doubted(house, asset)
    assert weighed_again(house, clearance).verdict == "deny"
    report = run(house, views)
    assert report.counts[ISSUED] == 1
    (notice,) = told(views, clearance)
    things = [{"asset": asset, "clearance": clearance}, {"asset": asset, "placement": placed.placement}]
    assert sorted(notice.items, key=str) == sorted(things, key=str)
    assert (notice.kind, notice.basis_kind, notice.outcome, notice.open) == ("reverified", "clearance", "pause", True)
    assert notice.due_at is not None and run(house, views) == CascadeReport()
    house.move_to(house.now() + timedelta(hours=49))
    assert run(house, views).counts["notice.overdue.v1"] == 1
    done = NoticeAcknowledged(notice=notice.notice, holder="pia", done="paused", done_at=house.now())
    house.say_as("pia", done)
    views.catch_up()
    (answered,) = told(views, clearance)
    assert (answered.standing, answered.open, answered.done) == ("answered", False, "paused")


def test_a_yes_again_is_told_for_information_and_lifts_what_was_asked(house: House, views: Views) -> None:
    register(house)
    asset, _ = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    review = doubted(house, asset)
    weighed_again(house, clearance)
    run(house, views)
    settled(house, asset, review)
    assert weighed_again(house, clearance).verdict == "allow"
    assert run(house, views).counts[ISSUED] == 1
    no, yes = told(views, clearance)
    assert (no.open, no.moot_by is not None, yes.outcome, yes.due_at, yes.items) == (False, True, None, None, ())
    house.move_to(house.now() + timedelta(hours=49))
    assert run(house, views).counts["notice.overdue.v1"] == 0


@pytest.mark.parametrize("state", ["untrusted", "expired"])
def test_a_manifest_that_is_worth_less_is_told_and_asks_for_nothing(house: House, views: Views, state: str) -> None:
    """What a changed trust list, and a certificate that ran out, come to when the file is read again."""
    register(house)
    asset, _ = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    house.examined(asset, c2pa=state)
    body = weighed_again(house, clearance)
    assert (body.verdict, body.c2pa_state) == ("allow", state)
    run(house, views)
    (notice,) = told(views, clearance)
    assert (notice.holder, notice.kind, notice.due_at, notice.open) == ("pia", "reverified", None, False)


def test_of_several_only_the_last_is_told_and_nobody_registered_shows_as_told_to_nobody(
    house: House, views: Views
) -> None:
    asset, _ = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    review = doubted(house, asset)
    weighed_again(house, clearance)
    assert run(house, views).counts[ISSUED] == 0
    assert [one.party for one in views.holders.untold(clearance)] == ["actor:pia"]
    register(house)
    views.catch_up()
    first = views.holders.to_tell(10)[0].notice(house.new_id())
    settled(house, asset, review)
    weighed_again(house, clearance)
    raises_code("clearance_weighed_since", lambda: house.ledger.say(first))
    run(house, views)
    assert [one.outcome for one in told(views, clearance)] == [None]


def test_notices_of_verdicts_that_are_refused(house: House, views: Views) -> None:
    register(house)
    asset, _ = ready_clip(house)
    clearance, other = cleared_for(house, "pia", asset), cleared_for(house, "pia", asset)
    doubted(house, asset)
    weighed_again(house, clearance)
    views.catch_up()
    good = views.holders.to_tell(10)[0].notice(house.new_id())
    wrong = good.model_copy(update={"items": (good.items[0].model_copy(update={"clearance": other}),)})
    raises_code("item_unknown", lambda: house.ledger.say(wrong))
    later = good.model_copy(update={"due_at": house.now() + timedelta(days=9)})
    raises_code("notice_deadline_differs", lambda: house.ledger.say(later))
    raises_code("matter_unknown", lambda: house.ledger.say(good.model_copy(update={"about": good.about - 1})))
    house.ledger.say(good)
    again = good.model_copy(update={"notice": house.new_id()})
    raises_code("notice_issued_already", lambda: house.ledger.say(again))
    with pytest.raises(ValidationError):
        NoticeIssued.model_validate({**dict(good), "kind": "ended"})
