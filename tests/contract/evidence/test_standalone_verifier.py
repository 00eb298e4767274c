"""verify.py: one file, outside the project, in a process that can't reach anything."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.proof.pack import check_pack
from ledger.proof.standalone import standalone_verifier
from tests.contract.evidence.story import Story, members, packed, tell
from tests.house_of import House

# Runs a script with sockets, child processes and writing refused: what is left is reading and arithmetic.
FENCE = """
import runpy, sys
def refuse(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        raise SystemExit(f"fenced: {event}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise SystemExit(f"fenced: writing {arguments[0]}")
sys.dont_write_bytecode = True
sys.addaudithook(refuse)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def story(house: House) -> Story:
    return tell(house)


@pytest.fixture
def outside(story: Story, tmp_path: Path) -> Path:
    """A folder with a pack, the verify.py that came in it and the log's keys."""
    folder = tmp_path / "a stranger's folder"
    folder.mkdir()
    raw = story.write(folder / "evidence.zip").path.read_bytes()
    (folder / "verify.py").write_bytes(members(raw)["verify.py"])
    (folder / "log.vkeys").write_text("".join(f"{vkey}\n" for vkey in story.vkeys))
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", FENCE, "verify.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_it_verifies_offline_with_its_own_file_alone(outside: Path) -> None:
    done = run(outside, "evidence.zip", "--vkeys", "log.vkeys")
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED" in done.stdout


def test_without_keys_it_says_that_they_are_the_packs_own(outside: Path) -> None:
    done = run(outside, "evidence.zip")
    assert done.returncode == 0 and "Its log keys are its own" in done.stdout


def test_it_gives_the_very_report_of_check_pack(outside: Path) -> None:
    content = members((outside / "evidence.zip").read_bytes())
    content["entries/0.json"] = content["entries/0.json"].replace(b"Z", b"z", 1)
    (outside / "bad.zip").write_bytes(packed(content))
    for name, code in (("evidence.zip", 0), ("bad.zip", 5)):
        done = run(outside, name, "--json")
        assert done.returncode == code
        assert json.loads(done.stdout) == json.loads(json.dumps(check_pack(outside / name).as_json()))


def test_a_failing_member_is_named(outside: Path) -> None:
    content = members((outside / "evidence.zip").read_bytes())
    content["entries/0.json"] = content["entries/0.json"].replace(b"Z", b"z", 1)
    (outside / "bad.zip").write_bytes(packed(content))
    done = run(outside, "bad.zip")
    assert done.returncode == 5 and "FAILS  entries/0.json" in done.stdout


def test_what_is_no_pack_or_no_key_file_is_misuse(outside: Path) -> None:
    (outside / "empty.zip").write_bytes(b"")
    assert run(outside, "empty.zip").returncode == 2
    assert run(outside, "nothing.zip").returncode == 2
    assert run(outside, "evidence.zip", "--vkeys", "nothing.vkeys").returncode == 2
    (outside / "bad.vkeys").write_text("not a key\n")
    assert run(outside, "evidence.zip", "--vkeys", "bad.vkeys").returncode == 2


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    for node in ast.walk(ast.parse(standalone_verifier())):
        sources = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        sources += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert all(source.split(".")[0] in {*sys.stdlib_module_names, "cryptography"} for source in sources)


def test_it_names_no_folder_of_the_machine_that_wrote_it() -> None:
    assert str(Path.cwd()) not in standalone_verifier() and "/site-packages" not in standalone_verifier()
