"""serve and worker as processes of their own: they say where they are, they end gently, they leave a whole home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli_of import COMMAND, ROOT, Command

ENDS_WITHIN_S = 20


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def document(process: subprocess.Popen[str]) -> Any:
    """The first JSON document that the process prints."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    return json.loads("".join(lines))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_ends_gently(cli: Command, ending: signal.Signals) -> None:
    with running("--home", cli.home, "serve", "--port", 0, "--json") as process:
        told = document(process)
        assert told["local_operator"] is True
        with urllib.request.urlopen(told["address"] + "/health", timeout=ENDS_WITHIN_S) as answer:
            assert answer.status == 200
        process.send_signal(ending)
        out, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0, err
    assert out == "" and "Traceback" not in err
    assert cli.json("fsck")["clean"]


def test_serve_beyond_loopback_warns_and_has_no_local_operator(cli: Command) -> None:
    with running("--home", cli.home, "serve", "--host", "0.0.0.0", "--port", 0, "--json") as process:
        assert document(process)["local_operator"] is False
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert "Not a loopback address" in err


def test_serve_asks_everybody_to_sign_in_where_that_is_wanted(cli: Command) -> None:
    with running("--home", cli.home, "serve", "--sign-in", "--port", 0, "--json") as process:
        told = document(process)
        assert told["local_operator"] is False
        with urllib.request.urlopen(told["address"] + "/sign-in", timeout=ENDS_WITHIN_S) as answer:
            assert b"Sign in with a passkey" in answer.read()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert "Not a loopback address" not in err


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_after_the_round_in_hand(cli: Command, ending: signal.Signals) -> None:
    with running("--home", cli.home, "worker", "--interval", "0.1", "--json") as process:
        assert process.stderr is not None
        assert "a round every" in process.stderr.readline()
        process.send_signal(ending)
        out, err = process.communicate(timeout=ENDS_WITHIN_S)
    assert process.returncode == 0, err
    assert json.loads(out)["log_size"] == 6
