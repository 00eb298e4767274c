"""Rights reviews, filters, outside registries and rejections: no third state, and what is pending or unknown is no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.rules.registries import weigh_registries
from schemas.statements.asset import AssetDerived
from schemas.statements.generation import GenerationRequested, Reference
from schemas.statements.moderation import GenerationModerated
from schemas.statements.registry import RegistryAnswered
from schemas.statements.review import ReviewApproved, ReviewRejected
from schemas.statements.rightsreview import RightsReviewDecided, RightsReviewOpened
from tests.house_of import House, digest, raises_code


def against(house: House, asset: str, **question: Any) -> list[tuple[str, str]]:
    return [(row.outcome, row.code) for row in house.decision(asset, **question).against]


# -- reviews -----------------------------------------------------------------------------------------------------------


def opened(house: House, asset: str, actor: str = "rob", **overrides: Any) -> str:
    body = RightsReviewOpened(review=overrides.pop("review", None) or house.new_id(), asset=asset, doubt="a painting")
    house.say_as(actor, body)
    return body.review


def decided(house: House, review: str, asset: str, decision: str, actor: str = "lena", **overrides: Any) -> str:
    """The digest of the decision's payload."""
    body = {"review": review, "asset": asset, "decision": decision, "reasons": ["looked into it"], **overrides}
    receipt = house.say_as(actor, RightsReviewDecided.model_validate(body))
    return next(house.ledger.read(after=receipt.index, limit=1)).payload_sha256


def test_an_open_case_is_a_no_and_a_decision_is_what_it_says(house: House) -> None:
    asset, _ = house.clip()
    review = opened(house, asset)
    assert against(house, asset) == [("fail", "rights_review_pending")]
    first = decided(house, review, asset, "allow", conditions=["not as the main motif"])
    decision = house.decision(asset)
    assert decision.allowed
    assert "not as the main motif" in next(row.detail for row in decision.weighed if row.rule == "rights_review")
    decided(house, review, asset, "deny", supersedes_sha256=first)
    assert against(house, asset) == [("fail", "rights_review_denied")]


def test_an_allow_ends_at_its_instant_and_covers_no_window_beyond(house: House) -> None:
    asset, _ = house.clip()
    decided(house, opened(house, asset), asset, "allow", expires_at="2026-11-01T00:00:00Z")
    assert house.decision(asset).allowed
    beyond = {"valid_until": "2026-11-01T00:00:00.000001Z"}
    assert against(house, asset, **beyond) == [("fail", "rights_review_expired")]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"uses": ["editorial"]}, "rights_review_use"),
        ({"channels": ["tv"]}, "rights_review_channel"),
        ({"territories": ["FR"]}, "rights_review_territory"),
    ],
)
def test_an_allow_is_for_what_it_says(house: House, limits: dict[str, Any], code: str) -> None:
    asset, _ = house.clip()
    decided(house, opened(house, asset), asset, "allow", **limits)
    assert against(house, asset) == [("fail", code)]


def test_a_case_about_a_file_is_one_about_what_was_made_from_it(house: House) -> None:
    asset, _ = house.clip()
    opened(house, asset)
    child = house.approved(house.examined(house.derived(asset)))
    assert against(house, child) == [("fail", "rights_review_pending")]


def test_a_decision_is_never_edited_and_only_the_newest_gives_way(house: House) -> None:
    asset = house.asset()
    review = opened(house, asset)
    raises_code("supersedes_other", lambda: decided(house, review, asset, "deny", supersedes_sha256=digest()))
    first = decided(house, review, asset, "deny")
    raises_code("review_decided", lambda: decided(house, review, asset, "allow"))
    second = decided(house, review, asset, "allow", supersedes_sha256=first)
    raises_code("supersedes_other", lambda: decided(house, review, asset, "deny", supersedes_sha256=first))
    decided(house, review, asset, "deny", supersedes_sha256=second)


