"""When a consent ends: expiry, revocations and flags, each recorded exactly once, whoever runs it and however often."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.errors import Conflict
from projections.cascade import ATTEMPTS_MAX, CascadeReport, run_expiry
from projections.views import Views
from schemas.statements.consent import ConsentExpired, ConsentRevoked, ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed, ConsentResumed, ConsentSuspended
from schemas.statements.notice import HolderRegistered
from tests.house_of import House, raises_code
from tests.unit.projections.material import dump, open_views, ready_clip

END = datetime(2026, 12, 1, tzinfo=UTC)
KINDS = ("consent.expired.v1", "clearance.revoked.v2", "asset.flagged.v2")


def recorded(house: House) -> Counter[tuple[str, str]]:
    """How often each ending, revocation and flag stands in the log."""
    return Counter((said.type, said.statement.tags[0]) for said in house.ledger.read(types=KINDS))


def run(house: House, views: Views) -> CascadeReport:
    return run_expiry(house.ledger, views, house.now())


def cleared_family(house: House) -> tuple[str, str, list[str]]:
    """(consent, clearance, the clip and three generations of descendants)."""
    asset, consent = ready_clip(house)
    clearance = house.cleared(asset)
    family = [asset]
    for _ in range(3):
        family.append(house.derived(family[-1]))
    return consent, clearance, family


def test_nothing_is_recorded_before_the_end(house: House, views: Views) -> None:
    cleared_family(house)
    assert run(house, views).as_json()["entries"] == []


def test_an_end_in_time_is_recorded_with_everything_that_follows(house: House, views: Views) -> None:
    consent, clearance, family = cleared_family(house)
    bystander, _ = ready_clip(house)
    house.move_to(END)
    report = run(house, views)
    expected = Counter(
        [("consent.expired.v1", f"consent:{consent}"), ("clearance.revoked.v2", f"clearance:{clearance}")]
    )
    expected.update(("asset.flagged.v2", f"asset:{asset}") for asset in family)
    assert {key: n for key, n in recorded(house).items() if key in expected} == dict(expected)
    assert ("asset.flagged.v2", f"asset:{bystander}") in recorded(house)  # its own consent ended at the same instant
    assert report.as_json()["clearances_revoked"] == 1 and report.not_needed == 0
    said = {one.entry_index: one.type for one in report.recorded}
    assert said == {entry.index: entry.type for entry in house.ledger.read(types=KINDS)}
    assert [n.payload["data"]["asset"] for n in views.notices.pending() if "flagged" in n.payload["type"]].count(
        family[3]
    ) == 1


def test_a_second_run_finds_nothing(house: House, views: Views) -> None:
    cleared_family(house)
    house.move_to(END)
    run(house, views)
    size = house.size
    assert run(house, views) == CascadeReport()
    assert house.size == size


@pytest.mark.parametrize(("kind", "actor"), [(ConsentWithdrawn, "ines"), (ConsentRevoked, "lena")])
def test_an_end_by_people_has_the_same_cascade(house: House, views: Views, kind: Any, actor: str) -> None:
    consent, clearance, _ = cleared_family(house)
    other, _ = ready_clip(house)
    house.say_as(actor, kind(consent=consent, person=house.granted(consent).person, reason="no more"))
    report = run(house, views).as_json()
    assert (report["expired"], report["clearances_revoked"], report["assets_flagged"]) == (0, 1, 4)
    assert recorded(house)["asset.flagged.v2", f"asset:{other}"] == 0
    assert views.clearance.clearance(clearance).revocation is not None
    assert not views.lineage.to_flag(9) and not views.clearance.to_revoke(9)


def test_a_file_made_after_the_end_is_flagged_by_the_next_run(house: House, views: Views) -> None:
    _, _, family = cleared_family(house)
    house.move_to(END)
    run(house, views)
    late = house.derived(family[2])
    report = run(house, views)
    assert [one.about.split("/")[0] for one in report.recorded] == [late]


def test_a_clip_with_two_ended_consents_is_revoked_once_and_flagged_for_each(house: House, views: Views) -> None:
    consents = [house.consent(), house.consent()]
    asset, _ = house.clip(consents)
    house.cleared(asset)
    house.move_to(END)
    report = run(house, views).as_json()
    assert (report["expired"], report["clearances_revoked"], report["assets_flagged"]) == (2, 1, 2)
    assert run(house, views).recorded == []


def test_the_renewal_of_both_leaves_the_clearance_as_it_was(house: House, views: Views) -> None:
    consents = [house.consent(), house.consent()]
    house.cleared(house.clip(consents)[0])
    house.move_to(END)
    for consent in consents:
        house.ledger.say(ConsentExpired(consent=consent, person=house.granted(consent).person, expired_at=END))
        renew(house, consent, END, END + timedelta(days=30))
    assert run(house, views).as_json()["clearances_revoked"] == 0


# -- taken back in part, or stopped for a while ----------------------------------------------------------------------

WIDE = {"uses": ["advertising", "editorial"], "channels": ["social", "tv"], "media": ["video", "still"]}
TAKEN = {
    "a use": ({"uses": ["editorial"]}, {"use": "editorial"}),
    "a channel": ({"channels": ["tv"]}, {"channel": "tv"}),
    "a country": ({"territories": ["FR"]}, {"territory": "FR"}),
    "training": ({"training_use": True}, {"use": "training"}),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_narrowing_revokes_exactly_what_it_takes_away(house: House, views: Views, name: str) -> None:
    narrowed, question = TAKEN[name]
    wide = {**WIDE, "uses": [*WIDE["uses"], "training"], "training_use": True}
    asset, consent = house.clip([house.consent(**wide)])
    kept, gone = house.cleared(asset), house.cleared(asset, **question)
    other = house.cleared(house.clip([house.consent(**wide)])[0], **question)
    narrow(house, consent, **narrowed)
    report = run(house, views).as_json()
    assert (report["clearances_revoked"], report["assets_flagged"], report["not_needed"]) == (1, 0, 0)
    standings = {one: views.clearance.clearance(one).standing(house.now()) for one in (kept, gone, other)}
    assert standings == {kept: "issued", gone: "revoked", other: "issued"}
    assert run(house, views).recorded == []


def test_a_narrowing_by_a_medium_revokes_what_was_cleared_of_that_medium(house: House, views: Views) -> None:
    consent = house.consent(**WIDE)
    moving, still = house.clip([consent])[0], house.clip([consent], medium="still")[0]
    kept, gone = house.cleared(moving), house.cleared(still)
    narrow(house, consent, media=["still"])
    assert run(house, views).as_json()["clearances_revoked"] == 1
    assert views.clearance.clearance(gone).revocation is not None
    assert views.clearance.clearance(kept).revocation is None


def narrow(house: House, consent: str, **taken: Any) -> None:
    words = {"consent": consent, "person": house.granted(consent).person, "reason": "not this"}
    house.say_as("ines", ConsentNarrowed.model_validate({**words, **taken}))


def test_a_suspension_pauses_and_revokes_nothing(house: House, views: Views) -> None:
    house.say_as("lena", HolderRegistered.model_validate({"holder": "pia", "everything": True}))
    consent, clearance, family = cleared_family(house)
    words = {"consent": consent, "person": house.granted(consent).person, "reason": "a question came up"}
    number = house.new_id()
    stop = ConsentSuspended.model_validate({**words, "suspension": number, "cause": "dispute"})
    house.say_as("lena", stop)
    report = run(house, views).as_json()
    assert (report["clearances_revoked"], report["assets_flagged"], report["notices_issued"]) == (0, 0, 1)
    (notice,) = views.holders.of_basis(consent)
    assert (notice.kind, notice.outcome) == ("suspended", "pause")
    assert "consent_suspended" in [rule.code for rule in house.decision(family[0]).against]
    house.say_as("lena", ConsentResumed.model_validate({**words, "suspension": number}))
    assert run(house, views).as_json()["notices_issued"] == 1
    told = [(one.kind, one.outcome, one.open) for one in views.holders.of_basis(consent)]
    assert told == [("suspended", "pause", False), ("resumed", None, False)]
    assert run(house, views).recorded == []
    house.move_to("2026-10-06T00:00:00+00:00")
    assert views.clearance.clearance(clearance).in_force(house.now()) and house.decision(family[0]).allowed


def test_a_clip_whose_consents_end_one_after_the_other_is_flagged_each_time(house: House, views: Views) -> None:
    consents = [house.consent(), house.consent()]
    asset = house.asset(house.generation(consents=consents))
    for consent in consents:
        house.say_as("ines", ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="no"))
        assert [one.about for one in run(house, views).recorded] == [f"{asset}/{consent}"]


@pytest.mark.parametrize("died_at", range(6))
def test_a_crash_anywhere_leaves_only_work_for_the_next_run(
    house: House, views: Views, died_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared_family(house)
    house.move_to(END)
    say, left = house.ledger.say_many, [died_at]

    def dies(bodies: Any) -> Any:
        said = say(bodies[: left[0]])
        left[0] -= len(said)
        if left[0] == 0:
            raise KeyboardInterrupt
        return said

    monkeypatch.setattr(house.ledger, "say_many", dies)
    with pytest.raises(KeyboardInterrupt):
        run(house, views)
    monkeypatch.undo()
    run(house, views)
    assert len(recorded(house)) == 6 and set(recorded(house).values()) == {1}


def test_two_workers_at_once_record_each_thing_once(house: House, views: Views) -> None:
    for _ in range(2):
        cleared_family(house)
    house.move_to(END)
    second = open_views(house, "second.sqlite")
    reports: list[CascadeReport] = []
    barrier = threading.Barrier(4)

    def work(mine: Views) -> None:
        barrier.wait()
        reports.append(run(house, mine))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (views, second, views, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert len(reports) == 4
    assert len(recorded(house)) == 12 and set(recorded(house).values()) == {1}
    assert sorted(one.entry_index for report in reports for one in report.recorded) == [
        said.index for said in house.ledger.read(types=KINDS)
    ]


def test_conflicts_are_tried_again_but_not_for_ever(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared_family(house)
    house.move_to(END)
    say, lost = house.ledger.say_many, [3]

    def races(bodies: Any) -> Any:
        if lost[0]:
            lost[0] -= 1
            return [Conflict("boundary_moved", "somebody came first") for _ in bodies]
        return say(bodies)

    monkeypatch.setattr(house.ledger, "say_many", races)
    assert len(run(house, views).recorded) == 6
    lost[0] = ATTEMPTS_MAX
    house.derived(views.lineage.assets_under_consent(views.rights.ended(limit=1)[0].consent)[0])
    raises_code("boundary_moved", lambda: run(house, views))


def test_the_ledgers_own_clock_has_the_last_word_on_an_expiry(house: House, views: Views) -> None:
    cleared_family(house)
    report = run_expiry(house.ledger, views, END)
    assert report.recorded == [] and report.not_needed == 1


def test_a_stopped_view_stops_the_cascade_loudly(house: House, views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared_family(house)
    house.move_to(END)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(views.due, "apply", broken)
    views.rebuild("due")
    raises_code("view_stopped", lambda: run(house, views))


def test_after_a_cascade_rebuilt_equals_live(house: House, views: Views) -> None:
    cleared_family(house)
    house.move_to(END)
    run(house, views)
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before
    assert before["clearance_revocation"] and before["clearance_consent"] and not before["due_consent"]


def renew(house: House, consent: str, since: datetime, until: datetime) -> None:
    body = ConsentRenewed(consent=consent, person=house.granted(consent).person, valid_from=since, valid_until=until)
    house.say_as("ines", body)


def test_a_renewal_lifts_the_flags_and_another_end_flags_anew(house: House, views: Views) -> None:
    consent, clearance, family = cleared_family(house)
    house.move_to(END)
    run(house, views)
    assert "asset_flagged" in {rule.code for rule in house.decision(family[0]).against}
    later = END + timedelta(days=30)
    renew(house, consent, END, later)
    window = {"valid_from": END, "valid_until": later}
    assert house.decision(family[0], **window).allowed
    assert views.clearance.clearance(clearance).revocation is not None  # asked for anew, not revived
    assert {one.type for one in run(house, views).recorded} <= {"consent.expiring.v1"}
    assert views.lineage.count_under(consent) == (4, 0)
    house.move_to(later)
    assert run(house, views).as_json()["assets_flagged"] == 4
    assert "asset_flagged" in {rule.code for rule in house.decision(family[0]).against}
    assert views.lineage.count_under(consent) == (4, 4)
    before = dump(views.path)
    views.rebuild()
    assert dump(views.path) == before


def test_a_renewal_before_the_next_round_keeps_what_a_narrowing_has_to_revoke(house: House, views: Views) -> None:
    consent, clearance, _ = cleared_family(house)
    person = house.granted(consent).person
    taken = {"consent": consent, "person": person, "territories": ["DE"], "reason": "not in Germany any more"}
    house.say_as("ines", ConsentNarrowed.model_validate(taken))
    renew(house, consent, END, END + timedelta(days=30))
    assert run(house, views).as_json()["clearances_revoked"] == 1
    assert views.clearance.clearance(clearance).revocation is not None
    assert not views.clearance.to_revoke(9)


def test_a_clearance_under_two_ended_consents_waits_once_and_a_renewal_of_one_saves_it_not(
    house: House, views: Views
) -> None:
    consents = [house.consent(), house.consent()]
    asset, _ = house.clip(consents)
    house.cleared(asset)
    house.move_to(END)
    for consent in consents:
        person = house.granted(consent).person
        house.ledger.say(ConsentExpired(consent=consent, person=person, expired_at=END))
    views.catch_up()
    assert len(views.clearance.to_revoke(9)) == 1
    renew(house, consents[0], END, END + timedelta(days=30))
    assert run(house, views).as_json()["clearances_revoked"] == 1
