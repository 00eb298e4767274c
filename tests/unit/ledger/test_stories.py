"""Briefs, generations, files and reviews: who may say what about which, and in what order."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.statements.asset import AssetDerived, AssetExamined, AssetFlagged
from schemas.statements.brief import BriefDrafted
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.evidence import EvidenceExported
from schemas.statements.generation import Cameo, GenerationFailed, GenerationRequested
from schemas.statements.review import ReviewApproved, ReviewRejected
from tests.house_of import House, digest, raises_code

# -- briefs --------------------------------------------------------------------------------------------------------


def draft(house: House, brief: str | None = None, version: int = 1) -> BriefDrafted:
    return BriefDrafted.example().model_copy(update={"brief": brief or house.new_id(), "version": version})


def test_versions_follow_each_other(house: House) -> None:
    first = draft(house)
    raises_code("brief_version_out_of_order", lambda: house.say_as("mara", draft(house, version=2)))
    house.say_as("mara", first)
    for version in (1, 3):
        body = draft(house, first.brief, version)
        raises_code("brief_version_out_of_order", lambda b=body: house.say_as("mara", b))
    house.say_as("paul", draft(house, first.brief, 2))


def test_nobody_approves_their_own_brief(house: House) -> None:
    drafted = house.say_as("mara", draft(house))
    raises_code("own_brief", lambda: house.say_as("mara", house.approval(drafted)))


def test_an_approval_names_the_drafts_exact_bytes(house: House) -> None:
    drafted = house.say_as("mara", draft(house))
    approval = house.approval(drafted).model_copy(update={"draft_sha256": digest()})
    error = raises_code("brief_digest_differs", lambda: house.say_as("paul", approval))
    assert error.reasons[0].entry_index == drafted.index


def test_a_version_is_approved_once(house: House) -> None:
    drafted = house.say_as("mara", draft(house))
    house.say_as("paul", house.approval(drafted))
    raises_code("brief_approved_already", lambda: house.say_as("ivy", house.approval(drafted)))


def test_a_version_that_is_not_there_is_not_approved(house: House) -> None:
    approval = house.approval(house.say_as("mara", draft(house)))
    missing = approval.model_copy(update={"version": 2})
    raises_code("brief_unknown", lambda: house.say_as("paul", missing))


# -- generations ---------------------------------------------------------------------------------------------------


def request(house: House, brief: str, *consents: str, **changes: Any) -> GenerationRequested:
    cameos = tuple(Cameo(person=house.requested(one).person, consent=one) for one in consents)
    update = {"generation": house.new_id(), "brief": brief, "cameos": cameos, **changes}
    return GenerationRequested.example().model_copy(update=update)


def test_a_generation_under_an_approved_brief_and_given_consents_is_accepted(house: House) -> None:
    house.say_as("mara", request(house, house.brief(), house.consent(), house.consent()))


def test_a_generation_is_requested_once(house: House) -> None:
    body = request(house, house.brief())
    house.say_as("mara", body)
    raises_code("generation_known", lambda: house.say_as("mara", body))


def test_withdrawn_consent_refuses_generation(house: House) -> None:
    brief, consent = house.brief(), house.consent()
    end = ConsentWithdrawn(consent=consent, person=house.requested(consent).person, reason="changed my mind")
    withdrawal = house.say_as("ines", end)
    error = raises_code("consent_withdrawn", lambda: house.say_as("mara", request(house, brief, consent)))
    assert error.reasons[0].entry_index == withdrawal.index


def test_every_reason_against_a_generation_is_listed(house: House) -> None:
    brief = house.brief(approved=False)
    waiting, later = house.consent(granted=False), house.consent(valid_from="2026-11-01T00:00:00Z")
    still = house.consent(media=["still"])
    ended = house.consent(valid_until="2026-10-02T00:00:00Z")
    house.move_to("2026-10-02T00:00:00Z")
    body = request(house, brief, waiting, later, still, ended)
    unknown = Cameo(person="p-1", consent=house.new_id())
    body = body.model_copy(update={"cameos": (*body.cameos, unknown)})
    error = raises_code("brief_not_approved", lambda: house.say_as("mara", body))
    assert [reason.code for reason in error.reasons] == [
        "brief_not_approved",
        "consent_requested",
        "consent_not_yet",
        "consent_medium",
        "consent_expired",
        "consent_unknown",
    ]


def test_one_persons_consent_is_not_anothers(house: House) -> None:
    consent, other = house.consent(), house.person()
    body = request(house, house.brief(), cameos=(Cameo(person=other, consent=consent),))
    raises_code("person_mismatch", lambda: house.say_as("mara", body))


def test_a_brief_that_nobody_drafted_is_unknown(house: House) -> None:
    raises_code("brief_unknown", lambda: house.say_as("mara", request(house, house.new_id())))


def test_only_a_requested_generation_fails(house: House) -> None:
    failed = GenerationFailed.example()
    raises_code("generation_unknown", lambda: house.say_as("mara", failed))
    house.say_as("mara", failed.model_copy(update={"generation": house.generation()}))


# -- files ---------------------------------------------------------------------------------------------------------


def derived(house: House, *parents: str, **changes: Any) -> AssetDerived:
    return AssetDerived.example().model_copy(update={"asset": digest(), "parents": parents, **changes})


def test_a_digest_enters_once_as_import_or_as_derivation(house: House) -> None:
    asset = house.asset()
    child = house.derived(asset)
    said = next(house.ledger.read(f"asset:{asset}"))
    for body in (said.body, derived(house, child, asset=asset), derived(house, asset, asset=child)):
        raises_code("asset_known", lambda b=body: house.say_as("mara", b))


def test_a_file_of_a_generation_that_was_never_requested_stays_out(house: House) -> None:
    raises_code("generation_unknown", lambda: house.asset(house.new_id()))


def test_every_unknown_parent_is_named(house: House) -> None:
    strangers, known = [digest(), digest()], house.asset()
    body = derived(house, strangers[0], known, strangers[1], relation="composited")
    error = raises_code("parent_unknown", lambda: house.say_as("mara", body))
    assert [reason.detail.split()[5] for reason in error.reasons] == strangers


def test_a_file_is_not_its_own_parent(house: House) -> None:
    name = digest()
    raises_code("parent_unknown", lambda: house.say_as("mara", derived(house, name, asset=name)))


def test_a_signed_file_is_the_twin_of_exactly_one(house: House) -> None:
    body = derived(house, house.asset(), house.asset(), relation="signed")
    raises_code("signed_parents", lambda: house.say_as("mara", body))


def test_what_nobody_brought_in_is_not_examined_reviewed_flagged_or_exported(house: House) -> None:
    stranger = digest()
    examined = AssetExamined.example().model_copy(update={"asset": stranger})
    exported = EvidenceExported.example().model_copy(update={"assets": (stranger,)})
    flagged = AssetFlagged(asset=stranger, cause="dispute", detail="a claim was filed")
    raises_code("asset_unknown", lambda: house.ledger.say(examined))
    raises_code("asset_unknown", lambda: house.ledger.say(exported))
    raises_code("asset_unknown", lambda: house.ledger.say(flagged))
    raises_code("asset_unknown", lambda: house.approved(stranger, ("brand",)))


def test_a_flag_is_raised_once_for_each_cause(house: House) -> None:
    asset = house.asset()
    for cause in ("dispute", "rejected"):
        flag = AssetFlagged.model_validate({"asset": asset, "cause": cause, "detail": "look again"})
        house.say_as("lena", flag)
        raises_code("asset_flagged_already", lambda f=flag: house.ledger.say(f))


def test_a_flag_for_an_ended_consent_needs_an_ended_consent(house: House) -> None:
    asset, consent = house.clip()
    flag = AssetFlagged(asset=asset, cause="consent-ended", consent=consent, detail="the consent expired")
    raises_code("consent_not_ended", lambda: house.ledger.say(flag))
    raises_code("flag_without_consent", lambda: house.ledger.say(flag.model_copy(update={"consent": None})))
    house.move_to("2026-12-01T00:00:00Z")
    house.ledger.say(flag)
    raises_code("asset_flagged_already", lambda: house.ledger.say(flag))


# -- reviews -------------------------------------------------------------------------------------------------------


def review(asset: str, gate: str, kind: type = ReviewApproved) -> Any:
    return kind.model_validate({"asset": asset, "gate": gate, "comment": "looked at, frame by frame"})


@pytest.mark.parametrize(("gate", "fits"), [("brand", {"rob", "lib"}), ("rights", {"ivy"}), ("legal", {"lena"})])
def test_each_gate_has_its_roles(house: House, gate: str, fits: set[str]) -> None:
    asset = house.asset()
    for actor in ("rob", "lib", "ivy", "lena"):
        for kind in (ReviewApproved, ReviewRejected):
            fresh = house.asset()
            if actor in fits:
                house.say_as(actor, review(fresh, gate, kind))
            else:
                raises_code("gate_not_yours", lambda a=actor, k=kind: house.say_as(a, review(asset, gate, k)))


def test_a_gate_is_passed_once(house: House) -> None:
    asset = house.approved(house.asset(), ("brand",))
    raises_code("gate_passed_already", lambda: house.say_as("lib", review(asset, "brand")))


def test_one_person_answers_at_one_gate(house: House) -> None:
    house.enrol("both", "ip-steward", "legal")
    asset = house.asset()
    house.say_as("both", review(asset, "rights"))
    raises_code("one_gate_each", lambda: house.say_as("both", review(asset, "legal")))


@pytest.mark.parametrize("how", ["imported", "requested", "derived", "ancestor"])
def test_nobody_approves_their_own_work(house: House, how: str) -> None:
    house.enrol("jack", "producer", "reviewer")
    if how == "imported":
        asset = house.asset(actor="jack")
    elif how == "requested":
        body = request(house, house.brief())
        house.say_as("jack", body)
        asset = house.asset(body.generation)
    elif how == "derived":
        asset = house.derived(house.asset(), actor="jack")
    else:
        asset = house.derived(house.derived(house.asset(actor="jack")))
    raises_code("own_work", lambda: house.say_as("jack", review(asset, "brand")))
    house.say_as("jack", review(asset, "brand", ReviewRejected))


def test_a_rejected_file_is_closed(house: House) -> None:
    asset = house.approved(house.asset(), ("brand",))
    rejected = house.say_as("lena", review(asset, "legal", ReviewRejected))
    for body in (review(asset, "rights"), review(asset, "rights", ReviewRejected)):
        error = raises_code("asset_rejected", lambda b=body: house.say_as("ivy", b))
        assert error.reasons[0].entry_index == rejected.index
