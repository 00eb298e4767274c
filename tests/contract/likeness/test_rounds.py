"""The retroactive work: compared with who is enrolled later, judged anew when consents change, forgotten in time. Once each."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from api.services import likeness_rounds
from api.services.likeness_rounds import LikenessReport, LikenessRounds
from ledger.rules.faces import newest_scan
from ledger.statement import Opening
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.faces import LikenessSwept
from schemas.statements.likeness import LikenessWithdrawn
from tests.faces_of import FaceHouse, again, somebody

INES, STRANGER = somebody(1), somebody(2)


class Crash(BaseException):
    """The process ends here."""


def rounds(faces: FaceHouse) -> Callable[[], LikenessReport]:
    return LikenessRounds(faces.services, scan_new=False).run_once


def test_a_new_enrolment_is_looked_for_in_everything_that_was_scanned(face_house: FaceHouse) -> None:
    house = face_house.house
    hits = [face_house.shows(house.asset(), again(STRANGER, 0.3, n), INES) for n in range(3)]
    others = [face_house.shows(house.asset(), INES) for _ in range(2)]
    name, seen = face_house.enrolled(house.person(), STRANGER), []
    report = LikenessRounds(face_house.services, scan_new=False).run_once(lambda *step: seen.append(step))
    assert (report.swept, report.judged) == ([name], 3)
    assert seen == [(n, 5) for n in range(1, 6)], "progress, file by file"
    (said,) = house.ledger.read(f"enrolment:{name}", [LikenessSwept.TYPE])
    assert isinstance(said.body, LikenessSwept)
    assert (said.body.assets, said.body.matched, said.body.not_compared) == (5, 3, 0)
    for asset in hits:
        assert face_house.findings(asset) == ["unconsented", "unmatched"]
        assert face_house.judgements(asset)[-1].cause == "enrolment"
    assert all(len(face_house.judgements(asset)) == 1 for asset in others), "no news, no word"
    size = house.size
    assert rounds(face_house)().as_json() == LikenessReport().as_json() and house.size == size


def test_a_sweep_that_crashes_goes_on_and_says_nothing_twice(
    face_house: FaceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = face_house.house
    assets = [face_house.shows(house.asset(), STRANGER) for _ in range(4)]
    name, done = face_house.enrolled(house.person(), STRANGER), likeness_rounds.judge

    def third_time(*words: object) -> object:
        if sum(len(face_house.judgements(asset)) for asset in assets) == 6:
            raise Crash
        return done(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(likeness_rounds, "judge", third_time)
    with pytest.raises(Crash):
        rounds(face_house)()
    assert not list(house.ledger.read(f"enrolment:{name}", [LikenessSwept.TYPE])), "no false clear"
    monkeypatch.undo()
    assert rounds(face_house)().judged == 2
    assert [len(face_house.judgements(asset)) for asset in assets] == [2, 2, 2, 2]
    assert len(list(house.ledger.read(f"enrolment:{name}", [LikenessSwept.TYPE]))) == 1


def test_two_processes_at_once_say_everything_once(face_house: FaceHouse) -> None:
    import threading

    house = face_house.house
    assets = [face_house.shows(house.asset(), STRANGER) for _ in range(6)]
    name = face_house.enrolled(house.person(), STRANGER)
    runs = [threading.Thread(target=rounds(face_house)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [len(face_house.judgements(asset)) for asset in assets] == [2] * 6
    assert len(list(house.ledger.read(f"enrolment:{name}", [LikenessSwept.TYPE]))) == 1


def test_a_consent_that_ends_is_judged_anew_once(face_house: FaceHouse) -> None:
    house, consent = face_house.house, face_house.house.consent()
    person = house.granted(consent).person
    face_house.enrolled(person, INES)
    asset = face_house.shows(house.asset(house.generation(consents=[consent])), INES)
    rounds(face_house)()
    house.say_as("ines", ConsentWithdrawn(consent=consent, person=person, reason="changed my mind"))
    run = rounds(face_house)
    assert run().judged == 1 and run().judged == 0 and rounds(face_house)().judged == 0
    assert face_house.findings(asset) == ["unconsented"]
    assert [one.cause for one in face_house.judgements(asset)] == ["scan", "consent-changed"]


def test_a_permission_that_ends_leaves_an_unmatched_face(face_house: FaceHouse) -> None:
    house, person = face_house.house, face_house.house.person()
    permission = face_house.permitted(person)
    face_house.enrolled(person, INES, permission)
    asset = face_house.shows(house.asset(), INES)
    rounds(face_house)()
    house.say_as("ines", LikenessWithdrawn(permission=permission, person=person, reason="no"))
    report = rounds(face_house)()
    assert (report.destroyed, report.judged) == (1, 1)
    assert face_house.findings(asset) == ["unmatched"]
    assert face_house.judgements(asset)[-1].findings[0].person is None


def test_a_review_is_in_the_next_judgement(face_house: FaceHouse) -> None:
    asset = face_house.shows(face_house.house.asset(), STRANGER)
    face_house.reviewed(asset, 1, "drawn")
    assert rounds(face_house)().judged == 1 and face_house.findings(asset) == ["drawn"]


def test_what_was_measured_of_strangers_is_destroyed_in_time(face_house: FaceHouse) -> None:
    house = face_house.house
    asset = face_house.shows(house.asset(), STRANGER)
    house.clock.move_to(house.clock.now() + timedelta(days=90))
    assert rounds(face_house)().destroyed == 1 and rounds(face_house)().destroyed == 0
    scan = newest_scan(house.ledger.history(), asset)
    assert scan is not None and house.ledger.vault.holdings(scan[1].scan).erased is not None


def test_what_a_crash_left_in_the_vault_is_destroyed_a_day_later(face_house: FaceHouse) -> None:
    """The process ended between the vault and the log: no entry names it. What an entry names stays."""
    house = face_house.house
    name = face_house.enrolled(house.person(), INES)
    stray, opening = house.new_id(), Opening("AACAPw==", os.urandom(32))
    house.ledger.vault.keep(house.new_id(), stray, {"/body/templates": opening})
    assert rounds(face_house)().destroyed == 0, "somebody may still be about to say it"
    house.clock.move_to(house.clock.now() + timedelta(days=1, minutes=1))
    assert rounds(face_house)().destroyed == 1
    assert house.ledger.vault.holdings(stray).erased is not None
    assert house.ledger.vault.holdings(name).erased is None


def test_a_file_that_can_not_be_measured_again_is_not_compared(face_house: FaceHouse) -> None:
    """Its embeddings are gone and so are its bytes: the newest scan says so, and a person has to look."""
    house = face_house.house
    asset = house.examined(face_house.shows(house.asset(), STRANGER))
    house.clock.move_to(house.clock.now() + timedelta(days=90))
    rounds(face_house)()
    name = face_house.enrolled(house.person(), STRANGER)
    report = rounds(face_house)()
    assert (report.swept, report.scanned) == ([name], 1)
    (said,) = house.ledger.read(f"enrolment:{name}", [LikenessSwept.TYPE])
    assert isinstance(said.body, LikenessSwept) and said.body.not_compared == 1
    codes = {row.code: row.outcome for row in house.decision(asset).weighed if row.rule == "likeness_scan"}
    assert codes == {"faces_incomplete": "not_checked"}


def test_a_newer_scan_takes_the_place_of_an_older_one(face_house: FaceHouse) -> None:
    house = face_house.house
    asset = face_house.shows(house.asset(), STRANGER)
    face_house.reviewed(asset, 1, "released", release_sha256="ab" * 32)
    first = newest_scan(house.ledger.history(), asset)
    face_house.shows(asset, STRANGER)
    assert rounds(face_house)().destroyed == 1
    assert first is not None and house.ledger.vault.holdings(first[1].scan).erased is not None
    house.examined(asset)
    codes = [row.code for row in house.decision(asset).weighed if row.rule == "likeness"]
    assert codes == ["likeness_released"], "the same face, found again, keeps what a person said of it"