def test_a_case_is_about_a_known_file_opened_once_and_decided_by_somebody_else(house: House) -> None:
    asset = house.asset()
    raises_code("asset_unknown", lambda: opened(house, digest()))
    review = opened(house, asset, "lena")
    raises_code("review_known", lambda: opened(house, asset, review=review))
    raises_code("own_doubt", lambda: decided(house, review, asset, "deny"))
    raises_code("review_unknown", lambda: decided(house, review, house.asset(), "deny", actor="ivy"))
    raises_code("review_unknown", lambda: decided(house, house.new_id(), asset, "deny"))
    past = {"expires_at": "2026-09-01T00:00:00Z"}
    raises_code("expiry_passed", lambda: decided(house, review, asset, "allow", actor="ivy", **past))


@pytest.mark.parametrize("extra", [{"conditions": ["x"]}, {"uses": ["x"]}, {"expires_at": "2027-01-01T00:00:00Z"}])
def test_there_is_no_third_state(house: House, extra: dict[str, Any]) -> None:
    base = {"review": house.new_id(), "asset": digest(), "reasons": ["r"]}
    with pytest.raises(ValueError, match="deny has no conditions"):
        RightsReviewDecided.model_validate({**base, "decision": "deny", **extra})
    with pytest.raises(ValueError):
        RightsReviewDecided.model_validate({**base, "decision": "maybe"})


# -- filters -----------------------------------------------------------------------------------------------------------


def moderated(house: House, asset_of: str, by: str, outcome: str, actor: str, source: str = "f") -> None:
    body = {"generation": asset_of, "by": by, "source": source, "version": "1", "outcome": outcome}
    house.say_as(actor, GenerationModerated.model_validate(body))


@pytest.fixture
def generated(house: House) -> tuple[str, str]:
    """(asset, generation)"""
    name = house.generation(consents=[house.consent()])
    return house.approved(house.examined(house.asset(name))), name


@pytest.mark.parametrize(
    ("by", "outcome", "expected"),
    [
        ("provider", "ok", []),
        ("provider", "not_checked", []),
        ("provider", "flagged", [("fail", "moderation_provider_flagged")]),
        ("provider", "blocked", [("fail", "moderation_provider_blocked")]),
        ("house", "ok", []),
        ("house", "flagged", [("fail", "moderation_house_flagged")]),
        ("house", "blocked", [("fail", "moderation_house_blocked")]),
        ("house", "not_checked", [("not_checked", "moderation_house_not_checked")]),
    ],
)
def test_a_filters_no_counts_and_a_providers_ok_is_no_yes(
    house: House, generated: tuple[str, str], by: str, outcome: str, expected: list[tuple[str, str]]
) -> None:
    asset, name = generated
    moderated(house, name, by, outcome, "mara" if by == "provider" else "rob")
    assert against(house, asset) == expected
    row = next(row for row in house.decision(asset).weighed if row.rule == "moderation")
    assert (row.outcome == "pass") == (by == "house" and outcome == "ok")


def test_of_each_filter_the_newest_word_counts_and_none_overrules_another(
    house: House, generated: tuple[str, str]
) -> None:
    asset, name = generated
    moderated(house, name, "house", "blocked", "rob")
    moderated(house, name, "provider", "ok", "mara", "other")
    assert against(house, asset) == [("fail", "moderation_house_blocked")]
    moderated(house, name, "house", "ok", "rob")
    assert against(house, asset) == []


def test_whoever_asks_does_not_speak_for_the_house(house: House, generated: tuple[str, str]) -> None:
    _, name = generated
    raises_code("moderation_not_yours", lambda: moderated(house, name, "house", "ok", "mara"))
    raises_code("generation_unknown", lambda: moderated(house, house.new_id(), "house", "ok", "rob"))


# -- registries --------------------------------------------------------------------------------------------------------


