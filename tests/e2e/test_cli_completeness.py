"""log index, log complete and check: that nothing more was said is proved by commands; a false root is found by fsck."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.clock import SystemClock
from ops.home import Home, open_ledger
from ops.settings import read_settings
from schemas.statements.index import LogIndexed
from tests.cli_of import Command


def vkeys(cli: Command, folder: Path) -> Path:
    path = folder / "log.vkeys"
    path.write_text("\n".join(cli.json("log", "vkeys")["log_vkeys"]))
    return path


def test_that_a_person_never_withdrew_is_proved_and_checked_offline(cli: Command, tmp_path: Path) -> None:
    keys, out = vkeys(cli, tmp_path), tmp_path / "complete.json"
    made = cli.json("log", "complete", "person:p-1", "--type", "consent.withdrawn.v1", "--out", out)
    assert (made["count"], made["entries"]) == (0, [])
    checked = cli.json("check", out, "--vkeys", keys)
    assert checked["state"] == "verified"
    assert (
        checked["sentence"]
        == made["sentence"]
        == ("The log's first 6 entries hold 1 entry about person:p-1, none of type consent.withdrawn.v1")
    )
    cli.fails("out_exists", 2, "log", "complete", "person:p-1", "--out", out)
    cli.fails("tag_malformed", 2, "log", "complete", "nonsense", "--out", tmp_path / "other.json")
    cli.fails("type_unknown", 2, "log", "complete", "person:p-1", "--type", "x.y.v1", "--out", tmp_path / "other.json")


def test_a_document_from_which_an_entry_was_taken_names_what_is_missing(cli: Command, tmp_path: Path) -> None:
    keys, out = vkeys(cli, tmp_path), tmp_path / "complete.json"
    cli.json("log", "complete", "person:p-1", "--out", out)
    shown = json.loads(out.read_text())
    shown["entries"] = []
    out.write_text(json.dumps(shown, separators=(",", ":"), ensure_ascii=False, sort_keys=True))
    error = cli.fails("completeness_missing", 5, "check", out, "--vkeys", keys)
    assert "person:p-1: of person.registered.v1 the log holds 1 entry" in json.dumps(error)


def test_the_log_names_its_root_once_and_fsck_computes_it_again(cli: Command) -> None:
    first, again = cli.json("log", "index"), cli.json("log", "index")
    assert (first["size"], first["entry_index"], first["new"]) == (6, 6, True)
    assert again == {**first, "new": False}
    checks = {check["name"]: check for check in cli.json("fsck")["checks"]}
    assert (checks["index"]["state"], checks["index"]["checked"]) == ("ok", 1)
    cli.json("actor", "enrol", "later", "--role", "legal")
    assert cli.json("log", "index")["size"] == 8
    assert {check["name"]: check for check in cli.json("fsck")["checks"]}["index"]["checked"] == 2


def test_a_root_that_lies_is_named_by_fsck(cli: Command) -> None:
    """What a crooked operator would have to do, and anybody with the entries would find."""
    ledger = open_ledger(Home(cli.home), read_settings(cli.home), SystemClock())
    ledger.say(LogIndexed(size=4, root="ab" * 32))
    ledger.close()
    cli.json("log", "index")
    document = cli.json("fsck", code=5)
    found = {check["name"]: check["findings"] for check in document["checks"] if check["findings"]}
    assert [(one["code"], one["item"]) for one in found.pop("index")] == [("index_root_false", "entry 6")]
    assert not found


def test_a_withdrawal_kept_out_of_the_index_is_found_though_the_operator_edits_the_file(cli: Command) -> None:
    """The file gives a root or an error, never a root of its own: what the log says is computed from the entries."""
    cli.json("log", "index")
    with closing(sqlite3.connect(cli.home / "tagindex.sqlite")) as db, db:
        db.execute("DELETE FROM tag_index_tag WHERE record LIKE '%person:p-1%'")
    cli.json("actor", "enrol", "later", "--role", "legal")
    assert cli.json("log", "index")["new"]
    assert cli.json("fsck")["clean"]


def test_what_is_published_covers_the_root_that_was_named_for_it(cli: Command) -> None:
    assert cli.json("log", "publish")["size"] == 7
    assert cli.json("log", "publish")["size"] == 7  # nothing new, and nothing said of it
    assert cli.json("log", "show", 6)["type"] == "log.indexed.v1"
