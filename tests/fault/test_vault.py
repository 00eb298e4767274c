"""The vault under a hostile hand, and three answers that are never confused: erased, unknown, unavailable (SPEC S6)."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.errors import Gone, LedgerError, Misuse, NotFound, Unavailable, Untrusted
from ledger.statement import Opening
from ledger.vault import Erased, Vault

AT = datetime(2026, 10, 1, 9, tzinfo=UTC)
NAME, CONTACT = Opening("Inês Example", bytes(range(32))), Opening("ines@talent.example", bytes(range(32, 64)))
OTHER = Opening("João Other", bytes(32))


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    opened = Vault(tmp_path / "vault.sqlite", bytes(32))
    opened.keep("s-1", "p-ines", {"/body/name": NAME, "/body/contact": CONTACT})
    opened.keep("s-2", "p-joao", {"/body/name": OTHER})
    yield opened
    opened.close()


def edit(tmp_path: Path, *sql: str) -> None:
    connection = sqlite3.connect(tmp_path / "vault.sqlite")
    for one in sql:
        connection.execute(one)
    connection.commit()
    connection.close()


def code(call: object) -> tuple[str, type]:
    try:
        call()  # type: ignore[operator]
    except LedgerError as error:
        return error.code, type(error)
    return "", type(None)


def test_a_value_comes_back_with_its_salt(vault: Vault) -> None:
    assert (vault.open("s-1", "/body/name"), vault.open("s-1", "/body/contact")) == (NAME, CONTACT)


def test_the_file_is_its_owners_only_and_holds_no_plain_value(vault: Vault, tmp_path: Path) -> None:
    assert (tmp_path / "vault.sqlite").stat().st_mode & 0o777 == 0o600
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"Example" not in content and b"talent.example" not in content


# -- three answers -------------------------------------------------------------------------------------------------


def test_erased_unknown_and_unavailable_are_three_answers(vault: Vault, tmp_path: Path) -> None:
    vault.erase("p-ines", AT)
    assert vault.open("s-1", "/body/name") == Erased("2026-10-01T09:00:00.000000Z")
    assert code(lambda: vault.open("s-9", "/body/name")) == ("sealed_unknown", NotFound)
    assert code(lambda: vault.open("s-1", "/body/face")) == ("sealed_unknown", NotFound)
    vault.close()
    assert code(lambda: vault.open("s-1", "/body/name")) == ("vault_unavailable", Unavailable)
    assert code(lambda: Vault(tmp_path / "nowhere" / "v", bytes(32))) == ("vault_unavailable", Unavailable)


def test_erasing_takes_one_person_and_leaves_the_others(vault: Vault) -> None:
    vault.erase("p-ines", AT)
    assert isinstance(vault.open("s-1", "/body/contact"), Erased)
    assert vault.open("s-2", "/body/name") == OTHER


def test_the_first_erasure_stays(vault: Vault) -> None:
    first = vault.erase("p-ines", AT)
    assert vault.erase("p-ines", datetime(2027, 1, 1, tzinfo=UTC)) == first


def test_nobody_unknown_is_erased(vault: Vault) -> None:
    assert code(lambda: vault.erase("p-nobody", AT)) == ("subject_unknown", NotFound)


def test_an_erased_person_gets_no_new_values(vault: Vault) -> None:
    vault.erase("p-ines", AT)
    assert code(lambda: vault.keep("s-3", "p-ines", {"/body/name": NAME})) == ("subject_erased", Gone)


def test_erasing_removes_every_byte_of_key_and_values_from_the_files(vault: Vault, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "vault.sqlite")
    contents = [row[0] for row in connection.execute("SELECT content FROM sealed WHERE subject = 'p-ines'")]
    contents += [row[0] for row in connection.execute("SELECT wrapped_key FROM subject WHERE name = 'p-ines'")]
    connection.close()
    files = sorted(tmp_path.iterdir())
    assert len(contents) == 3 and all(any(one in path.read_bytes() for path in files) for one in contents)
    vault.erase("p-ines", AT)
    for path in sorted(tmp_path.iterdir()):
        for content in contents:
            for start in range(0, len(content) - 16, 16):
                assert content[start : start + 16] not in path.read_bytes(), f"{path.name} still holds a piece"


def test_an_erasure_that_a_reader_holds_up_says_so_and_finishes_later(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = sqlite3.connect(tmp_path / "vault.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    (wrapped,) = reader.execute("SELECT wrapped_key FROM subject WHERE name = 'p-ines'").fetchone()
    vault._db.execute("PRAGMA busy_timeout = 50")
    assert code(lambda: vault.erase("p-ines", AT)) == ("vault_busy", Unavailable)
    assert isinstance(vault.open("s-1", "/body/name"), Erased)
    reader.execute("COMMIT")
    reader.close()
    assert vault.erase("p-ines", datetime(2027, 1, 1, tzinfo=UTC)) == Erased("2026-10-01T09:00:00.000000Z")
    assert all(wrapped not in path.read_bytes() for path in tmp_path.iterdir())


# -- a hostile hand ------------------------------------------------------------------------------------------------

# Another byte than the one that is there: the content is random, and one time in 256 it is zero already.
OTHER_BYTE = (
    "substr(content, 1, 20) || CASE substr(content, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(content, 22)"
)

SWAPS = {
    "two fields of one statement": (
        "UPDATE sealed SET content = (SELECT content FROM sealed WHERE statement_id='s-1' AND pointer='/body/contact') "
        "WHERE statement_id='s-1' AND pointer='/body/name'"
    ),
    "two people": (
        "UPDATE sealed SET content = (SELECT content FROM sealed WHERE statement_id='s-2') "
        "WHERE statement_id='s-1' AND pointer='/body/name'"
    ),
    "two people with their names": (
        "UPDATE sealed SET subject = 'p-joao', content = (SELECT content FROM sealed WHERE statement_id='s-2') "
        "WHERE statement_id='s-1' AND pointer='/body/name'"
    ),
    "the owner only": "UPDATE sealed SET subject = 'p-joao' WHERE statement_id='s-1'",
    "two keys": (
        "UPDATE subject SET wrapped_key = (SELECT wrapped_key FROM subject WHERE name='p-joao') WHERE name='p-ines'"
    ),
    "one byte": f"UPDATE sealed SET content = CAST({OTHER_BYTE} AS BLOB)",
    "made text": f"UPDATE sealed SET content = {OTHER_BYTE}",
    "cut short": "UPDATE sealed SET content = substr(content, 1, 20)",
    "cut to nothing": "UPDATE sealed SET content = x''",
    "value gone, key there": "UPDATE sealed SET content = NULL",
    "key gone, not erased": "UPDATE subject SET wrapped_key = NULL",
    "person gone, value there": "DELETE FROM subject",
}


@pytest.mark.parametrize("name", SWAPS)
def test_what_was_moved_or_changed_by_hand_does_not_open(vault: Vault, tmp_path: Path, name: str) -> None:
    edit(tmp_path, SWAPS[name])
    assert code(lambda: vault.open("s-1", "/body/name")) == ("vault_altered", Untrusted)


def test_another_key_encryption_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "vault.sqlite", os.urandom(32))
    assert code(lambda: other.open("s-1", "/body/name")) == ("vault_key_differs", Untrusted)
    assert code(lambda: other.keep("s-3", "p-ines", {"/body/name": NAME})) == ("vault_key_differs", Untrusted)
    assert code(lambda: other.keep("s-3", "p-new", {"/body/name": NAME})) == ("vault_key_differs", Untrusted)
    other.close()


# -- keeping -------------------------------------------------------------------------------------------------------


def test_keeping_the_same_again_changes_nothing(vault: Vault) -> None:
    vault.keep("s-1", "p-ines", {"/body/name": NAME})
    assert vault.open("s-1", "/body/name") == NAME


@pytest.mark.parametrize(
    ("subject", "opening"), [("p-ines", OTHER), ("p-ines", Opening(NAME.value, bytes(32))), ("p-joao", NAME)]
)
def test_what_is_kept_is_never_replaced(vault: Vault, subject: str, opening: Opening) -> None:
    assert code(lambda: vault.keep("s-1", subject, {"/body/name": opening})) == ("statement_id_reused", Misuse)
    assert vault.open("s-1", "/body/name") == NAME


def test_of_several_values_all_are_kept_or_none(vault: Vault) -> None:
    openings = {"/body/contact": CONTACT, "/body/name": object()}
    with pytest.raises(AttributeError):
        vault.keep("s-4", "p-new", openings)  # type: ignore[arg-type]
    assert code(lambda: vault.open("s-4", "/body/contact")) == ("sealed_unknown", NotFound)
    vault.keep("s-4", "p-new", {"/body/contact": CONTACT})


def test_a_vault_that_can_not_write_is_unavailable_and_keeps_nothing(vault: Vault) -> None:
    vault._db.execute("PRAGMA query_only = ON")
    assert code(lambda: vault.keep("s-5", "p-ines", {"/body/name": NAME})) == ("vault_unavailable", Unavailable)
    assert code(lambda: vault.erase("p-ines", AT)) == ("vault_unavailable", Unavailable)
    vault._db.execute("PRAGMA query_only = OFF")
    assert vault.open("s-1", "/body/name") == NAME


def test_many_threads_may_use_one_vault(vault: Vault) -> None:
    failures: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for step in range(20):
                vault.keep(f"t-{n}-{step}", f"p-{n % 3}", {"/body/name": Opening(f"{n}/{step}", bytes(32))})
                opened = vault.open(f"t-{n}-{step}", "/body/name")
                assert isinstance(opened, Opening) and opened.value == f"{n}/{step}"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
