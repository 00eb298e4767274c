"""A server run by a command: its socket, its end on a signal, its log on stderr."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SHUTDOWN_SECONDS = 10  # how long a request may still take after SIGTERM


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound here, so that a taken port is an error of ours and port 0 has a number. Raises Misuse, Unavailable."""
    from ledger.errors import Misuse, Unavailable

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Misuse("host_unknown", "--host is no address of this machine", "Give 127.0.0.1 or ::1.") from error
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen()  # from here on callers wait instead of being turned away
        except OSError as error:
            do = "Stop what listens there, or give another --port."
            raise Unavailable("port_unavailable", f"port {port} can't be taken: {error.strerror}", do) from error
        yield listener


def address_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def on_signal(stop: Callable[[], object]) -> Iterator[None]:
    """SIGINT and SIGTERM call `stop` instead of ending the process; the old handlers come back afterwards."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: stop()) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
}
"""Everything to stderr: stdout carries the answer only (uvicorn's own default writes requests to stdout)."""
