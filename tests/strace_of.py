"""The kernel as a saboteur: strace lets the n-th call of one kind fail, or kills the command there, code unchanged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.cli_of import COMMAND, ROOT, Ran

DURABLE = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "write", "pwrite64", "ftruncate")
"""Calls that make something durable, or that what is durable is made of."""
HOW = ("error=EIO", "error=ENOSPC", "signal=KILL")
_LINE = re.compile(r"^(?:\[pid\s+)?(\d+)\]?\s+(\w+)\((.*)")


@dataclass(frozen=True)
class Point:
    """The `number`-th call of `call` in some thread; `what` it touches, under the home."""

    call: str
    number: int
    what: str


@cache
def why_not() -> str | None:
    """Why no command can be traced here, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed: sh ops/setup/strace.sh"
    probe = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", "trace=fsync", "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"no process can be traced here (ptrace): {done.stderr.strip()[:200]}"


def need_strace() -> None:
    """Skips with the reason; fails in CI."""
    if (why := why_not()) is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)


def traced(strace: Sequence[str], arguments: Sequence[object], cwd: Path, program: Sequence[str] = COMMAND) -> Ran:
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-qq", *strace, *program, *map(str, arguments)],
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        },  # the same calls each time
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def points(arguments: Sequence[object], home: Path, program: Sequence[str] = COMMAND) -> list[Point]:
    """Every call of DURABLE under the home, as one undisturbed run makes them. Counted as strace counts: thread by thread."""
    trace = home.parent / "trace"
    ran = traced(["-y", "-o", str(trace), "-e", f"trace={','.join(DURABLE)}"], arguments, home.parent, program)
    assert ran.code == 0, ran.out + ran.err
    counted, found = Counter[tuple[str, str]](), dict[tuple[str, int], Point]()
    for line in trace.read_text(errors="replace").splitlines():
        if (match := _LINE.match(line)) is None:
            continue
        thread, call, rest = match.groups()
        counted[thread, call] += 1
        if (at := rest.find(f"{home}/")) >= 0:
            name = re.split(r'[">,]', rest[at + len(str(home)) + 1 :], maxsplit=1)[0]
            number = counted[thread, call]
            found.setdefault((call, number), Point(call, number, name))
    return list(found.values())


def sabotaged(arguments: Sequence[object], home: Path, point: Point, how: str, program: Sequence[str] = COMMAND) -> Ran:
    inject = f"inject={point.call}:{how}:when={point.number}"
    return traced(["-o", os.devnull, "-e", f"trace={point.call}", "-e", inject], arguments, home.parent, program)
