"""Lineage, rights, clearances, trail, due and notices over a real ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import NotFound, TooLarge
from ledger.rules.people import speaker
from projections import lineage
from projections.views import Views
from schemas.base import new_id
from schemas.statements.asset import AssetImported
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentRefused, ConsentWithdrawn
from schemas.statements.person import PersonSpeakerChanged
from tests.house_of import START, House, digest, raises_code
from tests.unit.projections.material import ready_clip

END = datetime(2026, 12, 1, tzinfo=UTC)


# -- lineage -------------------------------------------------------------------------------------------------------


def test_a_family_is_the_line_of_a_file_without_its_siblings(house: House, views: Views) -> None:
    root = house.asset()
    child, sibling = house.derived(root), house.derived(root)
    grandchild = house.derived(child)
    views.catch_up()
    assert views.lineage.family(child) == [root, child, grandchild]
    assert views.lineage.ancestors(grandchild) == [child, root]
    assert views.lineage.descendants(root) == [child, sibling, grandchild]
    assert views.lineage.roots(grandchild) == [root] and views.lineage.roots(root) == [root]
    assert [(e.child, e.parent, e.relation) for e in views.lineage.edges([grandchild, child])] == [
        (child, root, "transcoded"),
        (grandchild, child, "transcoded"),
    ]


def test_a_file_that_never_came_has_no_family(house: House, views: Views) -> None:
    views.catch_up()
    name = digest()
    assert views.lineage.family(name) == [name]
    assert views.audit_trail.trail(name) == []


def test_what_is_under_a_consent_is_every_clip_and_all_its_descendants(house: House, views: Views) -> None:
    one, two = house.consent(), house.consent()
    with_one, with_both = (
        house.asset(house.generation(consents=[one])),
        house.asset(house.generation(consents=[one, two])),
    )
    stranger = house.asset()
    joined = house.derived(with_one, with_both, stranger, relation="composited")
    last = house.derived(joined)
    house.derived(stranger)
    views.catch_up()
    assert views.lineage.assets_under_consent(one) == [with_one, with_both, joined, last]
    assert views.lineage.assets_under_consent(two) == [with_both, joined, last]
    assert views.lineage.consents_of(last) == sorted([one, two])
    assert views.lineage.consents_of(stranger) == []


def test_a_family_past_its_bound_is_refused_and_not_cut(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "FAMILY_ASSETS_MAX", 3)
    root = house.asset()
    last = house.derived(house.derived(root))
    views.catch_up()
    assert len(views.lineage.ancestors(last)) == 2
    too_far = house.derived(last)
    views.catch_up()
    with pytest.raises(TooLarge, match="family_too_large"):
        views.lineage.ancestors(too_far)


# -- rights --------------------------------------------------------------------------------------------------------


def test_time_decides_over_a_consent_with_nothing_recorded(house: House, views: Views) -> None:
    asset, consent = ready_clip(house)
    views.catch_up()
    now = house.now()
    found = views.rights.rights(asset, now)
    assert found.all_given and [one.consent for one in found.consents] == [consent]
    assert found.consents[0].granted is not None and found.consents[0].granted.territories == ("DE", "FR")
    assert views.rights.consent(consent, END - timedelta(microseconds=1)).state == "given"
    assert views.rights.consent(consent, END).state == "expired"
    assert not views.rights.rights(asset, END).all_given


def test_a_withdrawal_counts_from_when_it_was_recorded(house: House, views: Views) -> None:
    asset, consent = ready_clip(house)
    before = house.now()
    person = house.granted(consent).person
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="no more"))
    views.catch_up()
    assert views.rights.consent(consent, before).state == "given"
    after = views.rights.consent(consent, house.now())
    assert after.state == "withdrawn" and after.ending is not None and after.ending.actor == "ines"
    assert [one.state for one in views.rights.rights(asset, house.now()).consents] == ["withdrawn"]
    assert [end.consent for end in views.rights.ended(limit=9)] == [consent]


def test_a_refused_request_ended_nothing(house: House, views: Views) -> None:
    consent = house.consent(granted=False)
    refusal = ConsentRefused(consent=consent, person=house.requested(consent).person, reason="no")
    house.say_as("ines", refusal)
    views.catch_up()
    assert views.rights.consent(consent, house.now()).state == "refused"
    assert views.rights.ended(limit=9) == []


def test_who_speaks_for_whom_is_what_the_log_says(house: House, views: Views) -> None:
    house.enrol("joao", "talent"), house.enrol("zeca", "talent")
    people = [house.person() for _ in range(3)]
    words = {"life": "adult", "authority": "self", "reason": "speaks for themselves now"}
    for person, actor in ((people[0], "joao"), (people[1], "joao"), (people[1], "ines")):
        change = PersonSpeakerChanged.model_validate({"person": person, "speaks_as": actor, **words})
        house.say_as("ivy", change)
    views.catch_up()
    history = house.ledger.history()
    for actor in ("ines", "joao", "zeca"):
        told = [name for name in people if (found := speaker(history, name)) and found[1].speaks_as == actor]
        assert sorted(views.rights.people_of(actor)) == sorted(told)
    assert views.rights.people_of("ines") == [people[2], people[1]] and views.rights.people_of("joao") == [people[0]]


def test_consents_of_a_person_are_those_asked_for_by_then(house: House, views: Views) -> None:
    person = house.person()
    first = house.consent(person=person)
    between = house.now()
    second = house.consent(person=person, granted=False, valid_from="2026-11-01T00:00:00Z")
    house.consent()
    views.catch_up()
    assert [(one.consent, one.state) for one in views.rights.consents_of(person, house.now())] == [
        (first, "given"),
        (second, "requested"),
    ]
    assert [one.consent for one in views.rights.consents_of(person, between)] == [first]
    with pytest.raises(NotFound, match="consent_unknown"):
        views.rights.consent(second, between)
    with pytest.raises(NotFound, match="consent_unknown"):
        views.rights.consent(new_id(START), house.now())


# -- clearance -----------------------------------------------------------------------------------------------------


def test_a_clearance_stands_inside_its_window_until_it_is_revoked(house: House, views: Views) -> None:
    asset, _ = ready_clip(house)
    name = house.cleared(asset)
    house.ledger.say(house.verdict(house.decision(asset, territory="US")))
    views.catch_up()
    inside = datetime(2026, 10, 6, tzinfo=UTC)
    assert [one.clearance for one in views.clearance.standing(asset, inside)] == [name]
    assert views.clearance.standing(asset, datetime(2026, 10, 4, tzinfo=UTC)) == []
    assert views.clearance.standing(asset, datetime(2026, 11, 1, tzinfo=UTC)) == []
    assert [one.standing(inside) for one in views.clearance.of_asset(asset)] == ["issued", "refused"]
    assert views.clearance.to_revoke(9) == []
    house.move_to(inside)
    detail = {"clearance": name, "asset": asset, "cause": "by-hand", "detail": "asked to"}
    house.say_as("lena", ClearanceRevoked.model_validate(detail))
    views.catch_up()
    assert views.clearance.standing(asset, house.now()) == []
    assert [one.clearance for one in views.clearance.standing(asset, inside)] == [name]
    assert views.clearance.clearance(name).revocation is not None
    assert views.clearance.to_revoke(9) == []
    with pytest.raises(NotFound, match="clearance_unknown"):
        views.clearance.clearance(new_id(START))


# -- trail ---------------------------------------------------------------------------------------------------------


def test_a_trail_holds_the_family_its_generation_brief_people_and_consents(house: House, views: Views) -> None:
    asset, consent = ready_clip(house)
    house.cleared(asset)
    twin = house.derived(asset, relation="signed")
    other, _ = ready_clip(house)
    cousin = house.asset(house.generation(consents=[consent]))
    views.catch_up()
    trail = views.audit_trail.trail(twin)
    assert [row.index for row in trail] == sorted({row.index for row in trail})
    assert [row.type for row in trail] == [
        "person.registered.v2",
        "consent.requested.v2",
        "consent.granted.v2",
        "brief.drafted.v1",
        "brief.approved.v1",
        "generation.requested.v1",
        "asset.imported.v1",
        "asset.examined.v1",
        "review.approved.v1",
        "review.approved.v1",
        "review.approved.v1",
        "clearance.issued.v1",
        "asset.derived.v1",
    ]
    text = " ".join(row.summary for row in trail)
    assert other[:12] not in text and cousin[:12] not in text
    assert trail == views.audit_trail.trail(asset)
    assert trail[2].actor == "ines" and trail[2].recorded_at >= trail[2].occurred_at


def test_every_statement_is_found_by_each_of_its_tags(house: House, views: Views) -> None:
    ready_clip(house)
    views.catch_up()
    for said in house.ledger.read():
        for tag in said.statement.tags:
            assert said.index in [row.index for row in views.audit_trail.by_tag(tag)]
    first = views.audit_trail.by_tag("log:opened")
    assert [row.index for row in first] == [0] and views.audit_trail.by_tag("log:opened", after=0) == []


def test_a_trail_past_its_bound_is_refused_and_not_cut(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, _ = ready_clip(house)
    views.catch_up()
    monkeypatch.setattr("projections.audit_trail.TRAIL_ROWS_MAX", 5)
    with pytest.raises(TooLarge, match="trail_too_long"):
        views.audit_trail.trail(asset)


def test_statements_said_on_somebodys_behalf_say_so(house: House, views: Views) -> None:
    body = AssetImported.example().model_copy(update={"asset": digest(), "generation": None})
    house.ledger.say(body, actor="mara", method="token")
    views.catch_up()
    assert "signed by the service for them" in views.audit_trail.by_tag(f"asset:{body.asset}")[0].summary


# -- due and notices -----------------------------------------------------------------------------------------------


def test_a_consent_is_due_from_its_end_and_upcoming_before(house: House, views: Views) -> None:
    late = house.consent()
    soon = house.consent(valid_until="2026-11-01T00:00:00Z")
    house.consent(granted=False)
    views.catch_up()
    end = datetime(2026, 11, 1, tzinfo=UTC)
    assert views.due.due(end - timedelta(microseconds=1)) == []
    assert [one.consent for one in views.due.due(end)] == [soon]
    assert [one.consent for one in views.due.due(END)] == [soon, late]
    assert [one.consent for one in views.due.due(END, limit=1)] == [soon]
    assert [one.consent for one in views.due.upcoming(end, timedelta(days=30))] == [late]
    assert views.due.upcoming(end, timedelta(days=29)) == []


def test_an_ended_consent_is_not_due(house: House, views: Views) -> None:
    consent = house.consent()
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="no"))
    views.catch_up()
    assert views.due.due(END) == []


def test_a_notice_names_things_and_never_people(house: House, views: Views) -> None:
    consent = house.consent()
    person = house.granted(consent).person
    receipt = house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="Inês moved to Porto"))
    views.catch_up()
    (notice,) = views.notices.pending()
    assert (notice.entry_index, notice.recipient, notice.status) == (receipt.index, "platform", "pending")
    assert notice.payload["specversion"] == "1.0" and notice.payload["type"] == "countersign.consent.withdrawn.v1"
    assert notice.payload["data"]["consent"] == consent
    assert person not in str(notice.payload) and "Porto" not in str(notice.payload)
    assert views.notices.pending("platform") == [notice] and views.notices.pending("finance") == []
    assert views.notices.pending(after=notice.entry_index) == []


def test_a_notice_keeps_its_id_when_the_outbox_is_rebuilt(house: House, views: Views) -> None:
    consent = house.consent()
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=house.granted(consent).person, reason="no"))
    views.catch_up()
    before = views.notices.pending()
    views.rebuild("notices")
    assert views.notices.pending() == before


def test_queries_of_a_stopped_view_raise_through_the_views_that_need_it(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, _ = ready_clip(house)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(views.lineage, "apply", broken)
    views.catch_up()
    raises_code("view_stopped", lambda: views.audit_trail.trail(asset))
    raises_code("view_stopped", lambda: views.rights.rights(asset, house.now()))
    assert views.clearance.of_asset(asset) == []
