"""A contract changes: whoever has what lost its cover is told once, with what each licence leaves them; nobody else is."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from projections.cascade import run_expiry
from projections.views import Views
from schemas.base import format_instant
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.notice import HolderRegistered, NoticeIssued
from tests.house_of import House, raises_code
from tests.rights_of import TERMS, licence, licensed_clip, right, used
from tests.unit.projections.material import dump, open_views

SOURCE = {"system": "contracts", "ref": "C-7", "revision": "1"}
WINDING = {"outcome": "wind-down", "days": 14}


def run(house: House, views: Views) -> int:
    """Notices that one round issued."""
    return int(run_expiry(house.ledger, views, house.now()).as_json()["notices_issued"])


def term(house: House, revision: str, **changed: Any) -> Any:
    """The entry that records a revision."""
    terminated = changed.pop("terminated", False)
    shape = {"source": {**SOURCE, "revision": revision}, "terms": {**TERMS, **changed}, "content_sha256": "bb" * 32}
    index = house.ledger.say(ContractTermRecorded.model_validate({**shape, "terminated": terminated})).index
    return next(house.ledger.read(after=index, limit=1))


def registered(house: House, holder: str = "pia", **words: Any) -> None:
    house.say_as("lena", HolderRegistered.model_validate({"holder": holder, **words}))


def cleared_for(house: House, asset: str, territory: str, holder: str = "pia") -> str:
    verdict = house.verdict(house.decision(asset, territory=territory)).model_copy(update={"asked_by": holder})
    house.ledger.say(verdict)
    return verdict.clearance


def test_who_has_or_shows_what_lost_its_cover_is_told_with_the_licences_own_end(house: House, views: Views) -> None:
    registered(house)
    registered(house, "lib", platforms=["example-video"])
    term(house, "1")
    asset, _, name = licensed_clip(house, source=SOURCE, at_end=WINDING)
    child = house.approved(house.examined(house.derived(asset)))
    german, french = cleared_for(house, child, "DE"), cleared_for(house, child, "FR")
    house.move_to("2026-10-06T00:00:00+00:00")
    kept, lost = (house.placed(child, one, licences=[name]).placement for one in (german, french))
    changed = term(house, "2", territories=["DE"])
    assert run(house, views) == 2
    (mine,), (theirs,) = views.holders.of_holder("pia"), views.holders.of_holder("lib")
    assert mine.items == ({"asset": child, "clearance": french},)
    assert theirs.items == ({"asset": child, "placement": lost},) and kept != lost
    for one in (mine, theirs):
        assert (one.kind, one.basis_kind, one.basis) == ("contract-changed", "licence", name)
        due = format_instant(changed.recorded_at + timedelta(days=14))
        assert (one.about, one.outcome, one.due_at) == (changed.index, "wind-down", due)
    assert run(house, views) == 0


def test_terms_that_cost_nothing_are_told_to_nobody(house: House, views: Views) -> None:
    registered(house, everything=True)
    term(house, "1")
    asset, of, _ = licensed_clip(house, source=SOURCE)
    cleared_for(house, asset, "DE")
    term(house, "2", territories=["DE"])
    assert run(house, views) == 0
    used(house, asset, of, licence(house, of))  # another licence, under no contract
    term(house, "3", terminated=True)
    assert run(house, views) == 1
    (only,) = views.holders.of_holder("pia")
    assert (only.kind, only.items) == (
        "contract-changed",
        (),
    )  # that it is terminated, whoever is told of every end hears


def test_each_licence_of_the_contract_is_told_with_its_own_outcome(house: House, views: Views) -> None:
    registered(house, everything=True)
    asset, _, name = licensed_clip(house, source=SOURCE, at_end=WINDING)
    other = right(house)
    second = licence(house, other, source=SOURCE, at_end={"outcome": "archive-only"})
    used(house, asset, other, second)
    unused = licence(house, right(house), source=SOURCE)
    lost = cleared_for(house, asset, "FR")
    term(house, "2", territories=["DE"])
    run(house, views)
    told = {
        (one.basis, one.outcome, *(item["clearance"] for item in one.items)) for one in views.holders.of_holder("pia")
    }
    whole = {(name, "wind-down"), (second, "archive-only")}
    assert told == whole | {(*one, lost) for one in whole}
    assert views.holders.of_basis(unused) == [] and run(house, views) == 0


def test_who_registers_later_is_told_then(house: House, views: Views) -> None:
    asset, _, name = licensed_clip(house, source=SOURCE)
    cleared_for(house, asset, "FR")
    term(house, "2", terminated=True)
    assert run(house, views) == 0
    assert [one.party for one in views.holders.untold(name)] == ["actor:pia"]
    registered(house)
    assert run(house, views) == 1 and views.holders.untold(name) == []


def test_two_changes_that_each_cost_something_are_told_one_by_one(house: House, views: Views) -> None:
    registered(house)
    asset, _, _ = licensed_clip(house, source=SOURCE)
    french, german = cleared_for(house, asset, "FR"), cleared_for(house, asset, "DE")
    first = term(house, "2", territories=["DE"]).index
    run(house, views)
    second = term(house, "3", terminated=True).index
    run(house, views)
    told = [(one.about, one.items[0]["clearance"]) for one in views.holders.of_holder("pia")]
    assert told == [(first, french), (second, german)]


def test_what_a_change_costs_later_is_told_without_the_change_itself_again(house: House, views: Views) -> None:
    """As after a crash between two revocations: who was told that something lost its cover hears only what is new."""
    registered(house, everything=True)
    asset, _, _ = licensed_clip(house, source=SOURCE)
    first, second = cleared_for(house, asset, "FR"), cleared_for(house, asset, "FR")
    changed = term(house, "2", territories=["DE"])
    gone = {"clearance": first, "asset": asset, "cause": "contract-changed", "detail": "not in France any more"}
    house.say_as("lena", ClearanceRevoked.model_validate({**gone, "contract": {**SOURCE, "revision": "2"}}))
    views.catch_up()
    for one in views.holders.to_tell(9):
        house.ledger.say(one.notice(house.new_id()))
    report = run_expiry(house.ledger, views, house.now())
    assert (report.counts["notice.issued.v3"], report.not_needed) == (1, 0)
    told = [(one.about, [item["clearance"] for item in one.items]) for one in views.holders.of_holder("pia")]
    assert sorted(told) == sorted([(changed.index, []), (changed.index, [first]), (changed.index, [second])])
    assert views.holders.to_tell(9) == []


def test_the_door_refuses_a_notice_about_what_something_covers(house: House, views: Views) -> None:
    registered(house)
    asset, _, name = licensed_clip(house, source=SOURCE)
    kept = cleared_for(house, asset, "DE")
    changed = term(house, "2", territories=["DE"])
    run(house, views)
    shape = {"notice": house.new_id(), "holder": "pia", "kind": "contract-changed", "licence": name}
    asked = {"about": changed.index, "outcome": "takedown", "due_at": changed.recorded_at + timedelta(hours=48)}
    body = NoticeIssued.model_validate({**shape, **asked, "items": [{"asset": asset, "clearance": kept}]})
    raises_code("item_unknown", lambda: house.ledger.say(body))
    raises_code("matter_unknown", lambda: house.ledger.say(body.model_copy(update={"about": changed.index - 1})))
    raises_code("notice_deadline_differs", lambda: house.ledger.say(body.model_copy(update={"outcome": "wind-down"})))
    other = licence(house, right(house), source={**SOURCE, "ref": "C-8"})
    raises_code("matter_unknown", lambda: house.ledger.say(body.model_copy(update={"licence": other})))


def test_workers_at_once_tell_each_once_and_a_rebuilt_view_equals_the_live_one(house: House, views: Views) -> None:
    registered(house, everything=True)
    registered(house, "lib", platforms=["example-video"])
    asset, _, name = licensed_clip(house, source=SOURCE)
    lost = cleared_for(house, asset, "FR")
    house.move_to("2026-10-06T00:00:00+00:00")
    house.placed(asset, lost, licences=[name])
    term(house, "2", territories=["DE"])
    views.catch_up()
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before and before["holders_way"] and before["licensed_to_weigh"]
    second, barrier = open_views(house, "second.sqlite"), threading.Barrier(3)

    def work(mine: Views) -> None:
        barrier.wait()
        run_expiry(house.ledger, mine, house.now())

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (views, second, views)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    told = [(one.body.as_json()["holder"], len(one.body.as_json()["items"])) for one in said(house)]
    assert sorted(told) == [("lib", 1), ("pia", 0), ("pia", 1)]
    assert run(house, views) == 0
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before and not before["holders_to_tell"]


def said(house: House) -> list[Any]:
    return list(house.ledger.read(types=["notice.issued.v3"]))
