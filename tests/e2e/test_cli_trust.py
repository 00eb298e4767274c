"""Trust lists by command: who is believed since when, and every verdict under what the log says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ledger.blobs import FolderBlobs
from ledger.media.testca import make_test_ca
from tests.cli_of import Command

REASON = ("--reason", "a test of ours")


def pem(folder: Path) -> Path:
    file = folder / "Interim Signers.pem"
    file.write_text(make_test_ca(datetime.now(UTC)).root_pem)
    return file


def test_a_list_is_imported_listed_replaced_and_named_by_verdicts(cli: Command, clips: object, tmp_path: Path) -> None:
    clip = clips.clip  # type: ignore[attr-defined]
    before = cli.json("verify", clip, code=3)["c2pa"]
    said = cli.json("trust", "import", pem(tmp_path), "--kind", "signer", "--until", "2026-06-01T00:00:00Z", *REASON)
    assert (said["list"], said["certificates"], said["until"][:10]) == ("interim-signers", 1, "2026-06-01")
    after = cli.json("verify", clip, code=3)["c2pa"]
    assert after["trust_sha256"] != before["trust_sha256"]
    assert after["engine"].startswith("c2pa-rs")
    shown = cli.json("trust", "list")["lists"]
    assert [(one["list"], one["said_by"], one["counts"], one["here"]) for one in shown] == [
        ("interim-signers", "operator", False, True)
    ]
    assert "past only" in cli.run("trust", "list").out
    cli.json("trust", "import", pem(tmp_path), "--kind", "signer", "--as", "operator", *REASON)
    assert [one["counts"] for one in cli.json("trust", "list")["lists"]] == [True]
    assert cli.json("trust", "list", "--at", "2020-01-01T00:00:00Z")["lists"] == []


def test_what_is_no_list_or_no_kind_is_refused(cli: Command, tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("nothing")
    cli.fails("trust_list_malformed", 2, "trust", "import", text, "--kind", "signer", *REASON)
    cli.fails("file_not_found", 2, "trust", "import", tmp_path / "none.pem", "--kind", "tsa", *REASON)
    cli.fails("choice_invalid", 2, "trust", "import", pem(tmp_path), "--kind", "both", *REASON)
    cli.fails("instant_invalid", 2, "trust", "import", pem(tmp_path), "--kind", "tsa", "--until", "soon", *REASON)
    cli.fails("role_not_permitted", 3, "trust", "import", pem(tmp_path), "--kind", "tsa", "--as", "ivy", *REASON)
    assert cli.json("trust", "list")["lists"] == []


def test_without_the_file_of_an_imported_list_nothing_is_judged(cli: Command, clips: object, tmp_path: Path) -> None:
    said = cli.json("trust", "import", pem(tmp_path), "--kind", "signer", *REASON)
    FolderBlobs(cli.home / "blobs").path(said["list_sha256"]).unlink()
    cli.fails("trust_list_missing", 6, "verify", clips.clip)  # type: ignore[attr-defined]
    assert "MISSING" in cli.run("trust", "list").out


def test_no_pass_is_written_for_a_file_that_nobody_cleared(cli: Command, clips: object, tmp_path: Path) -> None:
    asked = ("--use", "advertising", "--channel", "social", "--territory", "DE", "--out", tmp_path / "clip.pass")
    error = cli.fails("pass_refused", 3, "pass", clips.clip, *asked)  # type: ignore[attr-defined]
    assert "clearance_missing" in {reason["code"] for reason in error["reasons"]}
    cli.fails("question_incomplete", 2, "pass", clips.clip, "--out", tmp_path / "clip.pass")  # type: ignore[attr-defined]
    assert not (tmp_path / "clip.pass").exists()