def answered(house: House, consent: str, status: str, **overrides: Any) -> None:
    now = house.now()
    body = {"consent": consent, "registry": "talent-registry", "reference": "TR-1", "status": status}
    window = {"answered_at": now, "fresh_until": now + timedelta(hours=1)}
    house.ledger.say(RegistryAnswered.model_validate({**body, **window, **overrides}))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("given", []),
        ("ended", [("fail", "registry_ended")]),
        ("unknown", [("fail", "registry_unknown")]),
        ("unavailable", [("not_checked", "registry_unavailable")]),
    ],
)
def test_only_a_registrys_yes_is_a_yes(house: House, status: str, expected: list[tuple[str, str]]) -> None:
    asset, consent = house.clip()
    answered(house, consent, status)
    assert against(house, asset) == expected


def test_a_yes_is_good_until_its_instant_and_of_each_registry_the_newest_counts(house: House) -> None:
    asset, consent = house.clip()
    answered(house, consent, "ended")
    answered(house, consent, "given")
    answered(house, consent, "given", registry="another")
    assert against(house, asset) == []
    house.move_to(house.now() + timedelta(hours=1))
    assert against(house, asset) == [("not_checked", "registry_answer_stale")] * 2


def test_a_yes_is_none_any_more_at_its_very_instant(house: House) -> None:
    consent, until = house.consent(), house.now() + timedelta(hours=1)
    answered(house, consent, "given", fresh_until=until)
    history = house.ledger.history()
    instants = (until - timedelta(microseconds=1), until)
    assert [row.outcome for at in instants for row in weigh_registries(history, [consent], at)] == [
        "pass",
        "not_checked",
    ]


def test_an_answer_is_recorded_when_it_comes_about_a_known_consent_for_a_day_at_most(house: House) -> None:
    consent = house.consent()
    raises_code("consent_unknown", lambda: answered(house, house.new_id(), "given"))
    early = house.now() - timedelta(minutes=6)
    raises_code("answer_stale", lambda: answered(house, consent, "given", answered_at=early))
    late = house.now() + timedelta(days=1, seconds=1)
    raises_code("answer_fresh_too_long", lambda: answered(house, consent, "given", fresh_until=late))
    with pytest.raises(ValueError, match="must lie after"):
        answered(house, consent, "given", fresh_until=early)


# -- rejection at any stage --------------------------------------------------------------------------------------------


def test_a_rejected_file_takes_everything_made_from_it_along(house: House) -> None:
    asset = house.examined(house.asset(house.generation(consents=[house.consent()])))
    child = house.examined(house.derived(asset))
    grandchild = house.examined(house.derived(child))
    receipt = house.say_as("rob", ReviewRejected(asset=asset, gate="brand", comment="crosses the line"))
    for name in (child, grandchild):
        select = ReviewApproved(asset=name, gate="brand", comment="nice")
        error = raises_code("ancestor_rejected", lambda select=select: house.say_as("rob", select))
        assert error.reasons[0].entry_index == receipt.index
        assert ("fail", "asset_rejected") in against(house, name)
    late = house.derived(asset)
    select = ReviewApproved(asset=late, gate="brand", comment="nice")
    raises_code("ancestor_rejected", lambda: house.say_as("rob", select))
    assert house.ledger.history().last(f"asset:{late}", AssetDerived)  # that it exists is a fact, and stays sayable


def test_a_sibling_of_a_rejected_file_is_not_touched(house: House) -> None:
    asset = house.examined(house.asset(house.generation(consents=[house.consent()])))
    rejected, sibling = house.derived(asset), house.derived(asset)
    house.say_as("rob", ReviewRejected(asset=rejected, gate="brand", comment="no"))
    house.say_as("rob", ReviewApproved(asset=sibling, gate="brand", comment="yes"))


def test_a_rejected_file_is_no_reference_for_anything_new(house: House) -> None:
    asset = house.asset()
    child = house.derived(asset)
    house.say_as("rob", ReviewRejected(asset=asset, gate="brand", comment="no"))
    for name in (asset, child):
        reference = Reference(sha256=name, kind="still", rights_basis="ours")
        body = GenerationRequested.example().model_copy(
            update={"generation": house.new_id(), "brief": house.brief(), "cameos": (), "references": (reference,)}
        )
        raises_code("reference_rejected", lambda body=body: house.say_as("mara", body))
