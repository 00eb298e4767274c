"""When a licence ends, or its contract changes: clearances revoked or upheld, files flagged, each said exactly once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projections.cascade import run_expiry
from projections.views import Views
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceRevoked, ClearanceUpheld
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.notice import HolderRegistered
from tests.house_of import House, raises_code
from tests.rights_of import TERMS, ended, licence, licensed_clip, right, used
from tests.unit.projections.material import dump, open_views

END = datetime(2026, 12, 1, tzinfo=UTC)
KINDS = ("clearance.revoked.v2", "clearance.upheld.v1", "asset.flagged.v2")
SOURCE = {"system": "contracts", "ref": "C-7", "revision": "1"}


def run(house: House, views: Views) -> dict[str, Any]:
    return run_expiry(house.ledger, views, house.now()).as_json()


def said(house: House) -> Counter[tuple[str, str]]:
    return Counter((one.type, one.statement.tags[0]) for one in house.ledger.read(types=KINDS))


def term(house: House, revision: str, **changed: Any) -> None:
    terminated = changed.pop("terminated", False)
    shape = {"source": {**SOURCE, "revision": revision}, "terms": {**TERMS, **changed}, "content_sha256": "bb" * 32}
    house.ledger.say(ContractTermRecorded.model_validate({**shape, "terminated": terminated}))


def test_an_ended_licence_takes_clearances_and_the_whole_family_along_once(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    family = [asset, house.derived(asset)]
    family.append(house.derived(family[1]))
    clearance = house.cleared(asset)
    ended(house, name, of)
    report = run(house, views)
    assert (report["clearances_revoked"], report["clearances_upheld"], report["assets_flagged"]) == (1, 0, 3)
    expected = {("asset.flagged.v2", f"asset:{one}"): 1 for one in family}
    assert said(house) == {**expected, ("clearance.revoked.v2", f"clearance:{clearance}"): 1}
    (revoked,) = [one.body for one in house.ledger.read(types=["clearance.revoked.v2"])]
    assert isinstance(revoked, ClearanceRevoked) and (revoked.cause, revoked.licence) == ("licence-ended", name)
    size = house.size
    assert run(house, views)["entries"] == [] and house.size == size
    assert views.licensed.count_under(name) == (3, 3)


def test_time_ends_a_licence_the_same_way(house: House, views: Views) -> None:
    asset, _, _ = licensed_clip(house, terms={"valid_until": "2026-11-20T00:00:00Z"})
    house.cleared(asset, valid_until=END - timedelta(days=12))
    house.move_to(datetime(2026, 11, 20, tzinfo=UTC))
    report = run(house, views)
    assert (report["licences_expired"], report["clearances_revoked"], report["assets_flagged"]) == (1, 1, 1)
    assert run(house, views)["entries"] == []


def test_a_replaced_licence_that_covers_leaves_the_clearance_and_the_file_alone(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    clearance = house.cleared(asset)
    used(house, asset, of, licence(house, of))
    ended(house, name, of)
    report = run(house, views)
    assert (report["clearances_upheld"], report["clearances_revoked"], report["assets_flagged"]) == (1, 0, 0)
    assert views.clearance.clearance(clearance).revocation is None
    assert run(house, views)["entries"] == []
    assert house.decision(asset).allowed


def test_a_replacement_that_covers_less_revokes_what_it_does_not_cover(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    german, french = house.cleared(asset), house.cleared(asset, territory="FR")
    used(house, asset, of, licence(house, of, terms={"territories": ["DE"]}))
    ended(house, name, of)
    run(house, views)
    assert said(house) == {
        ("clearance.upheld.v1", f"clearance:{german}"): 1,
        ("clearance.revoked.v2", f"clearance:{french}"): 1,
    }


def test_a_used_up_replacement_still_covers_what_was_cleared(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    house.cleared(asset)
    other, _ = house.clip()
    capped = licence(house, of, caps={"placements": 1})
    used(house, other, of, capped)
    cleared = house.cleared(other)
    house.placed(other, cleared, licences=(capped,))
    used(house, asset, of, capped)
    ended(house, name, of)
    assert run(house, views)["clearances_upheld"] == 1


def test_a_flag_for_a_licence_blocks_nothing_once_another_covers(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    ended(house, name, of)
    assert run(house, views)["assets_flagged"] == 1
    assert {rule.code for rule in house.decision(asset).against} == {"licence_ended"}
    used(house, asset, of, licence(house, of))
    assert house.decision(asset).allowed


def test_changed_terms_of_a_contract_revoke_what_they_no_longer_cover(house: House, views: Views) -> None:
    term(house, "1")
    asset, _, _ = licensed_clip(house, source=SOURCE)
    german, french = house.cleared(asset), house.cleared(asset, territory="FR")
    term(house, "2", territories=["DE"])
    report = run(house, views)
    assert (report["clearances_upheld"], report["clearances_revoked"], report["assets_flagged"]) == (1, 1, 0)
    assert said(house)["clearance.revoked.v2", f"clearance:{french}"] == 1
    (revoked,) = [one.body for one in house.ledger.read(types=["clearance.revoked.v2"])]
    assert isinstance(revoked, ClearanceRevoked) and revoked.contract is not None and revoked.contract.revision == "2"
    term(house, "3", terminated=True)
    report = run(house, views)
    assert (report["clearances_revoked"], report["assets_flagged"]) == (1, 1)
    assert said(house)["clearance.revoked.v2", f"clearance:{german}"] == 1
    assert run(house, views)["entries"] == []


def test_a_file_made_after_the_end_is_flagged_by_the_next_run(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    ended(house, name, of)
    run(house, views)
    late = house.derived(asset)
    assert [one["about"].split("/")[0] for one in run(house, views)["entries"]] == [late]


def test_a_right_named_after_a_child_was_made_reaches_the_child(house: House, views: Views) -> None:
    asset, _ = house.clip()
    child = house.derived(asset)
    of = right(house)
    name = licence(house, of)
    used(house, asset, of, name)
    ended(house, name, of)
    run(house, views)
    assert said(house)["asset.flagged.v2", f"asset:{child}"] == 1


def test_two_workers_at_once_say_each_thing_once(house: House, views: Views) -> None:
    for _ in range(2):
        asset, of, name = licensed_clip(house)
        house.cleared(house.approved(house.examined(house.derived(asset))))
        house.cleared(asset)
        ended(house, name, of)
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
    assert len(said(house)) == 8 and set(said(house).values()) == {1}


def test_whoever_has_it_cleared_is_told_of_the_licence(house: House, views: Views) -> None:
    house.say_as("lena", HolderRegistered(holder="pia"))
    asset, of, name = licensed_clip(house)
    verdict = house.verdict(house.decision(asset)).model_copy(update={"asked_by": "pia"})
    house.ledger.say(verdict)
    ended(house, name, of)
    assert run(house, views)["notices_issued"] == 1
    (told,) = views.holders.of_basis(name)
    assert (told.holder, told.outcome, told.items[0]["clearance"]) == ("pia", "takedown", verdict.clearance)


def test_nothing_is_said_of_a_licence_that_stands(house: House, views: Views) -> None:
    asset, of, name = licensed_clip(house)
    clearance = house.cleared(asset)
    gone = {"clearance": clearance, "asset": asset, "cause": "licence-ended", "licence": name, "detail": "over"}
    raises_code("licence_not_over", lambda: house.ledger.say(ClearanceRevoked.model_validate(gone)))
    flag = AssetFlagged.model_validate({k: v for k, v in gone.items() if k != "clearance"})
    raises_code("licence_not_over", lambda: house.ledger.say(flag))
    used(house, asset, of, licence(house, of))
    ended(house, name, of)
    raises_code("clearance_still_covered", lambda: house.ledger.say(ClearanceRevoked.model_validate(gone)))
    raises_code("right_still_covered", lambda: house.ledger.say(flag))
    upheld = ClearanceUpheld(clearance=clearance, asset=asset, licence=name, about=house.size - 1)
    house.ledger.say(upheld)
    raises_code("clearance_upheld_already", lambda: house.ledger.say(upheld))
    elsewhere = upheld.model_copy(update={"about": 1})
    raises_code("matter_unknown", lambda: house.ledger.say(elsewhere))


def test_a_clearance_that_nothing_covers_cannot_be_upheld(house: House) -> None:
    asset, of, name = licensed_clip(house)
    clearance = house.cleared(asset)
    ended(house, name, of)
    upheld = ClearanceUpheld(clearance=clearance, asset=asset, licence=name, about=house.size - 1)
    raises_code("clearance_not_covered", lambda: house.ledger.say(upheld))


def test_another_files_licence_takes_nothing_along(house: House) -> None:
    asset, _, _ = licensed_clip(house)
    clearance = house.cleared(asset)
    _, of, other = licensed_clip(house)
    ended(house, other, of)
    gone = {"clearance": clearance, "asset": asset, "cause": "licence-ended", "licence": other, "detail": "over"}
    raises_code("basis_not_used", lambda: house.ledger.say(ClearanceRevoked.model_validate(gone)))


def test_a_right_that_is_held_takes_nothing_along_and_one_that_ran_out_does(house: House) -> None:
    asset, of, _ = licensed_clip(house)
    flag = {"asset": asset, "cause": "right-ended", "right": of, "detail": "its term is over"}
    raises_code("right_not_over", lambda: house.ledger.say(AssetFlagged.model_validate(flag)))
    house.move_to(datetime(2034, 1, 1, tzinfo=UTC))
    house.ledger.say(AssetFlagged.model_validate(flag))


@pytest.mark.parametrize("named", [{}, {"consent": "019a9b00-0000-7000-8000-000000000001"}])
def test_a_cause_names_its_basis_and_no_other(named: dict[str, str]) -> None:
    shape = {**AssetFlagged.example().as_json(), **named}
    if not named:
        del shape["licence"]
    with pytest.raises(ValueError, match=r"basis is named|names a licence"):
        AssetFlagged.model_validate(shape)


def test_after_a_cascade_of_licences_rebuilt_equals_live(house: House, views: Views) -> None:
    term(house, "1")
    asset, of, name = licensed_clip(house, source=SOURCE)
    house.derived(asset)
    house.cleared(asset)
    other, mine, over = licensed_clip(house)
    house.cleared(other)
    used(house, other, mine, licence(house, mine))
    house.derived(other)
    for kind, gone in ((of, name), (mine, over)):
        ended(house, gone, kind)
        run(house, views)
    term(house, "2", terminated=True)
    run(house, views)
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before
    assert before["licensed_flagged"] and not before["licensed_to_weigh"] and not before["licensed_to_flag"]


def test_of_revisions_that_came_between_two_rounds_only_the_newest_counts(house: House, views: Views) -> None:
    term(house, "1")
    asset, _, _ = licensed_clip(house, source=SOURCE)
    house.cleared(asset)
    term(house, "2", terminated=True)
    term(house, "3")
    report = run(house, views)
    assert (report["clearances_upheld"], report["clearances_revoked"], report["assets_flagged"]) == (1, 0, 0)
    assert run(house, views)["entries"] == []
