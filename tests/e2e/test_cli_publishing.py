"""log publish, witness and what serve publishes: from a home to a checkpoint that a partner has cosigned."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.log.audit import audit_published
from ledger.log.published import PublishedFolder
from ledger.proof.note import NoteVerifier
from ledger.proof.policy import TlogPolicy
from tests.cli_of import Command
from tests.e2e.test_cli_serving import ENDS_WITHIN_S, document, running


@contextmanager
def witnessing(folder: Path, vkeys: list[str]) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """A witness as a process of its own, and what it told of itself."""
    logs = [part for vkey in vkeys for part in ("--log", vkey)]
    with running("witness", "--state", folder, *logs, "--port", 0, "--json") as process:
        yield document(process), process


def keys_of(cli: Command) -> tuple[NoteVerifier, ...]:
    return tuple(map(NoteVerifier.parse, cli.json("log", "vkeys")["log_vkeys"]))


def test_a_partners_witness_cosigns_what_a_home_publishes(cli: Command, tmp_path: Path) -> None:
    vkeys = cli.json("log", "vkeys")["log_vkeys"]
    made = cli.json("witness", "--state", tmp_path / "w", "--name", "partner.example/w")
    assert made["address"] is None and made["vkey"].startswith("partner.example/w+")
    policy = cli.home / "trust" / "witnesses.policy"
    with witnessing(tmp_path / "w", vkeys) as (told, process):
        assert told["vkey"] == made["vkey"] and told["logs"] == ["countersign.example/e2e"]
        policy.write_text(f"witness partner {told['vkey']} {told['address']}\nquorum partner\n")
        found = cli.json("log", "publish")
        assert (found["size"], found["entries"], found["witnessed"]["state"]) == (7, False, "witnessed")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=ENDS_WITHIN_S)
        assert process.returncode == 0 and "Traceback" not in err
    report = audit_published(PublishedFolder(cli.home / "public"), keys_of(cli), TlogPolicy.parse(policy.read_bytes()))
    assert (report.checkpoint.size, report.witnessed_size, report.bundles) == (7, 7, 0)
    cli.json("actor", "enrol", "later", "--role", "legal")
    alone = cli.json("log", "publish", code=6)  # published, and the quorum is asked again next time
    assert (alone["size"], alone["witnessed"]["state"]) == (9, "not_witnessed")  # with a new root of the index
    assert alone["witnessed"]["answers"][0]["state"] == "unreachable"


def test_entries_are_written_into_the_public_folder_only_when_the_settings_say_so(cli: Command, tmp_path: Path) -> None:
    cli.json("log", "publish", tmp_path / "hashes")
    assert not (tmp_path / "hashes/tile/entries").exists()
    settings = cli.home / "settings.toml"
    assert "publish_entries = false" in settings.read_text()
    settings.write_text(settings.read_text().replace("publish_entries = false", "publish_entries = true"))
    assert cli.json("log", "publish", tmp_path / "whole")["entries"] is True
    assert audit_published(PublishedFolder(tmp_path / "whole"), keys_of(cli)).bundles == 1


def test_serve_publishes_and_serves_what_it_published(cli: Command) -> None:
    with running("--home", cli.home, "serve", "--port", 0, "--json") as process:
        address = document(process)["address"]
        checkpoint = _fetched(f"{address}/tlog/checkpoint")
        assert checkpoint.split(b"\n")[:2] == [b"countersign.example/e2e", b"7"]
        assert len(_fetched(f"{address}/tlog/tile/0/000.p/7")) == 7 * 32
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/tlog/tile/entries/000.p/7", timeout=ENDS_WITHIN_S)
        assert refused.value.code == 401
        refused.value.close()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0


def _fetched(address: str) -> bytes:
    """Asked until it is there: the first round of publishing runs beside the server."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=ENDS_WITHIN_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            assert error.code == 404 and time.monotonic() < deadline
            time.sleep(0.05)


def test_serve_refuses_a_home_whose_log_is_older_than_what_it_published(cli: Command) -> None:
    shutil.copyfile(cli.home / "ledger.sqlite", cli.home / "older.sqlite")
    cli.json("actor", "enrol", "later", "--role", "legal")
    cli.json("log", "publish")
    for leftover in cli.home.glob("ledger.sqlite-*"):
        leftover.unlink()
    (cli.home / "older.sqlite").replace(cli.home / "ledger.sqlite")
    with running("--home", cli.home, "serve", "--port", 0, "--json") as process:
        out, _ = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 5 and json.loads(out)["error"]["code"] == "log_behind_published"
    cli.fails("log_behind_published", 5, "log", "publish")


@pytest.mark.parametrize(
    ("code", "exit_code", "arguments"),
    [
        ("witness_missing", 2, ("witness", "--state", "nowhere")),
        ("vkey_malformed", 2, ("witness", "--state", "{tmp}/w", "--name", "a name")),
        ("vkey_malformed", 2, ("witness", "--state", "{tmp}/w", "--name", "w.example", "--log", "no key")),
        ("usage", 2, ("witness",)),
        ("policy_missing", 2, ("log", "publish", "--policy", "nowhere")),
    ],
)
def test_asking_wrongly_is_misuse(
    cli: Command, tmp_path: Path, code: str, exit_code: int, arguments: tuple[str, ...]
) -> None:
    cli.fails(code, exit_code, *(part.replace("{tmp}", str(tmp_path)) for part in arguments))
