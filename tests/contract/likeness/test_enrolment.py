"""Who may be recognised: on whose word, until when, and that templates are in the vault and nowhere else."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.services.erasure import erase
from api.services.likeness import destroy_ended
from ledger.faces.comparing import packed
from ledger.rules.faces import newest_scan
from ledger.rules.likeness import enrolment, standing
from ledger.vault import Erased
from schemas.statements.erasure import FieldDisclosed, SubjectErasureRequested
from schemas.statements.guardrail import GuardrailLifted
from schemas.statements.likeness import LikenessDestroyed, LikenessEnrolled, LikenessPermitted, LikenessWithdrawn
from tests.faces_of import FaceHouse, somebody
from tests.house_of import House, raises_code
from tests.unit.erasure.said import hold, release

INES = somebody(1)


@pytest.fixture
def person(house: House) -> str:
    return house.person()


def asked(house: House, person: str, **more: Any) -> LikenessPermitted:
    shape = {"permission": house.new_id(), "person": person, "basis": "consent"}
    return LikenessPermitted.model_validate({**shape, "retain_until": house.clock.now() + timedelta(days=365), **more})


def recognised(faces: FaceHouse) -> list[str]:
    return [one.body.enrolment for one in standing(faces.house.ledger.history(), faces.house.clock.now())]


def files(folder: Path) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in folder.rglob("*") if path.is_file())


# -- on whose word -----------------------------------------------------------------------------------------------------


def test_the_person_permits_with_their_own_key_and_nobody_else_does(house: House, person: str) -> None:
    for actor, code in (("ivy", "not_the_person"), ("lena", "not_the_person")):
        raises_code(code, lambda actor=actor: house.say_as(actor, asked(house, person)))
    raises_code("own_key_required", lambda: house.ledger.say(asked(house, person), actor="ines", method="bearer"))
    raises_code("role_not_permitted", lambda: house.say_as("mara", asked(house, person)))
    raises_code("person_unknown", lambda: house.say_as("ines", asked(house, "p-nobody")))
    house.say_as("ines", asked(house, person))


def test_a_signed_release_is_recorded_by_the_house_with_a_witness(house: House, person: str) -> None:
    paper = {"sha256": "dd" * 32, "witnessed_by": "rob"}
    house.say_as("ivy", asked(house, person, document=paper))
    own = {**paper, "witnessed_by": "ivy"}
    raises_code("witness_missing", lambda: house.say_as("ivy", asked(house, person, document=own)))


def test_somebody_on_the_list_is_protected_by_counsel_without_being_asked(face_house: FaceHouse) -> None:
    house, guardrail = face_house.house, face_house.listed("p-listed")
    body = asked(house, "p-listed", basis="guardrail", guardrail=guardrail)
    raises_code("not_counsel", lambda: house.say_as("ivy", body))
    house.say_as("lena", body)
    other = asked(house, "p-other", basis="guardrail", guardrail=guardrail)
    raises_code("person_unknown", lambda: house.say_as("lena", other))
    house.say_as("lena", GuardrailLifted(guardrail=guardrail, reason="settled"))
    late = asked(house, "p-listed", basis="guardrail", guardrail=guardrail)
    raises_code("guardrail_unknown", lambda: house.say_as("lena", late))


@pytest.mark.parametrize("days", [0, -1, 1_096])
def test_templates_are_kept_for_a_bounded_time(house: House, person: str, days: int) -> None:
    until = house.clock.now() + timedelta(days=days)
    raises_code("retention_out_of_range", lambda: house.say_as("ines", asked(house, person, retain_until=until)))


def test_only_what_is_sealed_under_the_enrolments_own_number_is_an_enrolment(
    face_house: FaceHouse, person: str
) -> None:
    house, permission = face_house.house, face_house.permitted(person)
    body = LikenessEnrolled.example().model_copy(
        update={"enrolment": house.new_id(), "permission": permission, "person": person}
    )
    raises_code("templates_not_sealed", lambda: house.ledger.say(body))
    sealed = {"/body/templates": packed([INES])}
    raises_code("templates_not_sealed", lambda: house.ledger.say(body, sealed=sealed, subject=person))
    unknown = body.model_copy(update={"permission": house.new_id()})
    raises_code("permission_unknown", lambda: house.ledger.say(unknown, sealed=sealed, subject=body.enrolment))


# -- the vault only ----------------------------------------------------------------------------------------------------


def test_no_file_of_a_home_has_the_templates_bytes_and_after_erasure_not_even_sealed(
    face_house: FaceHouse, person: str, tmp_path: Path
) -> None:
    house, name = face_house.house, face_house.enrolled(person, INES)
    face_house.shows(house.asset(), INES)
    spellings = [INES.tobytes()[:64], packed([INES])[:64].encode(), INES.tobytes()[:32].hex().encode()]
    spellings += [base64.b64encode(INES.tobytes()[n : n + 48]) for n in (1, 2)]
    sealed = ciphertexts(house)
    assert len(sealed) >= 3 and all(any(one in content for content in files(tmp_path)) for one in sealed)
    assert not [spelling for content in files(tmp_path) for spelling in spellings if spelling in content]
    house.say_as("ines", SubjectErasureRequested(person=person, ground="consent-withdrawn"))
    erase(face_house.services, person)
    face_house.views.catch_up()
    assert ciphertexts(house) == []
    assert not [one for content in files(tmp_path) for one in (*spellings, *sealed) if one in content]
    history = house.ledger.history()
    one = enrolment(history, name)
    assert one is not None and one.destroyed is not None and recognised(face_house) == []
    assert isinstance(house.ledger.vault.open(one.said.statement.id, "/body/templates"), Erased)


def ciphertexts(house: House) -> list[bytes]:
    """How what the vault keeps begins: the name, the templates, the scan's embeddings. A page may part a longer piece."""
    with sqlite3.connect(house.folder / "vault.sqlite") as db:
        found = [content[:24] for (content,) in db.execute("SELECT content FROM sealed WHERE content IS NOT NULL")]
    db.close()
    return found


