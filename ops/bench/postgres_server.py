"""A PostgreSQL of our own for one measurement or one test run: see ops/setup/postgres.sh, which starts and removes it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ledger.errors import Unavailable
from ops.bench.figures import Figure

SCRIPT = Path(__file__).resolve().parents[1] / "setup" / "postgres.sh"
STOP_S_MAX = 30  # an immediate stop takes a fraction of a second


class PostgresServer:
    """Starts on opening; `binaries` are another server's than the machine's own. Raises Unavailable `postgres_missing` where
    there is no PostgreSQL that could be started.
    """

    def __init__(self, binaries: Path | None = None) -> None:
        self._binaries = str(binaries or "")
        command = ["sh", str(SCRIPT), "serve", str(_free_port()), self._binaries]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.folder = self._process.stdout.readline().strip()
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            _, said = self._process.communicate()
            what = (said.strip().splitlines() or ["the server did not start"])[-1]
            raise Unavailable("postgres_missing", what, "Install Debian's postgresql package.")

    def restart(self) -> None:
        """As after a crash: every connection is cut, and the server recovers from its log."""
        command = ["sh", str(SCRIPT), "restart", self.folder, self._binaries]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def close(self) -> None:
        self._process.communicate(timeout=STOP_S_MAX)


def on_postgres(measure: Callable[[str], list[Figure]]) -> list[Figure]:
    """What `measure` finds on a server of its own; nothing, with a word to stderr, where there is none or no driver."""
    try:
        server = PostgresServer()
    except Unavailable as error:
        print(f"PostgreSQL is not measured: {error.what}", file=sys.stderr)
        return []
    try:
        return measure(server.url)
    except ImportError as error:
        print(f"Not measured on PostgreSQL: {error.name} is missing (make bench-peers)", file=sys.stderr)
        return []
    finally:
        server.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
