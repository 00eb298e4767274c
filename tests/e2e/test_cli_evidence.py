"""audit writes a pack; check judges one in a process that has neither a home nor a log."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli_of import Command, spawn


@pytest.fixture
def pack(cli: Command, tmp_path: Path) -> Path:
    asset = cli.json("log", "show", "1")["statement"]["body"]["asset"]
    cli.json("audit", asset, "--out", tmp_path / "evidence.zip")
    return tmp_path / "evidence.zip"


def altered(pack: Path, name: str) -> Path:
    """The pack with one byte of one member flipped."""
    target = pack.with_name("altered.zip")
    with zipfile.ZipFile(pack) as source, zipfile.ZipFile(target, "w") as copy:
        for member in source.namelist():
            content = bytearray(source.read(member))
            if member == name:
                content[len(content) // 2] ^= 1
            copy.writestr(member, bytes(content))
    return target


def test_a_pack_is_checked_without_a_home(pack: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    ran = spawn("check", pack, "--json", cwd=away, COUNTERSIGN_HOME="/nonexistent")
    assert ran.code == 0, ran.out + ran.err
    assert ran.document["state"] == "consistent" and ran.document["steps"][0]["outcome"] == "pass"
    assert list(away.iterdir()) == [] and ran.err == ""


def test_the_logs_own_keys_make_it_verified(cli: Command, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "log.vkeys").write_text("\n".join(cli.json("log", "vkeys")["log_vkeys"]))
    assert cli.json("check", pack, "--vkeys", tmp_path / "log.vkeys")["state"] == "verified"


def test_another_logs_keys_make_it_untrusted(cli: Command, pack: Path, tmp_path: Path) -> None:
    other = Command(tmp_path / "other", cli._capture)
    keys = other.json("init", tmp_path / "other")["log_vkeys"]
    (tmp_path / "log.vkeys").write_text("\n".join(keys))
    assert cli.json("check", pack, "--vkeys", tmp_path / "log.vkeys", code=5)["state"] == "untrusted"


def test_a_flipped_byte_is_named_to_people_and_programs(cli: Command, pack: Path) -> None:
    changed = altered(pack, "entries/1.json")
    assert cli.json("check", changed, code=5)["faults"][0]["item"] == "entries/1.json"
    ran = cli.run("check", changed)
    assert ran.code == 5 and "✗" in ran.out and "entries/1.json" in ran.out and "UNTRUSTED" in ran.out


def test_people_see_every_step_with_a_tick(cli: Command, pack: Path) -> None:
    ran = cli.run("check", pack)
    steps = cli.json("check", pack)["steps"]
    assert ran.out.count("✓") == len(steps) == len([step for step in steps if step["outcome"] == "pass"])
    assert "compare them with a copy you got elsewhere" in " ".join(ran.out.split())


def test_checking_imports_nothing_of_a_home(pack: Path) -> None:
    import subprocess

    script = (
        "import sys\nfrom ops.cli.main import main\n"
        f"code = main(['check', {str(pack)!r}, '--json'])\n"
        "seen = [n for n in ('ops.home', 'ops.wiring', 'ledger.door', 'ledger.vault', 'socketserver') if n in sys.modules]\n"
        "print(code, seen, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["state"] == "consistent"
    assert done.stderr.strip() == "0 []"


def test_the_verdicts_are_weighed_again_unless_left_out(cli: Command, pack: Path) -> None:
    assert [step["step"] for step in cli.json("check", pack)["steps"]] == list(range(1, 12))
    assert [step["step"] for step in cli.json("check", pack, "--without-rules")["steps"]] == [*range(1, 10), 11]


def test_a_pack_is_not_written_over_without_being_told_to(cli: Command, pack: Path) -> None:
    before = pack.read_bytes()
    asset = cli.json("check", pack)["assets"][0]
    cli.fails("out_exists", 2, "audit", asset, "--out", pack)
    assert pack.read_bytes() == before
    cli.json("audit", asset, "--out", pack, "--force")
    assert pack.read_bytes() != before


def test_media_travels_only_when_asked_for(cli: Command, pack: Path, tmp_path: Path) -> None:
    asset = cli.json("check", pack)["assets"][0]
    with_media = cli.json("audit", asset, "--out", tmp_path / "media.zip", "--with-media")
    assert with_media["size_bytes"] > pack.stat().st_size
    assert cli.json("check", tmp_path / "media.zip")["state"] == "consistent"


@pytest.mark.parametrize(
    ("code", "content"), [("pack_empty", b""), ("pack_not_zip", b"no zip at all"), ("pack_not_zip", b"PK\x03\x04" * 9)]
)
def test_what_is_no_pack_is_misuse(cli: Command, tmp_path: Path, code: str, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    cli.fails(code, 2, "check", tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("code", "content"), [("vkeys_none", b"\n"), ("vkeys_unreadable", b"\xff\xfe"), ("vkey_malformed", b"no key")]
)
def test_a_file_of_keys_that_holds_none_is_misuse(
    cli: Command, pack: Path, tmp_path: Path, code: str, content: bytes
) -> None:
    (tmp_path / "log.vkeys").write_bytes(content)
    cli.fails(code, 2, "check", pack, "--vkeys", tmp_path / "log.vkeys")


def test_auditing_what_is_not_here_is_misuse(cli: Command, tmp_path: Path) -> None:
    cli.fails("asset_unknown", 2, "audit", "ab" * 32, "--out", tmp_path / "x.zip")
    cli.fails("file_not_found", 2, "audit", tmp_path / "none.mp4", "--out", tmp_path / "x.zip")
    cli.fails("out_unwritable", 2, "audit", "ab" * 32, "--out", tmp_path / "none" / "x.zip")
    cli.fails("pack_missing", 2, "check", tmp_path / "none.zip")
    assert not (tmp_path / "x.zip").exists()
