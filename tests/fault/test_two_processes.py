"""Several processes on one SQLite home, appending, ending, publishing and erasing: each thing is done once, all is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cli.main import main
from tests.cli_of import ROOT, Command
from tests.depth_of import times

ROUNDS = times(2)
PROGRAM = """
import json, sys
from ops.cli.main import main
home, rounds, name, *command = sys.argv[1:]
for n in range(int(rounds)):
    words = [word.replace("{n}", f"{name}-{n}") for word in command]
    sys.stdout.flush()
    code = main(["--home", home, *words, "--json"])
    print("\\f" + str(code), flush=True)
"""
COMMANDS = {
    "one": ("actor", "enrol", "a-{n}", "--role", "reviewer"),
    "two": ("actor", "enrol", "b-{n}", "--role", "reviewer"),
    "publisher": ("log", "publish"),
    "expiry": ("expire",),
    "expiry-too": ("expire",),
    "eraser": ("erase", "p-1", "--as", "lena"),
    "tokens": ("token", "ivy"),
    "tokens-too": ("token", "lena"),
}


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    home = tmp_path / "home"
    assert main(["init", str(home), "--origin", "countersign.example/together"]) == 0
    for actor, role in {"ines": "talent", "ivy": "ip-steward", "lena": "legal"}.items():
        assert main(["--home", str(home), "actor", "enrol", actor, "--role", role]) == 0
    body = {"person": "p-1", "person_class": "performer", "speaks_as": "ines"}
    said = {"type": "person.registered.v1", "body": body, "sealed": {"/body/name": "Somebody"}, "subject": "p-1"}
    (tmp_path / "person.json").write_text(json.dumps(said))
    assert main(["--home", str(home), "say", str(tmp_path / "person.json"), "--as", "ivy"]) == 0
    return Command(home, capsys)


def test_everything_at_once_is_done_once_and_kept(cli: Command) -> None:
    running = {
        name: subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(cli.home), str(ROUNDS), name, *command],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name, command in COMMANDS.items()
    }  # fmt: skip
    answers = {name: _answers(process) for name, process in running.items()}
    for name, ran in answers.items():
        assert len(ran) == ROUNDS
        for code, document in ran:
            assert code == 0 or document["error"]["code"] in ("boundary_moved", "store_busy", "views_busy"), (
                name,
                document,
            )
    entries = cli.json("log", "tail", "-n", 100)["entries"]
    assert cli.json("fsck")["clean"]
    enrolled = {one["actor"] for one in cli.json("actor", "list")["actors"]}
    done = {document["actor"] for name in ("one", "two") for code, document in answers[name] if code == 0}
    assert len(done) >= ROUNDS and done <= enrolled
    assert [one["type"] for one in entries].count("subject.erased.v1") == 1
    kept = json.loads((cli.home / "tokens.json").read_text())
    assert len(kept) == sum(code == 0 for name in ("tokens", "tokens-too") for code, _ in answers[name])


def _answers(process: subprocess.Popen[str]) -> list[tuple[int, dict[str, dict[str, str]]]]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0 and "Traceback" not in err, err
    found = []
    documents = out.split("\f")
    for n, part in enumerate(documents[:-1]):
        code = int(documents[n + 1].split("\n", 1)[0])
        text = part if n == 0 else part.split("\n", 1)[1]
        found.append((code, json.loads(text)))
    return found
