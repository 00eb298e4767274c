"""Kill -9 in the middle of an import: typed again, it goes on where it was, looks at nothing twice and says nothing twice."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.media.scratch import Scratch
from ops.cli.inputs import file_sha256
from ops.demo.media import make_demo_clip
from ops.wiring import services_of
from tests.cli_of import COMMAND, Command
from tests.sheets_of import kept_in

PATIENCE_SECONDS = 60


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    cli = Command(tmp_path / "home", capsys)
    cli.json("init", cli.home)
    return cli


def test_an_import_that_was_killed_goes_on_within_the_file_in_hand(cli: Command, tmp_path: Path) -> None:
    folder, scratch = tmp_path / "clips", Scratch(cli.home / "scratch")
    folder.mkdir()
    make_demo_clip(folder / "a-short.mp4", seconds=1, size=(160, 90), fps=4)
    long = file_sha256(make_demo_clip(folder / "b-long.mp4", seconds=80, size=(160, 90), fps=4))
    _import_and_kill(cli.home, folder, tmp_path / "stderr")
    _until(lambda: scratch.under_way(long) is None)  # the child of the one that was killed is gone too
    assert kept_in(cli.home / "scratch")

    short, other = cli.json("import", folder)["assets"]
    assert (short["existing"], other["existing"], other["asset_sha256"]) == (True, False, long)
    with services_of(cli.home) as services:
        said = Counter((one.type, getattr(one.body, "asset", "")) for one in services.ledger.read())
        examined = [one.body for one in services.ledger.read(types=["asset.examined.v1"])]
    assert {name: count for name, count in said.items() if name[0].startswith("asset.") and count > 1} == {}
    details: list[Any] = [{one.extractor: one.detail for one in body.findings} for body in examined]  # type: ignore[union-attr]
    assert "resumed_ms" not in details[0]["pdq"]
    assert 0 < details[1]["pdq"]["resumed_ms"][0] < details[1]["pdq"]["until_ms"]
    assert list((cli.home / "scratch").iterdir()) == []


def _import_and_kill(home: Path, folder: Path, told: Path) -> None:
    with told.open("wb") as stderr:
        command = [*COMMAND, "--home", str(home), "import", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            _until(lambda: kept_in(home / "scratch") and b" %" in told.read_bytes())
        finally:
            process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL


def _until(true: Any) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
