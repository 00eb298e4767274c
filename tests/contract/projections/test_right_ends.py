"""When a right runs out in time: its end recorded once, clearances revoked, files flagged, holders told with its own end."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.clock import SteppedClock
from projections.cascade import run_expiry
from projections.views import Views
from schemas.statements.asset import AssetFlagged
from schemas.statements.licence import LicenceExpired
from schemas.statements.notice import HolderRegistered, NoticeIssued
from schemas.statements.right import RightExpired
from tests.house_of import House, raises_code
from tests.rights_of import HOLDER, licence, right, used
from tests.unit.projections.material import dump, open_views

END = datetime(2026, 10, 20, tzinfo=UTC)  # before the first warning that the consents in it end
KINDS = ("right.expired.v1", "clearance.revoked.v2", "asset.flagged.v2", "notice.issued.v3")
SECOND = timedelta(seconds=1)


def run(house: House, views: Views) -> dict[str, Any]:
    return run_expiry(house.ledger, views, house.now()).as_json()


def said(house: House) -> Counter[tuple[str, ...]]:
    """How often each statement stands there; a notice has a number of its own, so its holder and matter tell it apart."""
    return Counter(
        (one.type, *(one.body.tags()[1:3] if isinstance(one.body, NoticeIssued) else one.body.tags()))
        for one in house.ledger.read(types=KINDS)
    )


def held_clip(house: House, **overrides: Any) -> tuple[str, str]:
    """(asset, right) of a clip that its studio uses as the right's holder, until END."""
    asset, _ = house.clip()
    of = right(house, **{"valid_until": END, **overrides})
    used(house, asset, of, user=HOLDER)
    return asset, of


def told(house: House, **words: Any) -> None:
    house.say_as("lena", HolderRegistered.model_validate({"holder": "pia", **words}))


def shown(house: House, asset: str) -> tuple[str, str]:
    """(clearance that pia asked for, placement under it) of a clip."""
    verdict = house.verdict(house.decision(asset, valid_until=END)).model_copy(update={"asked_by": "pia"})
    house.ledger.say(verdict)
    house.move_to("2026-10-06T00:00:00+00:00")
    return verdict.clearance, house.placed(asset, verdict.clearance).placement


def test_its_end_takes_clearances_files_and_holders_along_once_and_never_early(house: House, views: Views) -> None:
    told(house, platforms=["example-video"])
    asset, of = held_clip(house)
    clearance, placement = shown(house, asset)
    family = [asset, house.derived(asset)]
    family.append(house.derived(family[1]))
    house.move_to(END - SECOND)
    assert (run(house, views)["rights_expired"], "right_term" in codes(house, asset)) == (0, False)
    house.move_to(END)
    assert "right_term" in codes(house, asset)  # no worker ran
    report = run(house, views)
    names = ("rights_expired", "clearances_revoked", "assets_flagged", "notices_issued")
    assert [report[name] for name in names] == [1, 1, 3, 1]
    (notice,) = views.holders.of_basis(of)
    assert (notice.kind, notice.basis_kind, notice.outcome) == ("ended", "right", "takedown")
    assert notice.due_at == "2026-10-22T00:00:00.000000Z"
    assert {item.get("clearance") or item["placement"] for item in notice.items} == {clearance, placement}
    (revoked,) = [one.body.as_json() for one in house.ledger.read(types=["clearance.revoked.v2"])]
    assert (revoked["cause"], revoked["right"], revoked["detail"][-12:]) == ("right-ended", of, "(right_term)")
    assert run(house, views)["entries"] == [] and set(said(house).values()) == {1}


def codes(house: House, asset: str) -> set[str]:
    window = {"valid_from": house.now(), "valid_until": house.now() + timedelta(microseconds=1)}
    return {row.code for row in house.decision(asset, **window).against}


def test_a_file_made_or_named_after_the_end_is_flagged_by_the_next_run(house: House, views: Views) -> None:
    asset, of = held_clip(house)
    other = house.cleared(bystander := house.clip()[0], valid_until=END)
    house.move_to(END)
    run(house, views)
    late = house.derived(asset)
    assert [one["about"].split("/")[0] for one in run(house, views)["entries"]] == [late]
    used(house, bystander, of, user=HOLDER)
    named = [(one["type"], one["about"].split("/")[0]) for one in run(house, views)["entries"]]
    assert named == [("clearance.revoked.v2", other), ("asset.flagged.v2", bystander)]


def test_what_a_licence_of_it_closed_is_told_as_that_licence_says_and_not_again(house: House, views: Views) -> None:
    told(house)
    asset, _ = house.clip()
    of = right(house, valid_until=END)
    winding = {"outcome": "wind-down", "days": 14}
    name = licence(house, of, terms={"valid_until": END}, at_end=winding)
    used(house, asset, of, name)
    verdict = house.verdict(house.decision(asset, valid_until=END)).model_copy(update={"asked_by": "pia"})
    house.ledger.say(verdict)
    house.move_to(END)
    report = run(house, views)
    assert (report["licences_expired"], report["rights_expired"], report["assets_flagged"]) == (1, 1, 1)
    assert [(one.basis, one.outcome) for one in views.holders.of_holder("pia")] == [(name, "wind-down")]
    assert run(house, views)["entries"] == []


