"""What a face in a file is, and what that does to a decision: rules, with made-up faces and everything else real."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.faces import LikenessJudged
from schemas.statements.guardrail import GuardrailMatched
from schemas.statements.likeness import LikenessWithdrawn
from tests.faces_of import FaceHouse, again, somebody
from tests.house_of import raises_code

INES, STRANGER = somebody(1), somebody(2)


def clip_with(faces: FaceHouse, *consents: str) -> str:
    """A generated, examined and approved file."""
    house = faces.house
    asset = house.asset(house.generation(consents=consents))
    house.examined(asset)
    return house.approved(asset)


def rows(faces: FaceHouse, asset: str) -> dict[str, str]:
    """Code to outcome of what is weighed about faces."""
    weighed = faces.house.decision(asset).weighed
    return {row.code: row.outcome for row in weighed if row.rule in ("likeness", "likeness_scan")}


def test_an_enrolled_person_who_agreed_to_this_file_passes(face_house: FaceHouse) -> None:
    consent = face_house.house.consent()
    person = face_house.house.granted(consent).person
    face_house.enrolled(person, INES)
    asset = face_house.shows(clip_with(face_house, consent), again(INES, 0.4))
    (one,) = face_house.judgements(asset)[-1].findings
    assert (one.finding, one.person, one.consent) == ("consented", person, consent)
    assert one.distance_permille is not None and 390 <= one.distance_permille <= 410
    assert rows(face_house, asset) == {"faces_found": "pass", "likeness_consented": "pass"}
    assert face_house.house.decision(asset).allowed


def test_an_enrolled_person_who_did_not_agree_to_this_file_is_a_no(face_house: FaceHouse) -> None:
    house, consent = face_house.house, face_house.house.consent()
    person = house.person()
    face_house.enrolled(person, STRANGER)
    asset = face_house.shows(clip_with(face_house, consent), again(STRANGER, 0.3))
    assert face_house.findings(asset) == ["unconsented"]
    assert rows(face_house, asset)["likeness_unconsented"] == "fail"
    assert not house.decision(asset).allowed


def test_a_real_face_that_nobody_answers_for_blocks_until_somebody_looked(face_house: FaceHouse) -> None:
    asset = face_house.shows(clip_with(face_house, face_house.house.consent()), STRANGER)
    (one,) = face_house.judgements(asset)[-1].findings
    assert (one.finding, one.person, one.enrolment) == ("unmatched", None, None), "a stranger has no name"
    assert rows(face_house, asset)["likeness_unmatched"] == "not_checked"
    assert not face_house.house.decision(asset).allowed


@pytest.mark.parametrize(
    ("verdict", "more", "allowed"),
    [
        ("drawn", {}, True),
        ("not-a-face", {}, True),
        ("released", {"release_sha256": "ab" * 32}, True),
        ("off-list", {}, False),
    ],
)
def test_a_person_says_what_an_unmatched_face_is(
    face_house: FaceHouse, verdict: str, more: dict[str, str], allowed: bool
) -> None:
    asset = face_house.shows(clip_with(face_house, face_house.house.consent()), STRANGER)
    face_house.reviewed(asset, 1, verdict, **more)
    assert face_house.house.decision(asset).allowed is allowed
    assert rows(face_house, asset)[f"likeness_{verdict.replace('-', '_')}"] == ("pass" if allowed else "fail")


def test_a_reviewer_does_not_say_that_somebody_released_their_likeness(face_house: FaceHouse) -> None:
    asset = face_house.shows(clip_with(face_house, face_house.house.consent()), STRANGER)
    raises_code(
        "release_not_yours", lambda: face_house.reviewed(asset, 1, "released", actor="rob", release_sha256="ab" * 32)
    )
    raises_code("face_unknown", lambda: face_house.reviewed(asset, 2, "drawn"))


def test_one_frame_of_a_clip_is_not_enough_to_be_recognised(face_house: FaceHouse) -> None:
    person = face_house.house.person()
    face_house.enrolled(person, INES)
    asset = clip_with(face_house, face_house.house.consent())
    face_house.shows(asset, [again(INES, 0.3), again(INES, 0.7), again(INES, 0.8)])
    assert face_house.findings(asset) == ["unmatched"]


def test_a_consent_that_ends_changes_the_answer_at_once(face_house: FaceHouse) -> None:
    house, consent = face_house.house, face_house.house.consent()
    person = house.granted(consent).person
    face_house.enrolled(person, INES)
    asset = face_house.shows(clip_with(face_house, consent), INES)
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="changed my mind"))
    assert rows(face_house, asset)["likeness_unconsented"] == "fail", "and nothing was judged anew"
    assert face_house.findings(asset) == ["consented"]


def test_who_is_enrolled_later_is_not_compared_until_somebody_does(face_house: FaceHouse) -> None:
    house, consent = face_house.house, face_house.house.consent()
    face_house.enrolled(house.granted(consent).person, INES)
    asset = face_house.shows(clip_with(face_house, consent), INES)
    face_house.enrolled(house.person(), STRANGER)
    assert rows(face_house, asset)["likeness_not_compared"] == "not_checked"


@pytest.mark.parametrize("how", ["withdrawn", "time"])
def test_a_permission_that_ended_recognises_nobody(face_house: FaceHouse, how: str) -> None:
    house, consent = face_house.house, face_house.house.consent()
    person = house.granted(consent).person
    permission = face_house.permitted(person, days=20)
    face_house.enrolled(person, INES, permission)
    asset = face_house.shows(clip_with(face_house, consent), INES)
    if how == "withdrawn":
        house.say_as("ines", LikenessWithdrawn(permission=permission, person=person, reason="not any more"))
    else:
        house.clock.move_to(house.clock.now() + timedelta(days=20))
    assert rows(face_house, asset)["likeness_unmatched"] == "not_checked"


@pytest.mark.parametrize("detail", [{"small": 2}, {"glimpses": 1}, {"ended_early": "over_bound"}])
def test_what_the_engine_could_not_judge_needs_the_person_at_the_rights_gate(
    face_house: FaceHouse, detail: dict[str, object]
) -> None:
    house = face_house.house
    asset = house.asset(house.generation(consents=[house.consent()]))
    house.examined(asset)
    face_house.shows(asset, **detail)
    assert rows(face_house, asset) == {"faces_incomplete": "not_checked"}
    house.approved(asset)
    assert rows(face_house, asset) == {"faces_seen_by_person": "pass"}


def test_a_file_without_a_face_says_so(face_house: FaceHouse) -> None:
    asset = face_house.shows(clip_with(face_house, face_house.house.consent()))
    assert rows(face_house, asset) == {"faces_absent": "pass"}


def test_somebody_on_the_list_who_is_recognised_matches_their_entry(face_house: FaceHouse) -> None:
    house, asset = face_house.house, clip_with(face_house, face_house.house.consent())
    guardrail = face_house.listed("p-listed")
    permission = face_house.permitted("p-listed", basis="guardrail", guardrail=guardrail)
    face_house.enrolled("p-listed", STRANGER, permission)
    face_house.shows(asset, again(STRANGER, 0.2))
    (match,) = [
        said.body
        for said in house.ledger.read(f"asset:{asset}", [GuardrailMatched.TYPE])
        if isinstance(said.body, GuardrailMatched)
    ]
    assert (match.finding.guardrail, match.finding.method) == (guardrail, "face") and match.finding.score >= 75
    codes = {row.code for row in house.decision(asset).against}
    assert {"guardrail_matched", "likeness_unconsented"} <= codes


def test_the_door_does_not_take_another_word_for_it(face_house: FaceHouse) -> None:
    house, consent = face_house.house, face_house.house.consent()
    person = house.person()
    face_house.enrolled(person, STRANGER)
    asset = face_house.shows(clip_with(face_house, consent), STRANGER)
    (said,) = face_house.judgements(asset)
    raises_code("judged_already", lambda: house.ledger.say(said.model_copy(update={"as_of": house.size})))
    lie = said.findings[0].model_copy(update={"finding": "consented", "consent": consent})
    forged = said.model_copy(update={"as_of": house.size, "findings": (lie,)})
    raises_code("judgement_differs", lambda: house.ledger.say(LikenessJudged.model_validate(forged.model_dump())))
    raises_code("faces_differ", lambda: house.ledger.say(said.model_copy(update={"as_of": house.size, "findings": ()})))
    raises_code("judgement_misplaced", lambda: house.ledger.say(said.model_copy(update={"as_of": house.size + 5})))


def test_a_signed_twin_is_answered_for_by_the_scan_of_its_original(face_house: FaceHouse) -> None:
    house = face_house.house
    asset = house.asset(house.generation(consents=[house.consent()]))
    house.examined(asset, essence="ee" * 32)
    twin = house.derived(asset, relation="signed")
    house.examined(twin, essence="ee" * 32)
    face_house.shows(asset, STRANGER)
    assert rows(face_house, twin)["likeness_unmatched"] == "not_checked"
