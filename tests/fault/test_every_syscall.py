"""Each flush, rename, link and write of a command fails, or is its last: afterwards the home is whole and goes on.

FAULT_SEED picks the points that are tried, FAULT_POINTS=all tries every one of them (minutes for each command).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ledger.store.contract import Stored
from ledger.store.sqlite import SQLiteStore
from ops.cli.main import main
from ops.fsck import audit_home
from ops.settings import read_settings
from tests.cli_of import COMMAND, Command, Ran
from tests.depth_of import times
from tests.strace_of import HOW, Point, need_strace, points, sabotaged

ORIGIN = "countersign.example/syscalls"
TRIED = times(1)  # faults a command in one run of the suite: the seed draws others each time
ROLES = {"ines": "talent", "ivy": "ip-steward", "lena": "legal", "mara": "producer"}


@dataclass(frozen=True)
class Step:
    """A command, and what is so once it was answered with 0."""

    arguments: tuple[object, ...]
    done: Callable[[Command], bool]


def _said(kind: str) -> Callable[[Command], bool]:
    return lambda cli: kind in {entry["type"] for entry in cli.json("log", "tail", "-n", 5)["entries"]}


STEPS = {
    "enrol": Step(
        ("actor", "enrol", "rob", "--role", "reviewer"),
        lambda cli: "rob" in {one["actor"] for one in cli.json("actor", "list")["actors"]},
    ),
    "say": Step(("say", "../person.json", "--as", "ivy"), _said("person.registered.v1")),
    "import": Step(("import", "../still.png"), _said("asset.examined.v1")),
    "publish": Step(("log", "publish"), lambda cli: (cli.home / "public" / "checkpoint").is_file()),
    "expire": Step(("expire",), _said("consent.expired.v1")),
    "erase": Step(("erase", "p-1", "--as", "lena"), _said("subject.erased.v1")),
    "token": Step(("token", "mara"), lambda cli: bool(json.loads((cli.home / "tokens.json").read_text()))),
    "rotate-kek": Step(("vault", "rotate-kek"), lambda cli: True),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with four actors, a person with a name, and a consent that has just run out; beside it what is said next."""
    need_strace()
    folder = tmp_path_factory.mktemp("syscalls")
    home = folder / "home"
    _run("init", home, "--origin", ORIGIN)
    for actor, role in ROLES.items():
        _run("--home", home, "actor", "enrol", actor, "--role", role)
    _person(folder, "p-1")
    _run("--home", home, "say", folder / "person.json", "--as", "ivy")
    _consent(folder, home)
    _person(folder, "p-2")
    Image.effect_mandelbrot((96, 64), (-2.0, -1.2, 0.8, 1.2), 30).convert("RGB").save(folder / "still.png")
    return folder


def _run(*arguments: object) -> None:
    assert main([str(one) for one in arguments]) == 0


def _person(folder: Path, name: str) -> None:
    body = {"person": name, "person_class": "performer", "speaks_as": "ines"}
    said = {"type": "person.registered.v1", "body": body, "sealed": {"/body/name": name}, "subject": name}
    (folder / "person.json").write_text(json.dumps(said))


def _consent(folder: Path, home: Path) -> None:
    """Asked for and given, and over by the time that anybody runs `expire`."""
    from schemas.statements.consent import ConsentGranted, ConsentRequested

    now = datetime.now(UTC)
    ends = now + timedelta(seconds=4)
    words = ConsentRequested.example().as_json() | {
        "person": "p-1",
        "valid_from": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valid_until": ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    for kind, actor in ((ConsentRequested, "mara"), (ConsentGranted, "ines")):
        (folder / "consent.json").write_text(json.dumps({"type": kind.TYPE, "body": words}))
        _run("--home", home, "say", folder / "consent.json", "--as", actor)
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.1)


def fresh(made: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, folder)
    return folder / "home"


