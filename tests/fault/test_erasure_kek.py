"""A new key-encryption key takes over, with a crash at every step: the vault always opens, the old key never does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.errors import Unavailable, Untrusted
from ledger.statement import Opening
from ledger.vault import Erased, Vault
from ledger.vault_keys import CURRENT, KEK_BYTES, NEXT, KekFiles
from tests.house_of import raises_code

AT = datetime(2026, 10, 1, 9, tzinfo=UTC)
NAME, OTHER = Opening("Inês Example", bytes(range(32))), Opening("João Other", bytes(32))


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CURRENT).write_bytes(os.urandom(KEK_BYTES))
    vault = opened(tmp_path)
    vault.keep("s-1", "p-ines", {"/body/name": NAME})
    vault.keep("s-2", "p-joao", {"/body/name": OTHER})
    vault.close()
    return tmp_path


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    found = opened(folder)
    yield found
    found.close()


def opened(folder: Path) -> Vault:
    return Vault(folder / "vault.sqlite", KekFiles(folder))


def opens(folder: Path) -> bool:
    vault = opened(folder)
    try:
        return (vault.open("s-1", "/body/name"), vault.open("s-2", "/body/name")) == (NAME, OTHER)
    finally:
        vault.close()


def under(folder: Path, key: bytes) -> str:
    """What a vault in other hands answers who has only this key."""
    vault = Vault(folder / "vault.sqlite", key)
    try:
        vault.open("s-1", "/body/name")
    except Untrusted as error:
        return error.code
    finally:
        vault.close()
    return "opened"


def wrapped(folder: Path) -> list[bytes]:
    connection = sqlite3.connect(folder / "vault.sqlite")
    rows = [row[0] for row in connection.execute("SELECT wrapped_key FROM subject ORDER BY name")]
    connection.close()
    return rows


def test_after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(vault: Vault, folder: Path) -> None:
    old = (folder / CURRENT).read_bytes()
    assert vault.rotate() == 2
    new = (folder / CURRENT).read_bytes()
    assert new != old and len(new) == KEK_BYTES and (folder / CURRENT).stat().st_mode & 0o777 == 0o600
    assert not (folder / NEXT).exists()
    assert vault.open("s-1", "/body/name") == NAME and opens(folder)
    assert (under(folder, old), under(folder, new)) == ("vault_key_differs", "opened")


def test_the_old_key_opens_nothing_that_is_still_on_the_disk(vault: Vault, folder: Path) -> None:
    """Neither rows, nor free pages, nor the write-ahead file: or the old key would do for whoever reads the raw file."""
    before = wrapped(folder)
    vault.rotate()
    for path in folder.iterdir():
        content = path.read_bytes()
        assert not any(key[12:28] in content for key in before), f"{path.name} holds a key under the old key"
    assert not set(before) & set(wrapped(folder))


def test_an_older_copy_of_the_vault_opens_under_the_old_key_only(vault: Vault, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup"
    copy.mkdir()
    vault._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(folder / "vault.sqlite", copy / "vault.sqlite")
    old = (folder / CURRENT).read_bytes()
    vault.rotate()
    assert under(copy, (folder / CURRENT).read_bytes()) == "vault_key_differs"
    assert under(copy, old) == "opened"


def test_what_was_erased_stays_erased(vault: Vault) -> None:
    vault.erase("p-ines", AT)
    assert vault.rotate() == 1
    assert isinstance(vault.open("s-1", "/body/name"), Erased) and vault.open("s-2", "/body/name") == OTHER


def test_an_empty_vault_is_rotated_too(tmp_path: Path) -> None:
    (tmp_path / CURRENT).write_bytes(os.urandom(KEK_BYTES))
    vault = opened(tmp_path)
    assert (vault.rotate(), vault.rotate()) == (0, 0)
    vault.keep("s-1", "p-ines", {"/body/name": NAME})
    vault.close()
    again = opened(tmp_path)
    assert again.open("s-1", "/body/name") == NAME
    again.close()


def test_a_vault_from_before_keys_had_names_is_rotated(folder: Path) -> None:
    with sqlite3.connect(folder / "vault.sqlite") as connection:
        connection.execute("DELETE FROM kek")
    connection.close()
    old, vault = (folder / CURRENT).read_bytes(), opened(folder)
    assert vault.open("s-1", "/body/name") == NAME and vault.rotate() == 2
    vault.close()
    assert opens(folder) and under(folder, old) == "vault_key_differs"


# -- crashes -------------------------------------------------------------------------------------------------------


def crash(when: str, number: int, call: Callable[..., object]) -> Callable[..., object]:
    """The `number`th call crashes before or after it did its work."""
    calls = 0

    def crashing(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            raise Crash
        result = call(*arguments)
        if calls == number and when == "after":
            raise Crash
        return result

    return crashing


STEPS = [("settle", 1), ("stage", 1), ("settle", 2)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("step", "number"), STEPS)
def test_a_crash_at_any_step_of_the_files_leaves_a_vault_that_opens(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, when: str
) -> None:
    old, vault = (folder / CURRENT).read_bytes(), opened(folder)
    with monkeypatch.context() as patched:
        patched.setattr(KekFiles, step, crash(when, number, getattr(KekFiles, step)))
        with pytest.raises(Crash):
            vault.rotate()
    vault.close()
    assert opens(folder), "the vault does not open after the crash"
    again = opened(folder)
    again.keep("s-3", "p-new", {"/body/name": NAME})  # what comes meanwhile is kept under whichever key counts
    again.rotate()
    assert again.open("s-3", "/body/name") == NAME
    again.close()
    assert opens(folder) and sorted(path.name for path in folder.glob("vault-kek*")) == [CURRENT]
    assert under(folder, old) == "vault_key_differs"


@pytest.mark.parametrize("place", ["UPDATE subject", "UPDATE kek", "COMMIT"])
def test_a_crash_inside_the_transaction_leaves_the_old_key_in_force(folder: Path, place: str) -> None:
    old, vault = (folder / CURRENT).read_bytes(), opened(folder)
    vault._db = Dying(vault._db, place)  # type: ignore[assignment]
    with pytest.raises(Crash):
        vault.rotate()
    vault.close()
    assert opens(folder) and under(folder, old) == "opened"
    again = opened(folder)
    again.rotate()
    again.close()
    assert opens(folder) and under(folder, old) == "vault_key_differs" and not (folder / NEXT).exists()


class Dying:
    """A connection whose process ends just before one statement."""

    def __init__(self, db: sqlite3.Connection, place: str) -> None:
        self._db, self._place = db, place

    def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
        if sql.startswith(self._place):
            raise Crash
        return self._db.execute(sql, *arguments)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def close(self) -> None:
        self._db.close()


def test_a_new_key_that_was_half_written_is_passed_over(folder: Path) -> None:
    (folder / NEXT).write_bytes(b"half")
    assert opens(folder)
    vault = opened(folder)
    assert vault.rotate() == 2
    vault.close()
    assert opens(folder) and not (folder / NEXT).exists()


def test_a_damaged_key_stops_the_rotation_and_changes_nothing(folder: Path) -> None:
    with sqlite3.connect(folder / "vault.sqlite") as connection:
        connection.execute("UPDATE subject SET wrapped_key = zeroblob(60) WHERE name = 'p-joao'")
    connection.close()
    before, vault = (folder / CURRENT).read_bytes(), opened(folder)
    raises_code("vault_altered", vault.rotate)
    assert vault.open("s-1", "/body/name") == NAME and (folder / CURRENT).read_bytes() == before
    vault.close()


def test_a_rotation_that_a_reader_holds_up_says_so_and_is_said_again(vault: Vault, folder: Path) -> None:
    before = wrapped(folder)
    reader = sqlite3.connect(folder / "vault.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM subject").fetchall()
    vault._db.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(Unavailable, match="vault_busy"):
        vault.rotate()
    reader.close()
    assert opens(folder)
    vault.rotate()
    assert not any(key[12:28] in path.read_bytes() for path in folder.iterdir() for key in before)


# -- several at once -----------------------------------------------------------------------------------------------


def test_who_had_the_vault_open_goes_on_under_the_new_key(vault: Vault, folder: Path) -> None:
    """`serve` runs while somebody rotates: it must neither fail nor seal anything under the key that is gone."""
    elsewhere = opened(folder)
    elsewhere.rotate()
    assert vault.open("s-1", "/body/name") == NAME
    vault.keep("s-3", "p-new", {"/body/name": NAME})
    elsewhere.rotate()
    assert elsewhere.open("s-3", "/body/name") == NAME
    elsewhere.close()


def test_many_who_rotate_seal_and_open_at_once_lose_nothing(folder: Path) -> None:
    failures: list[BaseException] = []

    def work(n: int) -> None:
        vault = opened(folder)
        try:
            for step in range(8):
                vault.keep(f"t-{n}-{step}", f"p-{n}-{step}", {"/body/name": Opening(f"{n}/{step}", bytes(32))})
                vault.rotate() if n % 2 else vault.open("s-1", "/body/name")
        except BaseException as error:
            if getattr(error, "code", "") != "vault_busy":  # another's look at the rows; the next rotation flushes
                failures.append(error)
        finally:
            vault.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and opens(folder)
    vault = opened(folder)
    kept = vault._db.execute("SELECT statement_id FROM sealed").fetchall()
    for (statement_id,) in kept:
        assert isinstance(vault.open(statement_id, "/body/name"), Opening)
    vault.close()


LOOP = """
import sys
from pathlib import Path
from ledger.vault import Vault
from ledger.vault_keys import KekFiles
folder = Path(sys.argv[1])
vault = Vault(folder / "vault.sqlite", KekFiles(folder))
print("ready", flush=True)
while True:
    vault.rotate()
"""


def test_kill_9_in_the_middle_of_rotations_leaves_a_vault_that_opens(folder: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    for n in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(folder)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        threading.Event().wait(0.01 + 0.013 * n)
        process.kill()
        process.wait(30)
        process.stdout.close()
        assert opens(folder), f"after kill {n}"
    vault = opened(folder)
    assert vault.rotate() == 2
    vault.close()
    assert sorted(path.name for path in folder.glob("vault-kek*")) == [CURRENT]


# -- keys that are not there ---------------------------------------------------------------------------------------


def test_a_key_file_that_is_missing_is_unavailable_and_one_of_another_vault_untrusted(folder: Path) -> None:
    kept = (folder / CURRENT).read_bytes()
    (folder / CURRENT).write_bytes(os.urandom(KEK_BYTES))
    vault = opened(folder)
    for call in (lambda: vault.open("s-1", "/body/name"), vault.rotate):
        assert isinstance(raises_code("vault_key_differs", call), Untrusted)
    vault.close()
    (folder / CURRENT).unlink()
    assert isinstance(raises_code("vault_key_unavailable", lambda: opened(folder)), Unavailable)
    (folder / CURRENT).write_bytes(kept)
    assert opens(folder)
