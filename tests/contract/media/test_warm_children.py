"""Warm children: what one forks for a job answers as a fresh process would, and nothing outlives what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.media.child import ChildFailedError, Limits
from ledger.media.children import WARM, ColdChildren, WarmChildren
from ledger.media.findings import CHEAP
from ledger.media.sandbox import Examiner

pytestmark = pytest.mark.skipif(not WARM, reason="warm children are for Linux")
FENCES: dict[str, Any] = {"kind": "fences", "limits": Limits().as_json()}


@pytest.fixture
def warm() -> Iterator[WarmChildren]:
    children = WarmChildren(children_max=1, jobs_max=3)
    yield children
    children.close()


def asked(children: WarmChildren, seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    with children.working(FENCES, (), deadline) as running:
        return running.answer(deadline)


def waiting(children: WarmChildren) -> int:
    """The process that waits for the next job."""
    (one,) = children._idle
    return one._process.pid


def test_a_warm_child_finds_what_a_cold_one_finds(signed: Path, warm: WarmChildren, examiner: Examiner) -> None:
    cold = Examiner(examiner.trust(), children=ColdChildren()).examine(signed, extractors=CHEAP)
    other = Examiner(examiner.trust(), children=warm)
    first, second = (other.examine(signed, extractors=CHEAP) for _ in range(2))
    assert first.c2pa.state == cold.c2pa.state == "trusted"
    assert first.c2pa.raw_report == second.c2pa.raw_report == cold.c2pa.raw_report
    assert first.finding("digest") == cold.finding("digest")


def test_a_warm_child_can_open_no_socket_and_start_no_program_and_knows_no_secret(
    warm: WarmChildren, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_SECRET", "hunter2")
    answer = asked(warm)
    assert answer["attempts"] == {"socket": "PermissionError", "program": "PermissionError"}
    assert answer["fences"]["seccomp"] or answer["fences"]["network_namespace"]
    assert b"hunter2" not in Path(f"/proc/{waiting(warm)}/environ").read_bytes()


def test_after_its_jobs_a_warm_process_is_replaced(warm: WarmChildren) -> None:
    used = []
    for _ in range(2):
        asked(warm)
        used.append(waiting(warm))
    asked(warm)
    assert warm._idle == []
    asked(warm)
    assert used[0] == used[1] != waiting(warm)
    assert not Path(f"/proc/{used[0]}").exists()


def test_a_killed_warm_process_is_replaced(warm: WarmChildren) -> None:
    asked(warm)
    dead = waiting(warm)
    os.kill(dead, signal.SIGKILL)
    time.sleep(0.1)
    assert "attempts" in asked(warm)
    assert waiting(warm) != dead


def test_a_hung_one_is_a_time_out_of_that_file_alone_and_leaves_nothing(signed: Path, warm: WarmChildren) -> None:
    asked(warm)
    hung = waiting(warm)
    os.kill(hung, signal.SIGSTOP)
    found = Examiner(limits=Limits(wall_seconds=1), children=warm).examine(signed, extractors=CHEAP)
    assert found.finding("c2pa").detail == {"code": "timeout"}
    assert not Path(f"/proc/{hung}").exists()
    assert Examiner(children=warm).examine(signed, extractors=CHEAP).c2pa.state == "untrusted"


def test_one_that_dies_with_a_job_is_a_crash_of_that_file_alone(warm: WarmChildren) -> None:
    deadline = time.monotonic() + 60
    asked(warm)
    with warm.working(FENCES | {"limits": {}}, (), deadline) as running, pytest.raises(ChildFailedError) as caught:
        running.answer(deadline)
    assert caught.value.code == "crashed"
    assert "attempts" in asked(warm)


def test_whoever_finds_no_place_in_time_is_told_so(warm: WarmChildren) -> None:
    with warm.working(FENCES, (), time.monotonic() + 60), pytest.raises(LedgerError) as caught:
        asked(warm, seconds=0.05)
    assert caught.value.code == "examiner_busy"


def test_those_of_one_process_are_shared_and_end_with_it() -> None:
    script = """
import json, sys, time
from ledger.media.children import SharedChildren, _pool
def pid():
    deadline = time.monotonic() + 60
    shared = SharedChildren()
    with shared.working(json.loads(sys.argv[1]), (), deadline) as running:
        running.answer(deadline)
    shared.close()
    return _pool()._idle[0]._process.pid
first, second = pid(), pid()
assert first == second
print(first)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(FENCES)], capture_output=True, text=True, check=True
    )
    assert not Path(f"/proc/{int(done.stdout)}").exists() and done.stderr == ""


def test_closing_leaves_no_process(warm: WarmChildren) -> None:
    asked(warm)
    process = waiting(warm)
    warm.close()
    assert not Path(f"/proc/{process}").exists()
    ColdChildren().close()


def test_a_forked_copy_ends_no_child_of_the_process_that_it_was_forked_from() -> None:
    script = """
import json, os, sys, time
from ledger.media.children import SharedChildren, _pool
deadline = time.monotonic() + 60
with SharedChildren().working(json.loads(sys.argv[1]), (), deadline) as running:
    running.answer(deadline)
warm = _pool()._idle[0]
if os.fork() == 0:
    sys.exit(0)
os.wait()
assert warm.alive
with SharedChildren().working(json.loads(sys.argv[1]), (), deadline) as running:
    assert "attempts" in running.answer(deadline)
assert _pool()._idle[0] is warm
"""
    subprocess.run([sys.executable, "-c", script, json.dumps(FENCES)], check=True)
