"""Servers under measurement, each a process of its own: ours as `countersign serve` runs it, and the stock one."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ledger.errors import LedgerError
from ops.bench.speakers import Speaker

STOP_S_MAX = 20


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


@contextmanager
def serving(home: Path, preload: Path | None = None) -> Iterator[Server]:
    """`countersign serve` on this home."""
    command = ["-m", "ops.cli.main", "serve", "--home", str(home), "--port", "0", "--json"]
    with _running(command, preload, '"address"') as (line, pid):
        yield Server(int(urlsplit(json.loads(f"{{{line.strip().rstrip(',')}}}")["address"]).port or 0), pid)


@contextmanager
def ours(speaker: Speaker, preload: Path | None = None) -> Iterator[int]:
    """The port of `countersign serve` on the speaker's home."""
    with serving(speaker.home.path, preload) as server:
        yield server.port


@contextmanager
def stock(store: str, speaker: Speaker, preload: Path | None = None) -> Iterator[int]:
    """The port of the stock server."""
    command = ["-m", "ops.bench.stock_server", store, b64encode(speaker.key.spki).decode()]
    with _running(command, preload) as (line, _):
        yield int(line)


@contextmanager
def _running(command: Sequence[str], preload: Path | None, told: str = "") -> Iterator[tuple[str, int]]:
    """The first line of its output with `told` in it, and its pid: from then on it takes requests."""
    shim = ["env", f"LD_PRELOAD={preload}"] if preload else []
    process = subprocess.Popen(
        [*shim, sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if told in line), "")
        if not line:
            raise LedgerError("bench_failed", f"{command[1]} did not start")
        yield line, process.pid
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
