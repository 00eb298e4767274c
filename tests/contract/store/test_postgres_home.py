"""A home whose log lies in PostgreSQL: made, opened again, never mixed up with another, and silent about its password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from ledger.clock import SteppedClock
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.proof.note import open_checkpoint
from ledger.proof.tlogproof import verify_entry
from ops.home import init_home, open_ledger
from ops.settings import STORE_PASSWORD_VARIABLE, read_settings
from schemas.statements.passkey import ActorAdmitted
from tests.postgres_of import Postgres, schema_of

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ORIGIN = "countersign.example/postgres"


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    name = schema_of(tmp_path)
    postgres.run(tmp_path, f"CREATE DATABASE {name}")
    yield postgres.url.removesuffix("/postgres") + f"/{name}"
    postgres.run(tmp_path, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_home_in_postgresql_says_proves_and_opens_again(database: str, tmp_path: Path) -> None:
    clock = SteppedClock(START)
    home, receipt = init_home(tmp_path / "home", clock, ORIGIN, database)
    assert (receipt.index, home.log.exists()) == (0, False)
    settings = read_settings(home.path)
    assert settings.store == database
    verifiers = [signer.verifier for signer in home.log_signers(ORIGIN)]
    for size in (2, 3):
        ledger = open_ledger(home, settings, clock)
        body = ActorAdmitted(actor=f"producer-{size}", roles=("producer",))
        receipt = ledger.say(body, actor=settings.operator)
        assert (receipt.index, receipt.size) == (size - 1, size)
        assert verify_entry(receipt.entry, receipt.proof(), verifiers, origin=ORIGIN).index == size - 1
        assert open_checkpoint(ledger.head()[1], verifiers, origin=ORIGIN).checkpoint.size == size
        assert [said.index for said in ledger.read(types=["actor.admitted.v1"])] == list(range(1, size))
        ledger.close()


def test_a_home_does_not_write_into_another_logs_database(database: str, tmp_path: Path) -> None:
    clock = SteppedClock(START)
    init_home(tmp_path / "home", clock, ORIGIN, database)
    with pytest.raises(Misuse, match="store_of_another_log"):
        init_home(tmp_path / "other", clock, "countersign.example/other", database)
    with pytest.raises(LedgerError):
        init_home(tmp_path / "same", clock, ORIGIN, database)
    assert not (tmp_path / "same" / "settings.toml").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@host/db",
        "postgresql://me@host/db?password=hunter2",
        "host=h password=hunter2",
        'postgresql://me@host/"hunter2',
        "postgresql://me:hunter2@[host/db",
    ],
)
def test_a_store_with_a_password_in_it_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="store") as caught:
        init_home(tmp_path / "home", SteppedClock(START), ORIGIN, url)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert not (tmp_path / "home").exists()


def test_the_password_of_the_environment_is_used_and_stays_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def connect(*args: object, password: str = "", **others: object) -> None:
        given.append(password)
        raise OSError("no network in this test")

    monkeypatch.setenv(STORE_PASSWORD_VARIABLE, "hunter2")
    monkeypatch.setattr("psycopg.connect", connect)
    with pytest.raises(OSError, match="no network"):
        init_home(tmp_path / "home", SteppedClock(START), ORIGIN, "postgresql://me@127.0.0.1/db")
    assert given == ["hunter2"]
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]


def test_a_log_in_postgresql_without_its_driver_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ledger.store.postgres", None)
    with pytest.raises(Unavailable, match=r"extra_missing.*pip install 'countersign\[postgres\]'"):
        init_home(tmp_path / "home", SteppedClock(START), ORIGIN, "postgresql://me@127.0.0.1/db")