def test_the_log_does_not_say_erased_while_templates_are_kept(face_house: FaceHouse, person: str) -> None:
    from ledger.rules.erasure import erasure_state
    from schemas.statements.erasure import SubjectErased, SubjectErasureBegun

    house = face_house.house
    face_house.enrolled(person, INES)
    house.say_as("ines", SubjectErasureRequested(person=person, ground="consent-withdrawn"))
    request = erasure_state(house.ledger.history(), person).request
    assert request is not None
    house.ledger.say(SubjectErasureBegun(person=person, request_sha256=request.payload_sha256))
    counts = {"erased_at": house.clock.now(), "keys": 1, "values": 1, "statements": 1}
    shape = {"person": person, "request_sha256": request.payload_sha256, **counts}
    raises_code("templates_kept", lambda: house.ledger.say(SubjectErased.model_validate(shape)))
    erase(face_house.services, person)


def test_templates_are_disclosed_to_nobody(face_house: FaceHouse, person: str) -> None:
    house, name = face_house.house, face_house.enrolled(person, INES)
    one = enrolment(house.ledger.history(), name)
    assert one is not None
    body = FieldDisclosed(person=person, statement=one.said.statement.id, pointer="/body/templates", to="auditor-3")
    raises_code("sealed_unknown", lambda: house.say_as("lena", body))


# -- its end -----------------------------------------------------------------------------------------------------------


def test_templates_are_destroyed_when_their_time_is_over_and_the_log_says_so_once(
    face_house: FaceHouse, person: str
) -> None:
    house = face_house.house
    name = face_house.enrolled(person, INES, face_house.permitted(person, days=30))
    assert destroy_ended(face_house.services) == [] and recognised(face_house) == [name]
    house.clock.move_to(house.clock.now() + timedelta(days=30))
    assert recognised(face_house) == [], "time ends it, not the worker"
    (receipt,) = destroy_ended(face_house.services)
    (said,) = house.ledger.read(after=receipt.index, limit=1)
    assert isinstance(said.body, LikenessDestroyed) and said.body.cause == "retention"
    assert house.ledger.vault.holdings(name).erased is not None
    assert destroy_ended(face_house.services) == []


def test_a_withdrawal_is_as_easy_as_signing_in_and_destroys(face_house: FaceHouse, person: str) -> None:
    house, permission = face_house.house, face_house.permitted(person)
    name = face_house.enrolled(person, INES, permission)
    body = LikenessWithdrawn(permission=permission, person=person, reason="not any more")
    raises_code("role_not_permitted", lambda: house.say_as("ivy", body))
    house.ledger.say(body, actor="ines", method="bearer")
    assert recognised(face_house) == []
    raises_code("withdrawn_already", lambda: house.say_as("lena", body))
    raises_code("permission_over", lambda: face_house.enrolled(person, INES, permission))
    assert len(destroy_ended(face_house.services)) == 1
    assert house.ledger.vault.holdings(name).erased is not None


def test_a_crash_after_the_key_is_destroyed_leaves_only_the_word(face_house: FaceHouse, person: str) -> None:
    house, permission = face_house.house, face_house.permitted(person)
    name = face_house.enrolled(person, INES, permission)
    house.say_as("ines", LikenessWithdrawn(permission=permission, person=person, reason="no"))
    house.ledger.vault.erase(name, house.clock.now())  # and the process ends here
    assert len(destroy_ended(face_house.services)) == 1
    assert destroy_ended(face_house.services) == []


def test_a_hold_defers_destruction_and_brings_nothing_back_into_use(face_house: FaceHouse, person: str) -> None:
    house = face_house.house
    name = face_house.enrolled(person, INES, face_house.permitted(person, days=30))
    placed = hold(house, person=person)
    house.clock.move_to(house.clock.now() + timedelta(days=31))
    assert destroy_ended(face_house.services) == [] and recognised(face_house) == []
    assert house.ledger.vault.holdings(name).erased is None
    early = LikenessDestroyed(enrolment=name, person=person, cause="retention", destroyed_at=house.clock.now())
    raises_code("legal_hold", lambda: house.ledger.say(early))
    release(house, placed)
    assert len(destroy_ended(face_house.services)) == 1


def test_nothing_is_said_to_be_destroyed_before_its_time(face_house: FaceHouse, person: str) -> None:
    house, name = face_house.house, face_house.enrolled(person, INES)
    for cause in ("retention", "withdrawn", "guardrail-lifted", "erased"):
        shape = {"enrolment": name, "person": person, "cause": cause, "destroyed_at": house.clock.now()}
        body = LikenessDestroyed.model_validate(shape)
        raises_code("destruction_not_due", lambda body=body: house.ledger.say(body))
    asset = face_house.shows(house.asset(), INES)
    scan = newest_scan(house.ledger.history(), asset)
    assert scan is not None
    shape = {"scan": scan[1].scan, "asset": asset, "cause": "retention", "destroyed_at": house.clock.now()}
    raises_code("destruction_not_due", lambda: house.ledger.say(LikenessDestroyed.model_validate(shape)))
