"""The command as tests run it: in this process for speed, or as a process of its own, as users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main

COMMAND = (sys.executable, "-m", "ops.cli.main")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ran:
    """One run: exit code, and what reached stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as exactly one JSON document."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return self.document["error"]


class Command:
    """Runs `countersign` on one home, in this process."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home, self._capture = home, capture

    def run(self, *arguments: object) -> Ran:
        self._capture.readouterr()
        code = main(["--home", str(self.home), *map(str, arguments)])
        out, err = self._capture.readouterr()
        return Ran(code, out, err)

    def json(self, *arguments: object, code: int = 0) -> Any:
        """The answer's document; the exit code must be `code`."""
        ran = self.run(*arguments, "--json")
        assert ran.code == code, ran.out + ran.err
        return ran.document

    def fails(self, code: str, exit_code: int, *arguments: object) -> Any:
        """The error's document; its code and the exit code must be these."""
        error = self.json(*arguments, code=exit_code)["error"]
        assert error["code"] == code, error
        return error

    def say(self, actor: str, wire_type: str, *fresh: str, file: Path, **body: Any) -> Any:
        """Says the type's example with these members, signed by the actor's key."""
        example = self.json("say", "--example", wire_type)
        example["body"] |= body
        file.write_text(json.dumps(example))
        options = [part for member in fresh for part in ("--new-id", member)]
        return self.json("say", file, "--as", actor, *options)


def spawn(*arguments: object, cwd: Path, **environment: str) -> Ran:
    """As a process of its own, with only this environment."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