def entries(home: Path) -> list[Stored]:
    store = SQLiteStore(home / "ledger.sqlite")
    try:
        return list(store.read_entries())
    finally:
        store.close()


def clean(home: Path) -> list[str]:
    report = audit_home(home, read_settings(home))
    return [f"{check.name}: {one.code} {one.item}" for check in report.checks for one in check.findings]


def faults(
    arguments: tuple[object, ...], home: Path, draw: random.Random, program: Sequence[str] = COMMAND
) -> list[tuple[str, Point]]:
    """How and where: a few drawn by the seed, or all."""
    by_call = defaultdict[str, list[tuple[str, Point]]](list)
    for at in points(arguments, home, program):
        by_call[at.call] += [(how, at) for how in HOW if how != "error=ENOSPC" or "write" in at.call]
    assert len(by_call) >= 3, by_call
    if os.environ.get("FAULT_POINTS") == "all":
        return [one for each in by_call.values() for one in each]
    kinds = [draw.choice(sorted(by_call)) for _ in range(TRIED)]  # SQLite's pages would be drawn nearly always
    return [draw.choice(by_call[kind]) for kind in kinds]


def _proper(ran: Ran, told: str) -> None:
    """Killed, done, or an error of ours with a code and a next step: never a traceback."""
    assert "Traceback" not in ran.err, f"{told}: {ran.err}"
    if told.endswith("signal=KILL"):
        assert ran.code in (0, -9, 137), f"{told}: {ran}"
    elif ran.code:
        assert ran.code in (2, 5, 6), f"{told}: {ran.out}{ran.err}"
        assert any(one["code"] and one["do"] for one in _errors(ran.document)), f"{told}: {ran.out}"


def _errors(document: Any) -> Iterator[dict[str, str]]:
    """Wherever an answer tells of an error: `import` does so file by file."""
    if isinstance(document, dict):
        if {"code", "do"} <= set(document):
            yield document
        document = list(document.values())
    for one in document if isinstance(document, list) else ():
        yield from _errors(one)


@pytest.mark.parametrize("name", STEPS)
def test_a_command_that_fails_anywhere_leaves_a_whole_home(
    made: Path, tmp_path: Path, name: str, draw: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    step, place = STEPS[name], tmp_path / "there"
    home = fresh(made, place)
    before = entries(home)
    command = ("--home", home, *(place / str(one)[3:] if str(one).startswith("../") else one for one in step.arguments))
    for how, point in faults((*command, "--json"), home, draw):
        home = fresh(made, place)
        told = f"{name}: {point} {how}"
        ran = sabotaged((*command, "--json"), home, point, how)
        _proper(ran, told)
        assert clean(home) == [], told
        cli = Command(home, capsys)
        assert [one.entry for one in entries(home)][: len(before)] == [one.entry for one in before], told
        assert ran.code != 0 or step.done(cli), told
        again = cli.run(*command[2:], "--json")
        assert again.code == 0 or again.error["code"] in AGAIN.get(name, ()), f"{told}: {again.out}"
        assert step.done(cli) and clean(home) == [], told


AGAIN = {
    "enrol": ("actor_known",),
    "say": ("person_known",),
    "erase": ("subject_erased", "erasure_done"),
}
"""What a command says when it had been done before it was cut off."""


def test_a_home_that_was_not_finished_is_none_and_is_made_anew(made: Path, tmp_path: Path, draw: random.Random) -> None:
    target = tmp_path / "made" / "home"
    target.parent.mkdir()
    command = ("init", target, "--origin", ORIGIN, "--json")
    for how, point in faults(command, target, draw):
        shutil.rmtree(target, ignore_errors=True)
        ran = sabotaged(command, target, point, how)
        _proper(ran, f"init: {point} {how}")
        if (target / "settings.toml").exists():
            assert clean(target) == [], f"{point} {how}"
        else:
            assert ran.code != 0
            shutil.rmtree(target, ignore_errors=True)
            _run(*command)
            assert clean(target) == []
