"""The fuzzers start, know their examples and find nothing in a few thousand inputs; `make fuzz` looks for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_of import ROOT
from tests.depth_of import times
from tests.fuzz.targets import CASES

RUNS = times(200)  # inputs a target: a few seconds for all of them


def fuzz(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz.run", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=250)


def test_no_target_ends_otherwise_than_in_an_answer_or_a_typed_error(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no build for this Python")
    done = fuzz("--runs", RUNS, "--corpus", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr[-4_000:]
    assert f"nothing found in {len(CASES)} targets" in done.stdout
    assert {folder.name for folder in tmp_path.iterdir()} == {name.replace(" ", "-") for name in CASES}


def test_a_parser_that_stumbles_is_found(tmp_path: Path) -> None:
    """The fuzzer itself: a target that fails on one byte is told, with the input kept."""
    pytest.importorskip("atheris", reason="atheris has no build for this Python")
    program = f"""
import sys
import tests.fuzz.run as run
run.CASES = {{"broken": ([b"x"], lambda raw: 1 // (len(raw) - 1))}}
sys.argv = ["fuzz", "--runs", "50", "--corpus", {str(tmp_path)!r}]
sys.exit(run.main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "broken: see" in done.stdout, done.stderr[-2_000:]
    assert list((tmp_path / "broken").glob("crash-*"))
