"""log rotate-keys, actor rotate and actor revoke as users run them: answers, files and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ledger.proof.note import NoteVerifier, open_checkpoint
from ops.cli.main import main
from tests.cli_of import Command
from tests.softhsm_of import PIN


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("keys") / "home"
    assert main(["init", str(home), "--origin", "countersign.example/keys"]) == 0
    assert main(["--home", str(home), "actor", "enrol", "mara", "--role", "producer"]) == 0
    return home


@pytest.fixture
def cli(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    shutil.copytree(made, tmp_path / "home")
    return Command(tmp_path / "home", capsys)


def say_brief(cli: Command, tmp_path: Path) -> object:
    return cli.say("mara", "brief.drafted.v1", "brief", file=tmp_path / "brief.json")


def test_the_log_turns_and_says_its_links(cli: Command) -> None:
    old = cli.json("log", "vkeys")["log_vkeys"]
    turned = cli.json("log", "rotate-keys")
    assert (turned["link"], turned["entry_index"], turned["destroyed"]) == (1, 2, [])
    found = cli.json("log", "vkeys")
    assert found["log_vkeys"] == turned["log_vkeys"] != old
    assert [(link["link"], link["since_entry"]) for link in found["links"]] == [(0, 0), (1, 2)]
    note = cli.json("log", "checkpoint")["checkpoint"].encode()
    for vkeys in (old, turned["log_vkeys"]):
        keys = [NoteVerifier.parse(vkey) for vkey in vkeys]
        assert open_checkpoint(note, keys).checkpoint.size == 3
    assert cli.json("fsck")["clean"]


def test_a_published_log_is_published_under_both_at_once(cli: Command) -> None:
    cli.json("log", "publish")
    old = cli.json("log", "vkeys")["log_vkeys"]
    turned = cli.json("log", "rotate-keys", "--reason", "suspected-theft", "--destroy-old")
    assert (turned["published"], len(turned["destroyed"])) == (turned["log_size"], 2)
    note = (cli.home / "public/checkpoint").read_bytes()
    assert open_checkpoint(note, [NoteVerifier.parse(vkey) for vkey in old]).checkpoint.size == turned["log_size"]
    assert (cli.home / "public/log.vkeys").read_text().splitlines() == turned["log_vkeys"]
    assert cli.json("fsck")["clean"]


def test_a_receipt_of_before_stays_good_and_a_new_one_is_by_the_new_key(cli: Command, tmp_path: Path) -> None:
    for number in (0, 1):
        cli.json("log", "receipt", 0, "--cose", "--out", tmp_path / f"{number}.receipt")
        if not number:
            cli.json("log", "rotate-keys")
            cli.json("actor", "enrol", "paul", "--role", "producer")
    assert (tmp_path / "0.receipt").read_bytes() != (tmp_path / "1.receipt").read_bytes()


def test_only_an_administrator_with_a_key_here_turns_the_log(cli: Command) -> None:
    cli.fails("role_not_permitted", 3, "log", "rotate-keys", "--as", "mara")
    cli.fails("key_missing", 2, "log", "rotate-keys", "--as", "nobody")
    assert cli.json("log", "vkeys")["links"][-1]["link"] == 0
    assert cli.json("log", "rotate-keys")["link"] == 1


def test_an_actor_turns_their_own_key_and_goes_on_speaking(cli: Command, tmp_path: Path) -> None:
    before = (cli.home / "keys/actor-mara.pem").read_bytes()
    keyid = cli.json("actor", "rotate", "mara")["keyid"]
    assert (cli.home / "keys/actor-mara.pem").read_bytes() != before
    say_brief(cli, tmp_path)
    keys = next(one["keys"] for one in cli.json("actor", "list")["actors"] if one["actor"] == "mara")
    assert [key["current"] for key in keys] == [False, True] and keys[1]["keyid"] == keyid
    assert cli.json("fsck")["clean"]


def test_an_administrator_turns_a_lost_key(cli: Command, tmp_path: Path) -> None:
    (cli.home / "keys/actor-mara.pem").unlink()
    cli.fails("key_missing", 2, "actor", "rotate", "mara")
    cli.json("actor", "rotate", "mara", "--as", "operator")
    say_brief(cli, tmp_path)


def test_a_turn_that_broke_off_after_the_log_knew_is_finished(cli: Command, tmp_path: Path) -> None:
    old = (cli.home / "keys/actor-mara.pem").read_bytes()
    keyid = cli.json("actor", "rotate", "mara")["keyid"]
    shutil.copyfile(cli.home / "keys/actor-mara.pem", cli.home / "keys/next-actor-mara.pem")
    (cli.home / "keys/actor-mara.pem").write_bytes(old)
    assert cli.json("actor", "rotate", "mara") == {"actor": "mara", "keyid": keyid, "entry_index": None}
    say_brief(cli, tmp_path)


def test_a_revoked_key_says_nothing_more_from_its_instant_on(cli: Command, tmp_path: Path) -> None:
    say_brief(cli, tmp_path)
    cli.json("actor", "revoke", "mara", "--reason", "laptop lost", "--effective-at", "2099-01-01T00:00:00Z")
    say_brief(cli, tmp_path)
    cli.json(
        "actor", "revoke", "mara", "--reason", "laptop lost", "--effective-at", "2020-01-01T00:00:00Z", "--as", "mara"
    )
    example = cli.json("say", "--example", "brief.drafted.v1")
    (tmp_path / "late.json").write_text(json.dumps(example))
    cli.fails("key_revoked", 5, "say", tmp_path / "late.json", "--as", "mara", "--new-id", "brief")


def test_mistakes_with_keys_are_named(cli: Command, tmp_path: Path) -> None:
    cli.fails("actor_unknown", 2, "actor", "rotate", "nobody")
    cli.fails("actor_unknown", 2, "actor", "revoke", "nobody", "--reason", "x")
    cli.fails("usage", 2, "actor", "rotate", "mara", "--key", "hsm:1")
    cli.fails("signer_uri", 2, "actor", "rotate", "countersign", "--key", "telnet:1")
    (tmp_path / "none.pem").write_text("no key")
    cli.fails("public_key_unreadable", 2, "actor", "rotate", "countersign", "--public-key", tmp_path / "none.pem")
    cli.fails("public_key_needed", 2, "actor", "rotate", "countersign", "--key", "awskms:alias/x")
    cli.fails("service_key_last", 3, "actor", "revoke", "countersign", "--reason", "x")
    cli.fails("role_not_permitted", 3, "actor", "rotate", "countersign", "--as", "mara")
    assert cli.json("fsck")["clean"]


def test_the_service_turns_its_key(cli: Command) -> None:
    keyid = cli.json("actor", "rotate", "countersign")["keyid"]
    assert cli.json("expire") is not None
    assert cli.json("actor", "rotate", "countersign", "--as", "operator")["keyid"] != keyid
    assert cli.json("fsck")["clean"]
    assert PIN not in (cli.home / "settings.toml").read_text()


def test_old_keys_walk_to_the_new_ones_by_a_file(cli: Command, tmp_path: Path) -> None:
    old = "\n".join(cli.json("log", "vkeys")["log_vkeys"])
    (tmp_path / "old.vkeys").write_text(old)
    turned = cli.json("log", "rotate-keys")
    assert cli.json("log", "key-history", "--out", tmp_path / "keys.json")["links"] == 2
    cli.fails("file_exists", 2, "log", "key-history", "--out", tmp_path / "keys.json")
    found = cli.json("check", tmp_path / "keys.json", "--vkeys", tmp_path / "old.vkeys")
    assert (found["state"], found["log_vkeys"]) == ("verified", turned["log_vkeys"])
    assert "\n".join(found["links"][0]["log_vkeys"]) == old
    assert cli.run("check", tmp_path / "keys.json", "--vkeys", tmp_path / "old.vkeys").code == 0
