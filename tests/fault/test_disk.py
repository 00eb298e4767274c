"""A disk that is full, and one that is read-only: every command says so with a code and a next step, and nothing is lost.

The home lies on a small tmpfs of its own, which only root may mount; elsewhere these are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main
from ops.fsck import audit_home
from ops.settings import read_settings
from tests.cli_of import Command

DISK = "24m"  # a home with its views takes about two
WRITES: dict[str, tuple[object, ...]] = {
    "enrol": ("actor", "enrol", "rob", "--role", "reviewer"),
    "say": ("say", "../person.json", "--as", "ivy"),
    "publish": ("log", "publish"),
    "expire": ("expire",),
    "erase": ("erase", "p-1", "--as", "lena"),
    "token": ("token", "ivy"),
    "rotate-kek": ("vault", "rotate-kek"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk")
    home = folder / "home"
    assert main(["init", str(home), "--origin", "countersign.example/disk"]) == 0
    for actor, role in {"ines": "talent", "ivy": "ip-steward", "lena": "legal"}.items():
        assert main(["--home", str(home), "actor", "enrol", actor, "--role", role]) == 0
    for name in ("p-1", "p-2"):
        body = {"person": name, "person_class": "performer", "speaks_as": "ines"}
        said = {"type": "person.registered.v1", "body": body, "sealed": {"/body/name": name}, "subject": name}
        (folder / "person.json").write_text(json.dumps(said))
        if name == "p-1":
            assert main(["--home", str(home), "say", str(folder / "person.json"), "--as", "ivy"]) == 0
    return folder


@pytest.fixture
def disk(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A small disk with the home on it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip() if done else 'not root'}")
    try:
        shutil.copytree(made / "home", place / "home")
        shutil.copyfile(made / "person.json", place / "person.json")
        yield place
    finally:
        # Lazily: what this process still holds open there must not leave the disk behind for whoever cleans up.
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Leaves so many bytes."""
    filler = disk / "filler"
    room = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - left))
    return filler


def findings(home: Path) -> list[str]:
    report = audit_home(home, read_settings(home))
    return [f"{check.name}: {one.code} {one.item}" for check in report.checks for one in check.findings]


def told(disk: Path, cli: Command, name: str) -> tuple[int, Any]:
    """Exit code and document; a failure is of the machine and says what to do."""
    arguments = [disk / str(one)[3:] if str(one).startswith("../") else one for one in WRITES[name]]
    ran = cli.run(*arguments, "--json")
    assert ran.code in (0, 6), f"{name}: {ran.out}{ran.err}"
    assert ran.code == 0 or (ran.error["code"] and ran.error["do"]), ran.out
    return ran.code, ran.document


@pytest.mark.parametrize("left", [0, 65_536])
@pytest.mark.parametrize("name", WRITES)
def test_a_full_disk_is_told_and_loses_nothing(
    disk: Path, name: str, left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = Command(disk / "home", capsys)
    size = cli.json("log", "show")["size"]
    filler = fill(disk, left)
    code, _ = told(disk, cli, name)
    if left == 0 and name != "rotate-kek":
        assert code == 6, f"{name} was answered, with nowhere to write"
    filler.unlink()
    assert findings(cli.home) == []
    if code:
        again = cli.run(*[disk / str(one)[3:] if str(one).startswith("../") else one for one in WRITES[name]], "--json")
        assert again.code == 0 or again.error["code"] in ("actor_known", "person_known"), again.out
    assert findings(cli.home) == [] and cli.json("log", "show")["size"] >= size


@pytest.mark.parametrize("name", WRITES)
def test_a_read_only_disk_is_told_and_loses_nothing(disk: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli = Command(disk / "home", capsys)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        code, document = told(disk, cli, name)
        assert code == 6, document
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert findings(cli.home) == []
    assert told(disk, cli, name)[0] == 0
