"""`log receipt` and `log stamp`, and what fsck says of stamps."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.log.cose import verify_receipt
from ledger.proof.notekeys import NoteVerifier
from ledger.proof.tlogproof import verify_entry
from tests.cli_of import Command
from tests.e2e.test_cli_serving import document, running
from tests.tsa_of import Authority, needed_tools, serving_authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as authority:
        yield authority


@pytest.fixture
def stamped(cli: Command, authority: Authority) -> Command:
    """A home that knows an authority; nothing is stamped yet."""
    settings = cli.home / "settings.toml"
    settings.write_text(settings.read_text().replace('tsa_url = ""', f'tsa_url = "{authority.url}"'))
    assert authority.url in settings.read_text()
    (cli.home / "trust/tsa/test.pem").write_text(authority.root_pem)
    return cli


def entry(cli: Command, index: int) -> bytes:
    with closing(sqlite3.connect(cli.home / "ledger.sqlite")) as db:
        (data,) = db.execute("SELECT data FROM entry WHERE position = ?", (index + 1,)).fetchone()
    return bytes(data)


def stamps_check(cli: Command, code: int = 0) -> Any:
    checks = cli.json("fsck", "--skip-blobs", "--skip-views", code=code)["checks"]
    return next(check for check in checks if check["name"] == "stamps")


def test_a_cose_receipt_verifies_with_what_the_command_names(cli: Command, tmp_path: Path) -> None:
    told = cli.json("log", "receipt", 2, "--cose", "--out", tmp_path / "2.receipt")
    raw = (tmp_path / "2.receipt").read_bytes()
    assert (told["format"], told["bytes"], len(told["log_vkeys"])) == ("cose", len(raw), 1)
    found = verify_receipt(raw, entry(cli, 2), NoteVerifier.parse(told["log_vkeys"][0]))
    assert (found.index, found.size, found.origin) == (2, 6, "countersign.example/e2e")


def test_without_cose_it_is_a_tlog_proof(cli: Command, tmp_path: Path) -> None:
    told = cli.json("log", "receipt", 5, "--out", tmp_path / "5.tlog-proof")
    keys = [NoteVerifier.parse(vkey) for vkey in told["log_vkeys"]]
    assert verify_entry(entry(cli, 5), (tmp_path / "5.tlog-proof").read_bytes(), keys, strict=True).index == 5


def test_a_receipt_is_never_written_over_anything(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    cli.fails("file_exists", 2, "log", "receipt", 2, "--out", tmp_path / "kept")
    cli.fails("file_unwritable", 2, "log", "receipt", 2, "--out", tmp_path / "no" / "folder")
    cli.fails("entry_unknown", 2, "log", "receipt", 99, "--cose", "--out", tmp_path / "99")
    assert (tmp_path / "kept").read_text() == "mine" and not (tmp_path / "99").exists()


def test_a_home_without_an_authority_says_so(cli: Command) -> None:
    cli.fails("tsa_url_missing", 2, "log", "stamp")
    assert stamps_check(cli)["state"] == "ok"


def test_an_authority_without_an_anchor_is_refused_before_it_is_asked(stamped: Command, authority: Authority) -> None:
    (stamped.home / "trust/tsa/test.pem").unlink()
    before = len(authority.asked)
    stamped.fails("tsa_anchors_missing", 2, "log", "stamp")
    stamped.fails("tsa_anchors_missing", 2, "serve", "--port", 0)
    assert len(authority.asked) == before


def test_the_head_is_stamped_once_and_fsck_lists_it(stamped: Command) -> None:
    first = stamped.json("log", "stamp")
    assert first["stamped"] and (first["size"], first["authority"]) == (6, "CN=Test TSA (good)")
    assert stamped.json("log", "stamp") == {"stamped": False}
    check = stamps_check(stamped)
    assert (check["state"], check["checked"]) == ("ok", 1)
    assert check["notes"] == [f"6 entries by {first['stamped_at']}, says CN=Test TSA (good)"]


def test_a_server_has_its_log_stamped(stamped: Command) -> None:
    with running("--home", stamped.home, "serve", "--port", 0, "--json") as process:
        document(process)
        deadline = time.monotonic() + 30
        while not (stamped.home / "stamps/6/token.tsr").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0 and "stamped by CN=Test TSA (good)" in err
    assert stamps_check(stamped)["checked"] == 1


def test_fsck_names_every_stamp_that_is_no_good(stamped: Command) -> None:
    assert stamped.json("log", "stamp")["stamped"]
    stamps = stamped.home / "stamps"
    for size in ("4", "5"):
        shutil.copytree(stamps / "6", stamps / size)
    (stamps / "4/token.tsr").write_bytes(b"\x30\x03\x02\x01\x00")
    (stamps / "3").mkdir()
    found = [(one["code"], one["item"]) for one in stamps_check(stamped, code=5)["findings"]]
    assert found == [
        ("stamp_incomplete", "stamp 3"),
        ("timestamp_malformed", "stamp 4"),
        ("stamp_misplaced", "stamp 5"),
    ]


def test_fsck_finds_a_log_that_is_an_older_copy(stamped: Command, tmp_path: Path) -> None:
    shutil.copyfile(stamped.home / "ledger.sqlite", tmp_path / "older.sqlite")
    assert stamped.json("actor", "enrol", "mara", "--role", "producer")
    assert stamped.json("log", "stamp")["size"] == 7
    for leftover in stamped.home.glob("ledger.sqlite*"):
        leftover.unlink()
    shutil.copyfile(tmp_path / "older.sqlite", stamped.home / "ledger.sqlite")
    check = stamps_check(stamped, code=5)
    assert [(one["code"], one["item"]) for one in check["findings"]] == [("log_behind_stamp", "stamp 7")]
    stamped.fails("log_behind_stamp", 5, "log", "stamp")


def test_fsck_finds_a_history_that_was_rewritten_with_the_logs_own_keys(stamped: Command, tmp_path: Path) -> None:
    """Tree, tiles and checkpoint all agree with each other; only the authority's token does not."""
    shutil.copyfile(stamped.home / "ledger.sqlite", tmp_path / "before.sqlite")
    assert stamped.json("actor", "enrol", "mara", "--role", "producer")
    assert stamped.json("log", "stamp")["size"] == 7
    for leftover in stamped.home.glob("ledger.sqlite*"):
        leftover.unlink()
    shutil.copyfile(tmp_path / "before.sqlite", stamped.home / "ledger.sqlite")
    (stamped.home / "keys/actor-mara.pem").unlink()
    stamped.fails("log_behind_stamp", 5, "actor", "list")  # an honest home does not even start on it
    (stamped.home / "stamps").rename(tmp_path / "stamps")
    for name in ("mallory", "trudy"):
        assert stamped.json("actor", "enrol", name, "--role", "producer")
    (tmp_path / "stamps").rename(stamped.home / "stamps")
    stamped.fails("log_forked", 5, "actor", "list")
    document = stamped.json("fsck", "--skip-blobs", "--skip-views", code=5)
    failed = {
        check["name"]: [one["code"] for one in check["findings"]] for check in document["checks"] if check["findings"]
    }
    assert failed == {"stamps": ["stamp_root_differs"]}


def test_without_anchors_fsck_says_that_stamps_were_not_checked(stamped: Command) -> None:
    assert stamped.json("log", "stamp")["stamped"]
    (stamped.home / "trust/tsa/test.pem").unlink()
    check = stamps_check(stamped)
    assert check["state"] == "not_checked" and "trust/tsa" in check["notes"][0]
