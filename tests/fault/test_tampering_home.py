"""A thief at the home's files: each change is named by the default fsck, and what must not go on does not start.

The home is made once: eleven entries, two people with sealed names, everything published; then it is copied for each test.
What is done to rows by their position is in test_tampering_rows, for both stores; blobs are in tests/e2e/test_cli_fsck.py.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.keys import write_private_key
from ops.auditing.publication import audit_publication
from ops.cli.main import main
from ops.fsck import audit_home
from ops.settings import read_settings
from tests.cli_of import Command

ORIGIN = "countersign.example/tampering"
OLDER, SIZE = 8, 13  # each publication names the root of the tag index first
Found = dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`home` with SIZE entries, and `older`, a copy of it from when it had OLDER."""
    folder = tmp_path_factory.mktemp("tampering")
    home = folder / "home"
    assert main(["init", str(home), "--origin", ORIGIN]) == 0
    _enrol(home, "ines:talent", "ivy:ip-steward", "lena:legal", "rob:reviewer")
    _register(home, "p-1")
    _register(home, "p-2")
    _publish(home)
    shutil.copytree(home, folder / "older")
    _enrol(home, "mara:producer", "paul:producer", "lib:librarian", "finn:finance")
    _publish(home)
    return folder


def _enrol(home: Path, *actors: str) -> None:
    for actor, role in (one.split(":") for one in actors):
        assert main(["--home", str(home), "actor", "enrol", actor, "--role", role]) == 0


def _register(home: Path, person: str) -> None:
    body = {"person": person, "person_class": "performer", "speaks_as": "ines"}
    said = {"type": "person.registered.v1", "body": body, "sealed": {"/body/name": person}, "subject": person}
    statement = home.parent / "person.json"
    statement.write_text(json.dumps(said))
    assert main(["--home", str(home), "say", str(statement), "--as", "ivy"]) == 0


def _publish(home: Path) -> None:
    assert main(["--home", str(home), "log", "publish"]) == 0


