"""What reaches stdout, what reaches stderr, and which exit code: for every command, right and wrong."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ops.cli import main as command
from ops.cli.failures import EXIT_CODES, worst
from tests.cli_of import Command, spawn
from tests.e2e.conftest import Clips
from tests.sounds_of import RATE_HZ, tune, written

ASKED = ("--use", "advertising", "--territory", "DE", "--channel", "social")
COMMANDS = "init demo serve import search verify audit check fsck expire worker log token say approve clear sign actor"
PRIVACY = "erase disclose hold vault"
PRIVACY_COMMANDS = ("erase", "disclose", "hold place", "hold release", "vault rotate-kek")


# -- as users run it ---------------------------------------------------------------------------------------------------


def test_import_search_and_verify_as_processes_answer_in_pure_json(tmp_path: Path, clips: Clips) -> None:
    assert spawn("init", "my home", "--json", cwd=tmp_path).document["entry_index"] == 0
    place = {"cwd": tmp_path, "COUNTERSIGN_HOME": "my home"}
    imported = spawn("import", clips.clip, "--json", **place)  # type: ignore[arg-type]
    (asset,) = imported.document["assets"]
    assert imported.code == 0 and "importing 1/1" in imported.err
    assert set(asset) == {
        "asset_sha256", "file", "existing", "media_type", "duration_ms", "c2pa", "fingerprint_frames", "not_checked",
        "entry_indices",
    }  # fmt: skip
    assert set(asset["c2pa"]) == {
        "state", "ingredients_state", "issuer", "claim_generator", "digital_source_type", "validation",
        "signing_state", "signed_at", "checked_at", "stands_until", "engine", "trust_sha256", "detached", "holds",
        "broken_rules", "additional_exclusions", "training_mining", "identities", "revocation",
    }  # fmt: skip
    found = spawn("--json", "search", "--all", clips.copy, clips.stranger, **place)  # type: ignore[arg-type]
    near, far = found.document["results"]
    assert near["matches"][0]["asset_sha256"] == asset["asset_sha256"] and far["matches"] == []
    assert near["matches"][0]["decision"] in ("copy", "confirmed")
    verified = spawn("verify", clips.stranger, *ASKED, "--json", **place)  # type: ignore[arg-type]
    assert (verified.code, verified.document["verdict"]) == (4, "unknown")


@pytest.mark.usefixtures("chromaprint")
def test_a_sound_is_searched_by_a_command_and_registered_as_a_work(cli: Command, tmp_path: Path) -> None:
    song = tune(31, 12)
    (asset,) = cli.json("import", written(tmp_path / "ours.opus", song, "libopus", 24_000))["assets"]
    cut = written(tmp_path / "cut.wav", song[2 * RATE_HZ :])
    (found,) = cli.json("search", "--all", cut)["results"]
    (near,) = found["matches"]
    assert (near["asset_sha256"], near["medium"], near["decision"]) == (asset["asset_sha256"], "sound", "copy")
    assert abs(near["reference_ms"] - near["query_ms"] - 2_000) < 200
    assert "copy, sound" in cli.run("search", "--all", cut).out
    words = ("--title", "Their Song", "--basis", "a claim of theirs", "--as", "ivy")
    added = cli.json("reference", "add", cut, *words)
    assert added["ways"] == ["sound"] and [one["way"] for one in added["matches"]] == ["sound"]
    assert added["matches"][0]["match"] in cli.run("matches", "list").out, "whole, for whoever reviews it"
    shown = cli.run("reference", "list").out
    assert "sound" in shown and "Their Song" in shown
    assert "sounds" in cli.run("matches", "rates").out
    out = tmp_path / "e.zip"
    assert cli.run("audit", asset["asset_sha256"], "--out", out).code == 0
    with zipfile.ZipFile(out) as pack:
        assert "Holds the sound of a known work" in pack.read("report.html").decode()


def test_a_reader_that_stops_early_is_no_error(cli: Command) -> None:
    import shlex
    import subprocess

    from tests.cli_of import COMMAND, ROOT

    shell = f"{shlex.join(COMMAND)} --home '{cli.home}' log checkpoint | head -n 1"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "countersign.example/e2e\n" and done.stderr == ""


def test_help_names_every_command_and_every_exit_code(bare: Command) -> None:
    shown = bare.run("--help").out
    for name in (*COMMANDS.split(), *PRIVACY.split()):
        assert f"│ {name} " in shown, name
    for code, meaning in EXIT_CODES.items():
        assert f" {code}  {meaning}" in " ".join(shown.split(" ")), meaning


@pytest.mark.parametrize(
    "name", [*COMMANDS.split(), "log show", "log tail", "log export", "actor enrol", "actor list", *PRIVACY_COMMANDS]
)
def test_every_command_explains_itself(bare: Command, name: str) -> None:
    ran = bare.run(*name.split(), "--help")
    assert ran.code == 0 and "Usage: countersign" in ran.out and "--json" in ran.out


def test_nothing_at_all_is_answered_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert "Usage: countersign" in capsys.readouterr().out


def test_the_version_is_told(bare: Command) -> None:
    assert bare.run("--version").out.startswith("countersign ")


# -- which home --------------------------------------------------------------------------------------------------------


def test_the_option_beats_the_variable_and_the_variable_beats_the_folder(
    cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def origin(*arguments: str) -> Any:
        capsys.readouterr()
        assert command.main([*arguments, "log", "show", "--json"]) == 0
        return json.loads(capsys.readouterr().out)["origin"]

    for name in ("here", "variable"):
        assert command.main(["init", str(tmp_path / name), "--origin", f"{name}.example"]) == 0
    (tmp_path / "work").mkdir()
    shutil.copytree(tmp_path / "here", tmp_path / "work" / "countersign-home")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("COUNTERSIGN_HOME", raising=False)
    assert origin() == "here.example"
    monkeypatch.setenv("COUNTERSIGN_HOME", str(tmp_path / "variable"))
    assert origin() == "variable.example"
    assert origin("--home", str(cli.home)) == "countersign.example/e2e"


def test_options_stand_before_or_after_the_command(cli: Command, tmp_path: Path, capsys: Any) -> None:
    home = str(cli.home)
    nowhere = str(tmp_path / "nowhere")
    for arguments in (
        ["--home", home, "--json", "log", "checkpoint"],
        ["log", "--home", home, "--json", "checkpoint"],
        ["log", "checkpoint", "--json", "--home", home],
        ["--home", nowhere, "log", "checkpoint", "--home", home, "--json"],
    ):
        capsys.readouterr()
        assert command.main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["size"] == 6


@pytest.mark.parametrize(
    "arguments",
    [
        "import x",
        "search x",
        "verify x",
        "fsck",
        "expire",
        "worker --once",
        "log show",
        "token x",
        "actor list",
        "serve",
    ],
)
def test_a_command_without_a_home_says_how_to_get_one(bare: Command, tmp_path: Path, arguments: str) -> None:
    error = bare.fails("home_missing", 2, *arguments.split())
    assert "countersign init" in error["do"]
    assert not bare.home.exists()


def test_init_never_touches_what_is_there(cli: Command) -> None:
    before = {path: path.read_bytes() for path in cli.home.rglob("*") if path.is_file()}
    cli.fails("home_exists", 2, "init")
    cli.fails("home_exists", 2, "init", cli.home)
    assert {path: path.read_bytes() for path in cli.home.rglob("*") if path.is_file()} == before


def test_init_tells_what_it_made_and_what_to_do_next(bare: Command, tmp_path: Path) -> None:
    ran = bare.run("init", tmp_path / "new", "--origin", "a.example/log")
    shown = " ".join(ran.out.split())
    assert ran.code == 0 and "a.example/log" in shown and "countersign import" in shown and "log vkeys" in shown
    assert (tmp_path / "new" / "keys").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("origin", ["no spaces", "+", ""])
def test_an_origin_that_can_not_be_signed_is_refused_before_anything_is_made(bare: Command, origin: str) -> None:
    bare.fails("value_invalid", 2, "init", bare.home, "--origin", origin)
    assert not bare.home.exists()


# -- wrong input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("usage", "bogus"),
        ("usage", "import"),
        ("usage", "verify"),
        ("usage", "import x --bogus"),
        ("usage", "serve --port 99999"),
        ("usage", "worker --interval never"),
        ("usage", "expire --at 2026-11-23T00:00:00Z"),
        ("usage", "say"),
        ("choice_invalid", "import x --grade excellent"),
        ("instant_invalid", "verify x --at yesterday"),
        ("instant_invalid", "expire --dry-run --at 2026-11-23"),
        ("instant_invalid", "clear {d} --use a --channel b --territory DE --until soon"),
        ("question_invalid", "clear {d} --use A --channel b --territory DE --until 2036-11-23T00:00:00Z"),
        ("question_invalid", "clear {d} --use a --channel b --territory DE --until 2016-11-23T00:00:00Z"),
        ("question_invalid", "verify {f} --use a --channel b --territory Germany"),
        ("asset_unknown", "clear {d} --use a --channel b --territory DE --until 2036-11-23T00:00:00Z"),
        ("asset_unknown", "sign {d} --out {o}"),
        ("file_not_found", "sign nothing.mp4 --out {o}"),
        ("file_not_found", "verify nothing.mp4"),
        ("choice_invalid", "approve {d} --gate back --as ivy --comment x"),
        ("body_invalid", "approve {d} --gate rights --as ivy --comment="),
        ("key_missing", "approve {d} --gate rights --as nobody --comment x"),
        ("actor_invalid", "approve {d} --gate rights --as ../service --comment x"),
        ("actor_unknown", "token nobody"),
        ("role_unknown", "actor enrol x --role king"),
        ("body_invalid", "actor enrol ../x --role talent"),
        ("host_unknown", "serve --host 300.300.300.300"),
        ("type_unknown", "say --example no.such.v1"),
        ("file_not_found", "say nothing.json --as ivy"),
    ],
)
def test_misuse_is_told_in_json_with_exit_code_2_and_changes_nothing(
    cli: Command, clips: Clips, tmp_path: Path, code: str, arguments: str
) -> None:
    filled = [part.format(d="ab" * 32, f=clips.stranger, o=tmp_path / "out.mp4") for part in arguments.split()]
    cli.fails(code, 2, *filled)
    assert cli.json("log", "show")["size"] == 6 and not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("json_invalid", b""),
        ("json_invalid", b"{"),
        ("json_duplicate_key", b'{"type": "x", "type": "y", "body": {}}'),
        ("statement_file_invalid", b"[]"),
        ("statement_file_invalid", b'{"type": "x"}'),
        ("statement_file_invalid", b'{"type": 1, "body": {}}'),
        ("statement_file_invalid", b'{"type": "x", "body": {}, "extra": 1}'),
        ("statement_file_invalid", b'{"type": "x", "body": {}, "sealed": []}'),
        ("type_unknown", b'{"type": "x.y.v1", "body": {}}'),
        ("body_invalid", b'{"type": "person.registered.v1", "body": {}}'),
        (
            "body_invalid",
            b'{"type": "person.registered.v1", "body": {"person": "p", "person_class": "performer", "x": 1}}',
        ),
        ("statement_too_large", b'"' + b"a" * 300_000 + b'"'),
    ],
)
def test_a_statement_file_that_is_wrong_says_nothing(cli: Command, tmp_path: Path, code: str, content: bytes) -> None:
    (tmp_path / "s.json").write_bytes(content)
    cli.fails(code, 2, "say", tmp_path / "s.json", "--as", "ivy")
    assert cli.json("log", "show")["size"] == 6


def test_what_a_rule_refuses_is_exit_code_3_with_its_reasons(cli: Command, tmp_path: Path) -> None:
    example = cli.json("say", "--example", "person.registered.v1")
    (tmp_path / "s.json").write_text(json.dumps(example))
    error = cli.fails("role_not_permitted", 3, "say", tmp_path / "s.json", "--as", "operator")
    assert error["reasons"][0]["code"] == "role_not_permitted"
    cli.fails("actor_known", 3, "actor", "enrol", "ivy", "--role", "legal")


def test_a_damaged_log_is_exit_code_5(cli: Command, clips: Clips) -> None:
    for path in cli.home.glob("ledger.sqlite-*"):
        path.unlink()
    (cli.home / "ledger.sqlite").write_bytes(b"not a database" * 999)
    cli.fails("store_corrupt", 5, "verify", clips.clip)


def test_a_port_that_is_taken_is_exit_code_6(cli: Command) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cli.fails("port_unavailable", 6, "serve", "--port", taken.getsockname()[1])


def test_one_bad_file_among_several_does_not_stop_the_others(cli: Command, clips: Clips, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    (folder / "sub").mkdir(parents=True)
    shutil.copyfile(clips.stranger, folder / "sub" / "a.mp4")
    (folder / "b.mp4").write_bytes(b"no media")
    (folder / ".hidden").write_bytes(b"left out")
    (folder / "empty.mp4").touch()
    assets = cli.json("import", folder, tmp_path / "missing.mp4", code=2)["assets"]
    codes = [one.get("error", {}).get("code") for one in assets]
    assert codes == ["media_unsupported", "file_empty", None, "file_not_found"]
    assert cli.json("log", "show")["size"] == 8


def test_the_same_file_again_is_known_and_says_nothing_new(cli: Command, clips: Clips) -> None:
    (asset,) = cli.json("import", clips.clip)["assets"]
    assert asset["existing"] and asset["entry_indices"] == [1, 2]
    assert cli.json("log", "show")["size"] == 6


def test_a_folder_without_files_is_misuse(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    cli.fails("files_none", 2, "import", tmp_path / "empty")


def test_an_exact_file_is_found_as_exact(cli: Command, clips: Clips) -> None:
    (result,) = cli.json("search", "--all", clips.clip)["results"]
    assert result["matches"][0]["decision"] == "exact" and result["matches"][0]["score"] == 1.0


def test_people_read_a_verdict_with_reasons_and_entries(cli: Command, clips: Clips) -> None:
    ran = cli.run("verify", clips.clip, *ASKED)
    shown = " ".join(ran.out.split())
    assert ran.code == 3
    for part in ("DENY", "by its bytes", "clearance_missing", "not checked", "faces", "absent"):
        assert part in shown, part


def test_names_of_files_can_not_move_the_cursor_or_fake_markup(cli: Command, clips: Clips, tmp_path: Path) -> None:
    nasty = tmp_path / "\x1b[2J[red]x[\u202e.mp4"
    shutil.copyfile(clips.stranger, nasty)
    for ran in (cli.run("verify", nasty), cli.run("search", nasty)):
        assert "\x1b" not in ran.out + ran.err and "\u202e" not in ran.out + ran.err
        assert "[red]x[" in "".join(ran.out.split())


def test_a_token_is_shown_once_and_speaks_for_an_enrolled_actor(cli: Command) -> None:
    ran = cli.run("token", "ivy")
    assert ran.out.startswith("cs_") and ran.out.count("\n") == 1 and "shown once" in ran.err
    assert ran.out.strip() not in (cli.home / "tokens.json").read_text()
    assert cli.json("token", "ivy", "--revoke") == {"actor": "ivy", "revoked": 1}


def test_actors_are_listed_with_roles_and_keys(cli: Command) -> None:
    actors = {one["actor"]: one["roles"] for one in cli.json("actor", "list")["actors"]}
    assert actors == {"countersign": ["service"], "operator": ["admin"], "ines": ["talent"], "ivy": ["ip-steward"]}


def test_a_key_left_by_a_crash_is_taken_up(cli: Command) -> None:
    cli.json("actor", "enrol", "first", "--role", "talent")
    key = cli.home / "keys" / "actor-first.pem"
    key.rename(cli.home / "keys" / "actor-second.pem")  # as if only the file of `second` had been made
    error = cli.fails("key_in_use", 3, "actor", "enrol", "second", "--role", "talent")
    assert error["reasons"][0]["entry_index"] == 6
    assert not key.exists()


# -- faults of ours ----------------------------------------------------------------------------------------------------


def test_a_fault_of_ours_is_exit_code_1_with_a_file_and_no_traceback(
    cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret value")

    monkeypatch.setattr("ops.fsck.audit_home", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("COUNTERSIGN_DEBUG", raising=False)
    ran = cli.run("fsck")
    assert ran.code == 1 and "Traceback" not in ran.out + ran.err and "a secret value" not in ran.out + ran.err
    (file,) = tmp_path.glob("*.traceback.txt")
    assert "ZeroDivisionError" in file.read_text() and file.stat().st_mode & 0o077 == 0
    assert file.name in "".join(ran.err.split())
    error = cli.fails("unexpected", 1, "fsck")
    assert "ZeroDivisionError" in error["detail"]
    monkeypatch.setenv("COUNTERSIGN_DEBUG", "1")
    assert "Traceback" in cli.run("fsck").err


def test_the_worst_of_several_answers_is_the_exit_code() -> None:
    assert worst([]) == 0 and worst([0, 4, 3]) == 3 and worst([2, 6]) == 6 and worst([5, 6, 2]) == 5
