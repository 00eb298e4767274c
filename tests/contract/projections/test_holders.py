"""Who has to be told what: from a clearance that somebody asked for to a notice, an answer and a clean slate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.rules.endings import ENDING_TYPES
from ledger.rules.matters import MATTER_TYPES
from projections.cascade import CascadeReport, run_expiry
from projections.clearance import Clearances
from projections.due import Due
from projections.holders import Holders
from projections.lineage import Lineage
from projections.views import Views
from schemas.statements.asset import AssetFlagged
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed, ConsentResumed, ConsentSuspended
from schemas.statements.notice import HolderEndpointDisabled, HolderRegistered, NoticeAcknowledged, NoticeAttempted
from schemas.statements.person import PersonEngagementEnded
from schemas.statements.placement import PlacementEnded, PlacementRecorded
from tests.house_of import House
from tests.rights_of import ended as licence_ended
from tests.rights_of import licensed_clip
from tests.unit.projections.material import dump, ready_clip

END = datetime(2026, 12, 1, tzinfo=UTC)
LICENCE_END = "2026-11-15T00:00:00Z"


def run(house: House, views: Views) -> CascadeReport:
    return run_expiry(house.ledger, views, house.now())


def cleared_for(house: House, actor: str, asset: str) -> str:
    verdict = house.verdict(house.decision(asset)).model_copy(update={"asked_by": actor})
    house.ledger.say(verdict)
    return verdict.clearance


def withdraw(house: House, consent: str) -> None:
    person = house.granted(consent).person
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="no more"))


def register(house: House, holder: str = "pia", **words: object) -> int:
    return house.say_as("lena", HolderRegistered.model_validate({"holder": holder, **words})).index


def test_who_asked_for_a_clearance_is_told_of_that_file_and_no_other(house: House, views: Views) -> None:
    register(house, endpoint="https://video.example/in")
    asset, consent = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    house.derived(asset)
    ready_clip(house)
    withdraw(house, consent)
    assert run(house, views).counts["notice.issued.v3"] == 1
    (notice,) = views.holders.of_basis(consent)
    assert notice.items == ({"asset": asset, "clearance": clearance},)
    assert (notice.holder, notice.outcome, notice.standing, notice.open) == ("pia", "takedown", "issued", True)
    assert run(house, views) == CascadeReport()


def test_who_is_told_of_everything_is_told_of_the_end_itself(house: House, views: Views) -> None:
    register(house, everything=True)
    _, consent = ready_clip(house)
    withdraw(house, consent)
    run(house, views)
    (notice,) = views.holders.of_holder("pia")
    assert notice.items == () and notice.due_at is not None and notice.basis == consent


def test_the_persons_side_is_told_for_information(house: House, views: Views) -> None:
    _, consent = ready_clip(house)
    register(house, "paul", persons=[house.granted(consent).person])
    withdraw(house, consent)
    run(house, views)
    (notice,) = views.holders.of_holder("paul")
    assert notice.due_at is None and not notice.open
    assert "p-" not in str(notice)  # a pseudonym is for the log, not for a notice


def test_what_nobody_is_registered_for_waits_and_is_seen(house: House, views: Views) -> None:
    asset, consent = ready_clip(house)
    clearance = cleared_for(house, "pia", asset)
    withdraw(house, consent)
    assert run(house, views).counts["notice.issued.v3"] == 0
    assert [(one.party, one.ref) for one in views.holders.untold(consent)] == [("actor:pia", clearance)]
    register(house)
    assert run(house, views).counts["notice.issued.v3"] == 1
    assert views.holders.untold(consent) == []


def test_many_files_are_told_in_notices_of_a_bounded_length(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    for _ in range(27):
        cleared_for(house, "pia", asset)
    withdraw(house, consent)
    run(house, views)
    told = [len(one.items) for one in views.holders.of_basis(consent)]
    assert told == [25, 2]
    refs = [item["clearance"] for one in views.holders.of_basis(consent) for item in one.items]
    assert len(set(refs)) == 27


def test_warnings_are_given_at_thirty_seven_and_one_day_once_each(house: House, views: Views) -> None:
    asset, consent = ready_clip(house)
    register(house)
    register(house, "paul", persons=[house.granted(consent).person])
    cleared_for(house, "pia", asset)
    for days in (31, 30, 29, 7, 2, 1):
        house.move_to(END - timedelta(days=days))
        run(house, views)
        run(house, views)
    warned = [said.body.as_json()["days"] for said in house.ledger.read(types=["consent.expiring.v1"])]
    assert warned == [30, 7, 1]
    assert [len(views.holders.of_holder(name)) for name in ("pia", "paul")] == [3, 3]
    assert all(one.kind == "expiring" and not one.open for one in views.holders.of_basis(consent))


def test_a_house_that_slept_warns_of_what_is_left(house: House, views: Views) -> None:
    ready_clip(house)
    house.move_to(END - timedelta(days=5))
    run(house, views)
    assert [said.body.as_json()["days"] for said in house.ledger.read(types=["consent.expiring.v1"])] == [7]
    house.move_to(END)
    assert run(house, views).as_json()["warned"] == 0


def test_a_missed_deadline_is_recorded_by_the_next_run_once(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    withdraw(house, consent)
    run(house, views)
    house.move_to(house.now() + timedelta(hours=48))
    assert run(house, views).as_json()["notices_overdue"] == 1
    assert run(house, views).as_json()["notices_overdue"] == 0
    (notice,) = views.holders.of_basis(consent)
    assert notice.standing == "overdue"
    words = {"notice": notice.notice, "holder": "pia", "done": "taken-down", "done_at": house.now()}
    house.say_as("pia", NoticeAcknowledged.model_validate(words))
    views.catch_up()
    answered = views.holders.notice(notice.notice)
    assert answered is not None and answered.standing == "answered" and not answered.open


def test_a_disabled_endpoint_is_reached_no_more(house: House, views: Views) -> None:
    index = register(house, endpoint="https://video.example/in")
    views.catch_up()
    assert views.holders.reachable() == [("pia", "https://video.example/in", index)]
    house.ledger.say(HolderEndpointDisabled(holder="pia", registered_by=index, reason="gone"))
    views.catch_up()
    assert views.holders.reachable() == []


@pytest.mark.parametrize("back", [timedelta(0), timedelta(days=400)])
def test_the_next_attempt_waits_its_turn_unless_the_clock_was_put_back(
    house: House, views: Views, back: timedelta
) -> None:
    register(house, endpoint="https://video.example/in")
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    withdraw(house, consent)
    run(house, views)
    (first,) = views.holders.to_send("pia", house.now(), 9)
    house.ledger.say(NoticeAttempted(notice=first.notice, holder="pia", number=1))
    views.catch_up()
    assert bool(views.holders.to_send("pia", house.now() - back, 9)) == bool(back)
    assert views.holders.to_send("pia", house.now() + timedelta(minutes=2), 9)[0].attempts == 1


def test_the_holders_view_rebuilt_equals_the_live_one(house: House, views: Views) -> None:
    register(house, endpoint="https://video.example/in", everything=True)
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    cleared_for(house, "lib", asset)
    withdraw(house, consent)
    views.catch_up()
    waiting = dump(views.path)
    views.rebuild()
    assert dump(views.path) == waiting
    assert waiting["clearance_to_revoke"] and waiting["lineage_to_flag"] and waiting["holders_to_tell"]
    run(house, views)
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before
    assert before["holders_notice"] and before["holders_untold"] and not before["holders_to_tell"]


def test_a_platform_is_told_of_what_is_placed_there_and_not_of_what_ended_there(house: House, views: Views) -> None:
    register(house, platforms=["example-video"])
    asset, consent = ready_clip(house)
    clearance = house.cleared(asset)
    house.move_to("2026-10-06T00:00:00+00:00")
    shown, over = (house.placement(asset, clearance) for _ in range(2))
    for body in (shown, over):
        house.say_as("lib", body)
    house.say_as("lib", ended(house, over))
    withdraw(house, consent)
    run(house, views)
    (notice,) = views.holders.of_holder("pia")
    assert notice.items == ({"asset": asset, "placement": shown.placement},)


def ended(house: House, body: PlacementRecorded) -> PlacementEnded:
    names = {name: getattr(body, name) for name in ("placement", "asset", "clearance", "consents", "licences")}
    how = {"ended_at": house.now(), "outcome": "taken-down", "detail": "the campaign is over"}
    return PlacementEnded.model_validate(names | how)


def shown_under_a_licence(house: House) -> tuple[str, str, str]:
    """(asset, right, licence) of a clip on a platform, under a licence that leaves two weeks to wind down."""
    terms = {"valid_until": LICENCE_END}
    winding = {"outcome": "wind-down", "days": 14}
    asset, of, name = licensed_clip(house, terms=terms, at_end=winding)
    clearance = house.cleared(asset)
    house.move_to("2026-10-06T00:00:00+00:00")
    house.placed(asset, clearance, licences=[name])
    return asset, of, name


def test_a_licence_that_time_ends_tells_who_shows_something_under_it_with_its_own_outcome(
    house: House, views: Views
) -> None:
    register(house, platforms=["example-video"])
    asset, _, name = shown_under_a_licence(house)
    end = datetime.fromisoformat(LICENCE_END)
    house.move_to(end)
    assert run(house, views).as_json()["licences_expired"] == 1
    (notice,) = views.holders.of_basis(name)
    assert [item["asset"] for item in notice.items] == [asset]
    assert (notice.basis_kind, notice.outcome) == ("licence", "wind-down")
    assert datetime.fromisoformat(notice.due_at or "") == end + timedelta(days=14)
    assert run(house, views).as_json()["licences_expired"] == 0


def test_a_licence_that_somebody_ends_does_the_same(house: House, views: Views) -> None:
    register(house, platforms=["example-video"])
    _, of, name = shown_under_a_licence(house)
    licence_ended(house, name, of)
    end = house.size - 1
    run(house, views)
    (notice,) = views.holders.of_basis(name)
    assert (notice.about, notice.outcome) == (end, "wind-down")


def test_a_narrowing_revokes_what_is_outside_it_and_tells_who_has_something(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    for territory in ("DE", "FR"):
        verdict = house.verdict(house.decision(asset, territory=territory)).model_copy(update={"asked_by": "pia"})
        house.ledger.say(verdict)
    person = house.granted(consent).person
    words = {"consent": consent, "person": person, "territories": ["FR"], "reason": "not in France any more"}
    house.say_as("ines", ConsentNarrowed.model_validate(words))
    report = run(house, views).as_json()
    assert (report["clearances_revoked"], report["assets_flagged"]) == (1, 0)
    standing = [one.territory for one in views.clearance.of_asset(asset) if one.revocation is None]
    assert standing == ["DE"]
    (notice,) = views.holders.of_basis(consent)
    assert (notice.kind, notice.outcome, notice.open) == ("narrowed", "takedown", True)


def test_a_suspension_asks_holders_to_pause_and_revokes_nothing(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    words = {"consent": consent, "person": house.granted(consent).person, "suspension": house.new_id()}
    said = ConsentSuspended.model_validate({**words, "cause": "by-person", "reason": "I want to see it first"})
    house.say_as("ines", said)
    report = run(house, views).as_json()
    assert (report["clearances_revoked"], report["assets_flagged"]) == (0, 0)
    (notice,) = views.holders.of_basis(consent)
    assert (notice.kind, notice.outcome) == ("suspended", "pause")


def test_a_flag_that_came_before_the_record_of_the_end_is_not_lost(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    house.move_to(END)
    flag = AssetFlagged(asset=asset, cause="consent-ended", consent=consent, detail="it is over, says legal")
    house.say_as("lena", flag)
    run(house, views)
    (notice,) = views.holders.of_basis(consent)
    assert [item["asset"] for item in notice.items] == [asset]


def test_every_end_reaches_every_view_that_follows_ends() -> None:
    assert Lineage.handled & Clearances.handled & Due.handled >= ENDING_TYPES
    assert Holders.handled >= MATTER_TYPES


def test_the_end_of_an_engagement_asks_holders_to_pause_for_each_consent(house: House, views: Views) -> None:
    register(house)
    clips = [ready_clip(house) for _ in range(2)]
    for asset, _ in clips:
        cleared_for(house, "pia", asset)
    person = house.granted(clips[0][1]).person
    mine = [consent for _, consent in clips if house.granted(consent).person == person]
    words = {"ending": house.new_id(), "person": person, "ended_at": house.now(), "reason": "the contract is over"}
    house.say_as("lena", PersonEngagementEnded.model_validate(words))
    about = house.size - 1
    run(house, views)
    told = [views.holders.of_basis(consent) for consent in mine]
    assert [[(one.kind, one.outcome, one.about) for one in notices] for notices in told] == [
        [("suspended", "pause", about)] for _ in mine
    ]
    assert run(house, views).recorded == []


def test_a_resumption_before_the_round_leaves_nobody_to_be_told(house: House, views: Views) -> None:
    register(house)
    asset, consent = ready_clip(house)
    cleared_for(house, "pia", asset)
    person = house.granted(consent).person
    ending = house.new_id()
    words = {"ending": ending, "person": person, "ended_at": house.now(), "reason": "the contract is over"}
    house.say_as("lena", PersonEngagementEnded.model_validate(words))
    lifted = {"consent": consent, "person": person, "suspension": ending, "reason": "agreed to go on"}
    house.say_as(
        "lena", ConsentResumed.model_validate({k: lifted[k] for k in ConsentResumed.model_fields if k in lifted})
    )
    run(house, views)
    assert views.holders.of_basis(consent) == []
    assert [one.payload["type"] for one in views.notices.pending()][-1:] == ["countersign.consent.resumed.v1"]