@pytest.fixture
def cli(tmp_path: Path, made: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    shutil.copytree(made / "home", tmp_path / "home")
    return Command(tmp_path / "home", capsys)


def found(cli: Command) -> Found:
    document = cli.json("fsck", code=5)
    told = {check["name"]: check["findings"] for check in document["checks"] if check["findings"]}
    return {name: [(one["code"], one["item"]) for one in findings] for name, findings in told.items()}


def tamper(path: Path, change: Callable[[sqlite3.Connection], Any]) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        change(db)


def put_back(cli: Command, made: Path, *names: str) -> None:
    """The older copy of these files and folders takes the place of today's."""
    for name in names:
        for path in cli.home.glob(f"{name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        source = made / "older" / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, cli.home / name)


def test_the_untouched_home_is_clean_and_its_publication_was_read(cli: Command) -> None:
    document = cli.json("fsck")
    published = next(check for check in document["checks"] if check["name"] == "published")
    assert (document["log_size"], published["state"], published["checked"]) == (SIZE, "ok", 2)


@pytest.mark.parametrize("value", ["'text'", "1000000000", "NULL", "1.5"])
@pytest.mark.parametrize(
    ("table", "column", "where", "item"),
    [
        ("entry", "data", "position = 4", "entry 3"),
        ("entry", "tags", "position = 4", "entry 3"),
        ("tile", "hashes", "level = 0", "tile 0/0"),
        ("head", "checkpoint", "1", "head"),
        ("head", "size", "1", "head"),
    ],
)
def test_a_value_of_another_type_is_named_and_refused(
    cli: Command, table: str, column: str, where: str, item: str, value: str
) -> None:
    """SQLite keeps any type in any column; NOT NULL is all that the schema can refuse."""
    with suppress(sqlite3.IntegrityError):
        tamper(
            cli.home / "ledger.sqlite", lambda db: db.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}")
        )
        told = found(cli)
        assert item in {name for findings in told.values() for _, name in findings}
        assert column == "tags" or cli.run("log", "show", 3).code == 5  # the index alone is wrong, what was said is not


def test_an_older_copy_of_the_database_is_behind_what_was_published(cli: Command, made: Path) -> None:
    put_back(cli, made, "ledger.sqlite")
    assert found(cli) == {"published": [("log_behind_published", "public/checkpoint")]}
    cli.fails("log_behind_published", 5, "actor", "list")


def test_an_older_copy_that_grew_again_is_a_fork_of_what_was_published(cli: Command, made: Path) -> None:
    put_back(cli, made, "ledger.sqlite")
    (cli.home / "public").rename(cli.home / "hidden")
    for actor in ("u", "v", "w", "x", "y"):
        cli.json("actor", "enrol", actor, "--role", "legal")
    (cli.home / "hidden").rename(cli.home / "public")
    assert found(cli) == {"published": [("log_forked", "public/checkpoint")]}
    cli.fails("log_forked", 5, "actor", "list")


def test_an_older_copy_of_everything_is_whole_and_only_others_can_tell(cli: Command, made: Path) -> None:
    """The limit: database, vault and public/ put back together. A witness or anybody's later checkpoint tells them apart."""
    newer = (cli.home / "public" / "checkpoint").read_bytes()
    put_back(cli, made, "ledger.sqlite", "vault.sqlite", "public")
    assert cli.json("fsck")["log_size"] == OLDER
    (cli.home / "public" / "checkpoint").write_bytes(newer)  # what somebody outside kept
    assert ("log_behind_published", "public/checkpoint") in found(cli)["published"]


def test_fsck_says_so_when_nothing_was_published_that_could_tell(cli: Command) -> None:
    shutil.rmtree(cli.home / "public")
    published = next(check for check in cli.json("fsck")["checks"] if check["name"] == "published")
    assert "only others can tell" in published["notes"][0]


def test_a_log_that_grows_and_is_published_during_the_audit_is_not_behind(
    cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_growth(*arguments: Any) -> None:
        _enrol(cli.home, "late:legal")
        _publish(cli.home)
        audit_publication(*arguments)

    monkeypatch.setattr("ops.fsck.audit_publication", after_growth)
    report = audit_home(cli.home, read_settings(cli.home))
    assert (report.clean, report.log_size) == (True, SIZE)


def test_tiles_of_a_first_publication_that_broke_off_are_no_finding(cli: Command) -> None:
    for name in ("checkpoint", "vkeys"):
        (cli.home / "public" / name).unlink(missing_ok=True)
    published = next(check for check in cli.json("fsck")["checks"] if check["name"] == "published")
    assert published["state"] == "ok" and "broke off" in published["notes"][0]


def test_swapped_ciphertexts_are_named_by_entry_and_field(cli: Command) -> None:
    def swap(db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT statement_id, content FROM sealed").fetchall()
        (first, one), (second, other) = rows
        db.executemany("UPDATE sealed SET content = ? WHERE statement_id = ?", [(other, first), (one, second)])

    tamper(cli.home / "vault.sqlite", swap)
    assert found(cli) == {"vault": [("vault_altered", "entry 5 /body/name"), ("vault_altered", "entry 6 /body/name")]}


def test_swapped_owners_of_sealed_values_are_named(cli: Command) -> None:
    def swap(db: sqlite3.Connection) -> None:
        db.execute("UPDATE sealed SET subject = CASE subject WHEN 'p-1' THEN 'p-2' ELSE 'p-1' END")

    tamper(cli.home / "vault.sqlite", swap)
    assert {item for _, item in found(cli)["vault"]} == {"entry 5 /body/name", "entry 6 /body/name"}


def test_an_older_vault_lost_what_was_sealed_since(cli: Command) -> None:
    tamper(cli.home / "vault.sqlite", lambda db: db.execute("DELETE FROM sealed WHERE subject = 'p-2'"))
    tamper(cli.home / "vault.sqlite", lambda db: db.execute("DELETE FROM subject WHERE name = 'p-2'"))
    assert found(cli) == {"vault": [("sealed_missing", "entry 6 /body/name")]}


def test_a_checkpoint_of_another_log_is_refused_at_the_head_and_under_public(
    cli: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "other"), "--origin", ORIGIN]) == 0
    other = Command(tmp_path / "other", capsys)
    other.json("log", "publish")
    foreign = (other.home / "public" / "checkpoint").read_bytes()
    own = (cli.home / "public" / "checkpoint").read_bytes()
    (cli.home / "public" / "checkpoint").write_bytes(foreign)
    assert found(cli) == {"published": [("note_signature_missing", "public/checkpoint")]}
    cli.fails("note_signature_missing", 5, "actor", "list")
    (cli.home / "public" / "checkpoint").write_bytes(own)
    tamper(cli.home / "ledger.sqlite", lambda db: db.execute("UPDATE head SET checkpoint = ?", (foreign,)))
    assert found(cli) == {"checkpoint": [("note_signature_missing", "checkpoint")]}
    cli.fails("log_key_differs", 5, "actor", "list")


def test_a_changed_published_tile_is_named(cli: Command) -> None:
    tile = cli.home / "public" / "tile" / "0" / "000.p" / str(SIZE)
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    told = found(cli)["published"]
    assert told and all(code == "published_differs" for code, _ in told)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("log-ed25519.pem", "log_key_differs"),
        ("log-mldsa44.pem", "log_key_differs"),
        ("service.pem", "service_key_differs"),
    ],
)
def test_a_replaced_key_file_is_named_and_the_home_does_not_start_on_it(cli: Command, name: str, code: str) -> None:
    path = cli.home / "keys" / name
    path.unlink()
    write_private_key(path, MLDSA44PrivateKey.generate() if "mldsa" in name else Ed25519PrivateKey.generate())
    told = found(cli)
    assert list(told) == ["keys"] and [one for one, _ in told["keys"]] == [code]
    cli.fails(code, 5, "actor", "enrol", "mallory", "--role", "legal")
    assert cli.json("fsck", code=5)["log_size"] == SIZE  # nothing was signed with it


def test_a_replaced_key_of_an_actor_is_told_and_refused(cli: Command) -> None:
    path = cli.home / "keys" / "actor-operator.pem"
    path.unlink()
    write_private_key(path, Ed25519PrivateKey.generate())
    keys = next(check for check in cli.json("fsck")["checks"] if check["name"] == "keys")
    assert any(note.startswith("actor-operator.pem is no key") for note in keys["notes"])
    cli.fails("signature_unknown_key", 5, "actor", "enrol", "mallory", "--role", "legal")


def test_a_replaced_vault_key_is_named(cli: Command) -> None:
    (cli.home / "keys" / "vault-kek").write_bytes(b"\x07" * 32)
    told = found(cli)["vault"]
    assert told and {code for code, _ in told} <= {"vault_key_differs", "vault_unreadable", "vault_altered"}
