"""erase, hold, disclose, vault rotate-kek and check as users run them: answers, files and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main
from tests.cli_of import COMMAND, ROOT, Command

NAME, CONTACT = "Zephyrine Quellwasser", "z@quellwasser.example"
ROLES = {"ines": "talent", "ivy": "ip-steward", "lena": "legal", "mara": "producer"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with four actors and p-zeph in the vault; beside it the log's keys."""
    folder = tmp_path_factory.mktemp("privacy")
    home = folder / "home"
    assert main(["init", str(home), "--origin", "countersign.example/privacy"]) == 0
    for actor, role in ROLES.items():
        assert main(["--home", str(home), "actor", "enrol", actor, "--role", role]) == 0
    words = {
        "type": "person.registered.v1",
        "body": {"person": "p-zeph", "person_class": "performer", "speaks_as": "ines"},
        "sealed": {"/body/name": NAME, "/body/contact": CONTACT},
        "subject": "p-zeph",
    }
    (folder / "person.json").write_text(json.dumps(words))
    assert main(["--home", str(home), "say", str(folder / "person.json"), "--as", "ivy"]) == 0
    return folder


@pytest.fixture
def cli(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    shutil.copytree(made / "home", tmp_path / "home")
    return Command(tmp_path / "home", capsys)


@pytest.fixture
def statement(cli: Command) -> str:
    found = cli.json("log", "tail", "-n", 1)["entries"][0]
    assert found["type"] == "person.registered.v1"
    return str(found["statement_id"])


@pytest.fixture
def vkeys(cli: Command, tmp_path: Path) -> Path:
    (tmp_path / "vkeys").write_text("\n".join(cli.json("log", "vkeys")["log_vkeys"]))
    return tmp_path / "vkeys"


def size(cli: Command) -> int:
    return int(cli.json("log", "show")["size"])


# -- erase ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["ines", "lena"])
def test_erase_asks_destroys_and_certifies(cli: Command, tmp_path: Path, vkeys: Path, actor: str) -> None:
    found = cli.json("erase", "p-zeph", "--as", actor, "--out", tmp_path / "certificate.json")
    assert found["destroyed"] == {"keys": 1, "values": 2, "statements": 1}
    checked = cli.json("check", tmp_path / "certificate.json", "--vkeys", vkeys)
    assert (checked["state"], checked["person"], checked["requested_by"]) == ("verified", "p-zeph", actor)
    assert any("backups" in one for one in checked["not_covered"])
    assert cli.json("fsck")["clean"]


def test_the_same_command_again_answers_the_same(cli: Command, tmp_path: Path) -> None:
    first = cli.json("erase", "p-zeph", "--as", "ines")
    after = size(cli)
    again = cli.json("erase", "p-zeph", "--as", "ines", "--out", tmp_path / "later.json")
    assert {**again, "certificate": None} == first and size(cli) == after


def test_erase_for_people_says_what_it_did_and_what_it_does_not_cover(cli: Command) -> None:
    ran = cli.run("erase", "p-zeph", "--as", "ines")
    assert ran.code == 0 and "2 values of 1 statements" in ran.out and "rotate-kek" in ran.err


def test_nobody_is_erased_whom_nobody_asked_to_erase(cli: Command) -> None:
    before = size(cli)
    cli.fails("erasure_not_requested", 3, "erase", "p-zeph")
    cli.fails("person_unknown", 2, "erase", "p-nobody")
    cli.fails("role_not_permitted", 3, "erase", "p-zeph", "--as", "mara")
    cli.fails("body_invalid", 2, "erase", "p-zeph", "--as", "ines", "--ground", "whim")
    cli.fails("body_invalid", 2, "erase", "../p-zeph", "--as", "ines")
    assert size(cli) == before


def test_an_existing_certificate_is_not_overwritten_and_nothing_is_erased(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    before = size(cli)
    cli.fails("out_exists", 2, "erase", "p-zeph", "--as", "ines", "--out", tmp_path / "there")
    assert size(cli) == before and (tmp_path / "there").read_text() == "mine"


# -- hold ----------------------------------------------------------------------------------------------------------


def test_a_hold_stops_erase_until_it_is_released(cli: Command) -> None:
    options = ("--matter", "m-7", "--reason", "a claim is pending", "--as", "lena")
    placed = cli.json("hold", "place", "--person", "p-zeph", *options)
    error = cli.fails("legal_hold", 3, "erase", "p-zeph", "--as", "ines")
    assert [one["entry_index"] for one in error["reasons"]] == [placed["entry_index"]]
    released = cli.json("hold", "release", placed["hold"], "--reason", "settled", "--as", "lena")
    assert (released["person"], released["matter"]) == ("p-zeph", "m-7")
    assert cli.json("erase", "p-zeph")["person"] == "p-zeph"


def test_a_hold_names_one_thing_and_is_placed_by_legal(cli: Command) -> None:
    options = ("--matter", "m-7", "--reason", "x")
    cli.fails("body_invalid", 2, "hold", "place", *options, "--as", "lena")
    cli.fails("asset_unknown", 3, "hold", "place", "--asset", "a" * 64, *options, "--as", "lena")
    cli.fails("role_not_permitted", 3, "hold", "place", "--person", "p-zeph", *options, "--as", "ivy")
    unknown = "019a9b00-0000-7000-8000-000000000006"
    cli.fails("hold_unknown", 2, "hold", "release", unknown, "--reason", "x", "--as", "lena")


# -- disclose ------------------------------------------------------------------------------------------------------


def test_disclose_writes_one_field_for_one_reader(cli: Command, statement: str, tmp_path: Path, vkeys: Path) -> None:
    out = tmp_path / "name.json"
    found = cli.json("disclose", statement, "/body/name", "--to", "auditor-3", "--as", "lena", "--out", out)
    assert out.stat().st_mode & 0o777 == 0o600 and CONTACT not in out.read_text() and "value" not in found
    assert cli.json("check", out, "--vkeys", vkeys)["value"] == NAME
    said = cli.json("log", "show", found["entry_index"])["statement"]
    assert (said["type"], said["body"]["to"], said["actor"]) == ("field.disclosed.v1", "auditor-3", "lena")
    out.write_text(out.read_text().replace(NAME, "Somebody Else"))
    cli.fails("commitment_differs", 5, "check", out, "--vkeys", vkeys)
    cli.fails("vkeys_needed", 2, "check", out)


def test_erased_unknown_and_unavailable_have_three_exit_codes(cli: Command, statement: str, tmp_path: Path) -> None:
    options = ("--to", "auditor-3", "--as", "lena", "--out", tmp_path / "shown.json")
    cli.json("erase", "p-zeph", "--as", "ines")
    error = cli.fails("subject_erased", 3, "disclose", statement, "/body/name", *options)
    assert error["reasons"][0]["entry_index"] == size(cli) - 1
    cli.fails("sealed_unknown", 2, "disclose", statement, "/body/reference_image", *options)
    (cli.home / "keys" / "vault-kek").unlink()
    cli.fails("vault_key_unavailable", 6, "disclose", statement, "/body/name", *options)
    assert not (tmp_path / "shown.json").exists()


# -- the key -------------------------------------------------------------------------------------------------------


def test_rotate_kek_replaces_the_key_file_and_everything_still_opens(cli: Command) -> None:
    before = (cli.home / "keys" / "vault-kek").read_bytes()
    assert cli.json("vault", "rotate-kek") == {"keys_wrapped": 1}
    assert (cli.home / "keys" / "vault-kek").read_bytes() != before
    assert cli.json("fsck")["clean"]


def test_a_key_of_another_vault_is_found_by_fsck(cli: Command) -> None:
    (cli.home / "keys" / "vault-kek").write_bytes(os.urandom(32))
    report = cli.json("fsck", code=5)
    found = {one["code"] for check in report["checks"] for one in check["findings"]}
    assert found == {"vault_key_differs"}


def test_rotate_kek_makes_no_vault_where_there_is_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Command(tmp_path, capsys).fails("home_missing", 2, "vault", "rotate-kek")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def serving(home: Path) -> Iterator[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [*COMMAND, "--home", str(home), "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        try:
            assert run.stdout is not None
            text = ""
            while not text.endswith("}\n"):
                text += run.stdout.readline()
            yield json.loads(text)["address"]
            run.send_signal(signal.SIGTERM)
            assert run.wait(30) == 0
        finally:
            run.kill()


def post(address: str, words: dict[str, Any], token: str) -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{address}/v1/statements", json.dumps(words).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return int(answer.status)


def test_erasing_and_rotating_beside_a_running_server(cli: Command) -> None:
    """It has the vault open under the old key, and goes on sealing under the new one."""
    token = cli.json("token", "ivy")["token"]
    body = {"person_class": "performer", "speaks_as": "ines"}
    with serving(cli.home) as address:
        for person in ("p-1", "p-2"):
            words = {"type": "person.registered.v1", "body": {**body, "person": person}, "subject": person}
            assert post(address, {**words, "sealed": {"/body/name": person * 9}}, token) == 201
            cli.json("vault", "rotate-kek")
        cli.json("erase", "p-zeph", "--as", "ines")
    assert cli.json("fsck")["clean"]


# -- what fsck says ------------------------------------------------------------------------------------------------


def found_by_fsck(cli: Command, code: int = 5) -> list[str]:
    report = cli.json("fsck", code=code)
    return [one["code"] for check in report["checks"] for one in check["findings"]]


def test_an_older_vault_put_back_after_an_erasure_is_found(cli: Command) -> None:
    copy = cli.home.parent / "backup.sqlite"
    shutil.copyfile(cli.home / "vault.sqlite", copy)
    cli.json("erase", "p-zeph", "--as", "ines")
    shutil.copyfile(copy, cli.home / "vault.sqlite")
    assert found_by_fsck(cli) == ["erased_but_kept"]
    cli.json("erase", "p-zeph")
    assert found_by_fsck(cli, 0) == []


def test_a_key_that_was_destroyed_without_a_word_is_found(cli: Command) -> None:
    with sqlite3.connect(cli.home / "vault.sqlite") as db:
        db.execute("UPDATE subject SET wrapped_key = NULL, erased_at = '2026-10-01T09:00:00.000000Z'")
        db.execute("UPDATE sealed SET content = NULL")
    db.close()
    assert found_by_fsck(cli) == ["erased_unsaid", "erased_unsaid"]


def test_an_erasure_that_did_not_come_to_its_end_is_remarked_and_no_fault(
    cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("ledger.vault.Vault.erase", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert cli.run("erase", "p-zeph", "--as", "ines").code == 130
    report = cli.json("fsck")
    notes = [note for check in report["checks"] for note in check["notes"]]
    assert report["clean"] and any("p-zeph" in note and "not done" in note for note in notes)
    cli.json("erase", "p-zeph")
