"""countersign actor admit, passkeys, add-passkey: letting in somebody whose key stays on a device of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.services.passkeys import register, registration_options
from ops.wiring import services_of
from tests.authenticator_of import Authenticator
from tests.cli_of import Command


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    made = Command(tmp_path / "home", capsys)
    assert made.run("init", tmp_path / "home").code == 0
    return made


def made_on_a_page(home: Path, actor: str) -> Authenticator:
    key = Authenticator(rp_id="localhost", origin="http://localhost:8400")
    with services_of(home) as services:
        register(services, actor, key.registration(registration_options(services, actor)))
    return key


def test_from_a_name_to_a_passkey_that_speaks(command: Command) -> None:
    admitted = command.json("actor", "admit", "noor", "--role", "talent")
    assert admitted["roles"] == ["talent"] and not list((command.home / "keys").glob("actor-noor*"))
    key = made_on_a_page(command.home, "noor")
    (waiting,) = command.json("actor", "passkeys")["passkeys"]
    assert (waiting["actor"], waiting["state"], waiting["keyid"]) == ("noor", "waits", key.keyid)
    read_out = " ".join(key.keyid[at : at + 4] for at in range(0, 20, 4)).upper()
    said = command.json("actor", "add-passkey", "noor", read_out)
    assert said["keyid"] == key.keyid and said["rp_id"] == "localhost"
    assert command.json("actor", "passkeys")["passkeys"][0]["state"] == "speaks"
    (noor,) = [one for one in command.json("actor", "list")["actors"] if one["actor"] == "noor"]
    assert noor["keys"] == [{"keyid": key.keyid, "current": True, "kind": "passkey"}]
    assert command.run("fsck").code == 0
    assert "passkey" in command.run("actor", "list").out


def test_what_names_no_waiting_passkey_is_refused(command: Command) -> None:
    command.json("actor", "admit", "noor", "--role", "talent")
    key = made_on_a_page(command.home, "noor")
    command.fails("fingerprint_short", 2, "actor", "add-passkey", "noor", key.keyid[:12])
    command.fails("passkey_unknown", 2, "actor", "add-passkey", "noor", "0" * 64)
    command.fails("passkey_unknown", 2, "actor", "add-passkey", "mara", key.keyid)
    command.fails("actor_known", 3, "actor", "admit", "noor", "--role", "talent")
    command.fails("body_invalid", 2, "actor", "admit", "No One", "--role", "talent")
