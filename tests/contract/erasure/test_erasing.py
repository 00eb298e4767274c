"""`erase`: in order, once, again after every crash, and the three answers about what was sealed (SPEC S6.6, S6.8)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

import pytest

from api.services.disclosing import disclose, field_state
from api.services.erasure import erase
from api.services.services import Services
from ledger.errors import Gone, LedgerError, NotFound, Refused, Unavailable
from ledger.rules.erasure import erasure_state
from ledger.vault import Vault
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun
from schemas.statements.person import PersonRegistered
from tests.house_of import House, raises_code
from tests.unit.erasure.said import hold, release, request

SEALED = {"/body/name": "Zephyrine Quellwasser", "/body/contact": "z@quellwasser.example"}


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def person(house: House) -> str:
    body = PersonRegistered.model_validate({"person": "p-zeph", "person_class": "performer", "speaks_as": "ines"})
    house.say_as("ivy", body, sealed=SEALED, subject="p-zeph")
    return "p-zeph"


def registration(house: House, person: str) -> str:
    return next(house.ledger.read(f"person:{person}", [PersonRegistered.TYPE])).statement.id


def stage(house: House, person: str) -> str:
    return erasure_state(house.ledger.history(), person).stage


def gone(house: House, person: str) -> bool:
    return house.ledger.vault.holdings(person).erased is not None


def test_what_was_asked_for_is_destroyed_and_told_in_counts(house: House, services: Services, person: str) -> None:
    request(house, person)
    done = erase(services, person)
    assert (done.keys, done.values, done.statements) == (1, 2, 1)
    assert (stage(house, person), gone(house, person)) == ("erased", True)
    entries = [
        house.ledger.store.entry(index).type for index in (done.request_index, done.begun_index, done.erased_index)
    ]
    assert entries == ["subject.erasure-requested.v1", "subject.erasure-begun.v1", "subject.erased.v1"]


def test_erasing_again_answers_the_same_and_says_nothing_new(house: House, services: Services, person: str) -> None:
    request(house, person)
    first, size = erase(services, person), house.size
    assert erase(services, person) == first and house.size == size


def test_nothing_is_touched_that_nobody_asked_for(house: House, services: Services, person: str) -> None:
    size = house.size
    raises_code("erasure_not_requested", lambda: erase(services, person))
    assert not gone(house, person) and house.size == size


def test_nothing_is_touched_under_a_hold_until_it_is_released(house: House, services: Services, person: str) -> None:
    request(house, person)
    placed, size = hold(house, person=person), house.size
    error = raises_code("legal_hold", lambda: erase(services, person))
    assert isinstance(error, Refused) and error.reasons[0].entry_index == size - 1
    assert not gone(house, person) and house.size == size
    release(house, placed)
    erase(services, person)
    assert gone(house, person)


def test_a_hold_and_what_nobody_asked_for_are_both_told(house: House, services: Services, person: str) -> None:
    hold(house, person=person)
    error = raises_code("legal_hold", lambda: erase(services, person))
    assert {reason.code for reason in error.reasons} == {"legal_hold", "erasure_not_requested"}


# -- crashes -------------------------------------------------------------------------------------------------------


def crash_in(monkeypatch: pytest.MonkeyPatch, place: object, name: str, when: str, kind: type | None = None) -> None:
    """The next call of `place.name` (saying `kind`) ends the process before or after it did its work."""
    call = getattr(place, name)

    def crashing(*arguments: object, **options: object) -> object:
        matters = kind is None or any(isinstance(one, kind) for one in arguments)
        if matters and when == "before":
            raise Crash
        result = call(*arguments, **options)
        if matters:
            raise Crash
        return result

    monkeypatch.setattr(place, name, crashing)


CRASHES: dict[str, tuple[Callable[[House], object], str, str, type | None, str, bool]] = {
    "before it begins": (lambda house: house.ledger, "say", "before", SubjectErasureBegun, "requested", False),
    "after it began": (lambda house: house.ledger, "say", "after", SubjectErasureBegun, "begun", False),
    "before the vault": (lambda house: house.ledger.vault, "erase", "before", None, "begun", False),
    "after the vault": (lambda house: house.ledger.vault, "erase", "after", None, "begun", True),
    "before the end": (lambda house: house.ledger, "say", "before", SubjectErased, "begun", True),
    "after the end": (lambda house: house.ledger, "say", "after", SubjectErased, "erased", True),
}


@pytest.mark.parametrize("where", CRASHES)
def test_a_crash_leaves_what_the_next_call_completes(
    house: House, services: Services, person: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    place, name, when, kind, left, destroyed = CRASHES[where]
    request(house, person)
    with monkeypatch.context() as patched:
        crash_in(patched, place(house), name, when, kind)
        with pytest.raises(Crash):
            erase(services, person)
    assert (stage(house, person), gone(house, person)) == (left, destroyed)
    assert stage(house, person) != "erased" or gone(house, person), "the log says erased while the key exists"
    done = erase(services, person)
    assert (stage(house, person), gone(house, person), done.values) == ("erased", True, 2)
    kinds = [said.type for said in house.ledger.read(f"person:{person}")]
    assert [kinds.count(f"subject.{step}.v1") for step in ("erasure-begun", "erased")] == [1, 1]


def test_a_crash_inside_the_vaults_transaction_leaves_the_person_whole(
    house: House, services: Services, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request(house, person)
    with monkeypatch.context() as patched:
        patched.setattr("ledger.vault.format_instant", lambda _: (_ for _ in ()).throw(Crash()))
        with pytest.raises(Crash):
            erase(services, person)
    assert field_state(services, registration(house, person), "/body/name")["state"] == "kept"
    erase(services, person)


def test_a_vault_that_is_held_up_stops_before_the_log_says_erased(
    house: House, services: Services, person: str
) -> None:
    """The key is out of the tables but its old page is still in the write-ahead file: that is not erased yet."""
    request(house, person)
    reader = sqlite3.connect(house.folder / "vault.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM subject").fetchall()
    house.ledger.vault._db.execute("PRAGMA busy_timeout = 50")
    assert isinstance(raises_code("vault_busy", lambda: erase(services, person)), Unavailable)
    assert stage(house, person) == "begun"
    reader.close()
    erase(services, person)
    assert stage(house, person) == "erased"


def test_a_vault_that_does_not_answer_stops_before_anything_begins(
    house: House, services: Services, person: str
) -> None:
    request(house, person)
    house.ledger.vault.close()
    assert isinstance(raises_code("vault_unavailable", lambda: erase(services, person)), Unavailable)
    assert stage(house, person) == "requested"
    house.reopen()


def test_an_older_copy_of_the_vault_is_erased_again(house: House, services: Services, person: str) -> None:
    request(house, person)
    copy = house.folder / "backup.sqlite"
    with sqlite3.connect(copy) as target, sqlite3.connect(house.folder / "vault.sqlite") as source:
        source.backup(target)
    target.close(), source.close()
    first = erase(services, person)
    house.ledger.vault.close()
    for name in ("vault.sqlite-wal", "vault.sqlite-shm"):
        (house.folder / name).unlink(missing_ok=True)
    copy.replace(house.folder / "vault.sqlite")
    house.ledger.vault = Vault(house.folder / "vault.sqlite", house.kek)
    assert not gone(house, person)
    assert erase(services, person) == first and gone(house, person)


def test_many_who_erase_at_once_say_it_once(house: House, services: Services, person: str) -> None:
    request(house, person)
    answers: list[object] = []

    def work() -> None:
        try:
            answers.append(erase(services, person))
        except BaseException as error:
            answers.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(repr, answers))) == 1 and not isinstance(answers[0], BaseException), answers


def test_what_is_sealed_while_an_erasure_runs_is_destroyed_or_refused(house: House, services: Services) -> None:
    """A registration that reached the vault and not the log leaves no value behind an erasure."""
    body = PersonRegistered.model_validate({"person": "p-late", "person_class": "performer", "speaks_as": "ines"})
    house.say_as("ivy", body, sealed=SEALED, subject="p-late")
    house.ledger.vault.keep("stray", "p-late", house.draft("ivy", body, sealed=SEALED, subject="p-late").openings)
    request(house, "p-late")
    assert erase(services, "p-late").values == 4
    late = house.draft("ivy", body, sealed=SEALED, subject="p-late").openings
    assert isinstance(raises_code("subject_erased", lambda: house.ledger.vault.keep("x", "p-late", late)), Gone)


# -- three answers -------------------------------------------------------------------------------------------------


def answers(services: Services, statement_id: str, pointer: str) -> list[tuple[str, int, int]]:
    """Code, HTTP status and exit code of asking and of disclosing."""
    found = []
    for call in (
        lambda: field_state(services, statement_id, pointer),
        lambda: disclose(services, statement_id, pointer, "auditor-3", services.ledger.say),
    ):
        try:
            state = call()
            found.append((state["state"], 200, 0) if isinstance(state, dict) else ("shown", 200, 0))
        except LedgerError as error:
            assert error.as_problem()["status"] == error.status
            found.append((error.code, error.status, error.exit_code))
    return found


def test_erased_unknown_and_unavailable_are_three_answers(house: House, services: Services, person: str) -> None:
    statement_id = registration(house, person)
    request(house, person)
    erase(services, person)
    assert answers(services, statement_id, "/body/name") == [("erased", 200, 0), ("subject_erased", 410, 3)]
    assert answers(services, statement_id, "/body/reference_image") == [("sealed_unknown", 404, 2)] * 2
    assert answers(services, house.new_id(), "/body/name") == [("statement_unknown", 404, 2)] * 2
    house.ledger.vault.close()
    assert answers(services, statement_id, "/body/name") == [("vault_unavailable", 503, 6)] * 2
    house.reopen()


def test_the_answer_erased_names_the_entry_and_no_value(house: House, services: Services, person: str) -> None:
    request(house, person)
    done, statement_id = erase(services, person), registration(house, person)
    say = services.ledger.say
    error = raises_code("subject_erased", lambda: disclose(services, statement_id, "/body/name", "auditor-3", say))
    assert error.reasons[0].entry_index == done.erased_index and "Zephyrine" not in str(error.as_problem())


def test_nobody_unknown_is_erased(services: Services) -> None:
    assert isinstance(raises_code("person_unknown", lambda: erase(services, "p-nobody")), NotFound)


def test_a_vault_that_lost_a_person_is_not_an_erasure(house: House, services: Services, person: str) -> None:
    request(house, person)
    house.ledger.vault._db.executescript("DELETE FROM sealed; DELETE FROM subject")
    assert isinstance(raises_code("subject_unknown", lambda: erase(services, person)), NotFound)
    assert stage(house, person) == "requested"
