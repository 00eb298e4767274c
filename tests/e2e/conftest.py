"""One home and three clips, made once; each test works on copies."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from ops.cli.main import main
from ops.demo.media import make_demo_clip, make_unrelated_clip, reencode
from ops.demo.run import run_demo
from tests.cli_of import Command


@dataclass(frozen=True)
class Clips:
    """A clip, a smaller copy of it, and one that has nothing to do with it."""

    clip: Path
    copy: Path
    stranger: Path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    folder = tmp_path_factory.mktemp("clips")
    clip = make_demo_clip(folder / "clip.mp4", seconds=4, size=(640, 360))
    stranger = make_unrelated_clip(folder / "stranger.mp4", seconds=3, size=(640, 360))
    return Clips(clip, reencode(clip, folder / "copy.mp4", height=240), stranger)


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory, clips: Clips) -> Path:
    """A home with one imported clip (entries 1 and 2) and a registered person whose name is sealed (entries 3 to 5)."""
    folder = tmp_path_factory.mktemp("made") / "home"
    assert main(["init", str(folder), "--origin", "countersign.example/e2e"]) == 0
    assert main(["--home", str(folder), "import", str(clips.clip)]) == 0
    for actor, role in (("ines", "talent"), ("ivy", "ip-steward")):
        assert main(["--home", str(folder), "actor", "enrol", actor, "--role", role]) == 0
    statement = folder.parent / "person.json"
    statement.write_text(
        '{"type": "person.registered.v1", "body": {"person": "p-1", "person_class": "performer", "speaks_as": "ines"},'
        ' "sealed": {"/body/name": "Example Person"}, "subject": "p-1"}'
    )
    assert main(["--home", str(folder), "say", str(statement), "--as", "ivy"]) == 0
    assert main(["--home", str(folder), "search", str(clips.copy)]) == 0  # so that there are views
    return folder


@pytest.fixture
def cli(tmp_path: Path, made_home: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command on a copy of that home."""
    shutil.copytree(made_home, tmp_path / "home")
    return Command(tmp_path / "home", capsys)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command where there is no home yet."""
    return Command(tmp_path / "home", capsys)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make demo` leaves behind, in a folder whose name has spaces, told once a run. Not to be written to."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine.parent if os.environ.get("PYTEST_XDIST_WORKER") else mine) / "a folder with spaces"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            run_demo(folder / "demo home", None, Console(file=io.StringIO(), width=160))
            (folder / "done").touch()
    return folder / "demo home"