def test_another_right_and_one_without_an_end_are_left_alone(house: House, views: Views) -> None:
    held_clip(house)
    endless, longer = held_clip(house, valid_until=None), held_clip(house, valid_until="2027-11-20T00:00:00Z")
    kept = {house.cleared(asset) for asset, _ in (endless, longer)}
    house.move_to(END)
    assert run(house, views)["rights_expired"] == 1
    assert all(views.clearance.clearance(one).revocation is None for one in kept)
    assert {key[1] for key in said(house) if key[0] == "asset.flagged.v2"}.isdisjoint(
        {f"asset:{asset}" for asset, _ in (endless, longer)}
    )


def test_the_door_takes_only_an_end_that_came_with_its_own_date_and_once(house: House) -> None:
    of, endless = right(house, valid_until=END), right(house, valid_until=None)
    body = RightExpired(right=of, expired_at=END)
    raises_code("expiry_not_due", lambda: house.ledger.say(body))
    house.move_to(END)
    for code, changes in (
        ("right_unknown", {"right": house.new_id()}),
        ("expiry_not_due", {"right": endless}),
        ("expiry_misdated", {"expired_at": END - SECOND}),
    ):
        wrong = body.model_copy(update=changes)
        raises_code(code, lambda wrong=wrong: house.ledger.say(wrong))  # type: ignore[misc]
    house.ledger.say(body)
    raises_code("expiry_not_due", lambda: house.ledger.say(body))


def test_nobody_is_told_of_a_right_that_their_file_does_not_rest_on(house: House, views: Views) -> None:
    told(house)
    held_clip(house)
    asset, of = held_clip(house)
    clearance, _ = shown(house, house.clip()[0])
    house.move_to(END)
    run(house, views)
    about = next(
        one.index for one in house.ledger.read(types=["right.expired.v1"]) if one.body.as_json()["right"] == of
    )
    shape = {"notice": house.new_id(), "holder": "pia", "kind": "ended", "right": of, "about": about}
    asked = {"outcome": "takedown", "due_at": END + timedelta(hours=48)}
    items = {"items": [{"asset": asset, "clearance": clearance}]}
    raises_code("item_unknown", lambda: house.ledger.say(NoticeIssued.model_validate({**shape, **asked, **items})))


def test_a_flag_by_hand_before_the_record_is_not_lost(house: House, views: Views) -> None:
    told(house)
    asset, of = held_clip(house)
    shown(house, asset)
    house.move_to(END)
    house.say_as("lena", AssetFlagged(asset=asset, cause="right-ended", right=of, detail="it is over, says legal"))
    report = run(house, views)
    assert (report["rights_expired"], report["assets_flagged"], report["notices_issued"]) == (1, 0, 1)


def test_workers_at_once_say_each_thing_once_and_a_rebuilt_view_equals_the_live_one(house: House, views: Views) -> None:
    told(house, platforms=["example-video"], everything=True)
    clips = [held_clip(house)[0] for _ in range(2)]
    shown(house, clips[0])
    house.derived(clips[1])
    house.move_to(END)
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
    # 2 ends, 1 revocation, 3 flags; of each end `pia` hears, and once of what she has
    found = Counter(key[0] for key in said(house).elements())
    assert [found[kind] for kind in KINDS] == [2, 1, 3, 3]
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before
    assert before["licensed_right"] and not before["licensed_to_weigh"] and not before["licensed_to_flag"]


@pytest.mark.parametrize("named", [{}, {"consent": "019a9b00-0000-7000-8000-000000000001"}], ids=["none", "two"])
def test_a_notice_is_about_one_thing(named: dict[str, str]) -> None:
    shape: dict[str, Any] = {
        "notice": "019a9b00-0000-7000-8000-000000000020",
        "holder": "pia",
        "kind": "ended",
        "about": 7,
    }
    if named:
        shape |= {"right": "019a9b00-0000-7000-8000-000000000011", **named}
    with pytest.raises(ValueError, match="about one of them"):
        NoticeIssued.model_validate(shape)


def test_a_clock_that_was_put_back_takes_nothing_along_until_it_has_come_round(house: House, views: Views) -> None:
    """The ends are recorded and what follows is left over; the door goes by its own clock, and nothing fails for it."""
    asset, of = held_clip(house)
    other, _ = house.clip()
    second = right(house)
    name = licence(house, second, terms={"valid_until": END})
    used(house, other, second, name)
    for one in (asset, other):
        house.cleared(one, valid_until=END)
    house.move_to(END)
    house.ledger.say(RightExpired(right=of, expired_at=END))
    house.ledger.say(LicenceExpired(licence=name, right=second, expired_at=END))
    now, house.ledger.clock = house.ledger.clock, SteppedClock(END - timedelta(days=1))
    report = run(house, views)
    assert (report["entries"], report["not_needed"] > 0) == ([], True)
    house.ledger.clock = now
    report = run(house, views)
    assert (report["clearances_revoked"], report["assets_flagged"], report["not_needed"]) == (2, 2, 0)
