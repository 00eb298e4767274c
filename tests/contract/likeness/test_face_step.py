"""The last step of identification: who enrolled is in a file, who is not named, and why nothing was looked at."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.services import face_step
from api.services.face_step import FaceStep, faces_now, faces_recorded
from api.services.identification import Identified
from api.services.services import Services
from ledger.errors import Unavailable
from ledger.faces.port import not_installed
from ledger.faces.seen import SeenFaces
from schemas.statements.consent import ConsentWithdrawn
from tests.faces_of import FaceHouse, again, seen, somebody

INES, STRANGER = somebody(1), somebody(2)


@pytest.fixture
def look(face_house: FaceHouse, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Looks at a file in which an engine sees this; `asset` is what it was recognised as."""
    examiner = SimpleNamespace(examine=lambda path, extractors: None)
    services = cast(Services, SimpleNamespace(**vars(face_house.services) | {"examiner": examiner}))

    def looked(shown: SeenFaces | Exception, asset: str | None = None) -> FaceStep:
        def faces_of(found: object) -> SeenFaces:
            if isinstance(shown, Exception):
                raise shown
            return shown

        monkeypatch.setattr(face_step, "faces_of", faces_of)
        house = face_house.house
        return faces_now(services, house.ledger.history(), Path("probe.jpg"), asset, house.now())

    return looked


def test_without_anybody_enrolled_nothing_is_looked_at(look: Any) -> None:
    assert look(AssertionError("looked")) == FaceStep("not_checked", "nobody_enrolled")


def test_without_an_engine_or_a_picture_it_says_so(face_house: FaceHouse, look: Any) -> None:
    face_house.enrolled(face_house.house.person(), INES)
    assert look(not_installed()).reason == "faces_not_installed"
    assert look(Unavailable("examiner_busy", "too many")).reason == "examiner_busy"
    assert look(SeenFaces("failed", {"code": "timeout"}, None)) == FaceStep("not_checked", "timeout")
    assert look(SeenFaces("unsupported", {}, None)) == FaceStep("not_checked", "unsupported")


def test_somebody_enrolled_is_named_and_a_stranger_only_counted(face_house: FaceHouse, look: Any) -> None:
    person = face_house.house.person()
    face_house.enrolled(person, INES)
    step = look(seen(again(INES, 0.3), STRANGER))
    assert [(one.person, one.consent) for one in step.enrolled] == [(person, None)] and step.strangers == 1
    (reason,) = step.reasons()
    assert reason.code == "likeness_unconsented" and person in reason.detail
    identified = Identified("none", None).with_faces(step)
    assert (identified.by, identified.asset) == ("face", None)
    assert Identified("fingerprint", "aa" * 32).with_faces(step).by == "fingerprint"
    assert Identified("none", None).with_faces(look(seen(STRANGER))).by == "none"


def test_whoever_may_not_read_who_it_is_reads_that_there_is_somebody(face_house: FaceHouse, look: Any) -> None:
    person = face_house.house.person()
    face_house.enrolled(person, INES)
    step = look(seen(INES)).unnamed()
    assert len(step.enrolled) == 1 and person not in str(step.as_json()) + str(
        [one.as_json() for one in step.reasons()]
    )


def test_a_consent_to_the_known_file_counts_until_it_is_taken_back(face_house: FaceHouse, look: Any) -> None:
    house = face_house.house
    consent = house.consent()
    asset = house.asset(house.generation(consents=[consent]))
    person = house.granted(consent).person
    face_house.enrolled(person, INES)
    assert look(seen(INES), asset).enrolled[0].consent == consent and not list(look(seen(INES), asset).reasons())
    assert look(seen(INES)).enrolled[0].consent is None
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="changed my mind"))
    assert [one.code for one in look(seen(INES), asset).reasons()] == ["likeness_unconsented"]


def test_what_could_not_be_compared_is_said(face_house: FaceHouse, look: Any) -> None:
    face_house.enrolled(face_house.house.person(), INES)
    assert look(seen(small=2)) == FaceStep("absent", "too_small_or_too_short")
    assert look(seen(STRANGER, ended_early="over_bound")).reason == "over_bound"


def test_known_bytes_are_answered_from_their_scan(face_house: FaceHouse) -> None:
    house = face_house.house
    person = house.person()
    face_house.enrolled(person, INES)
    asset = house.examined(house.asset())

    def recorded() -> FaceStep:
        return faces_recorded(house.ledger.history(), asset, house.now())

    assert recorded() == FaceStep("not_checked", "not_scanned")
    face_house.shows(asset, INES, STRANGER)
    step = recorded()
    assert [(one.person, one.consent) for one in step.enrolled] == [(person, None)] and step.strangers == 1
