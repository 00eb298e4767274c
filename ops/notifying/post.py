"""One bounded POST. Its failures are answers: whoever sends decides what follows, and nothing an endpoint does raises."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ledger.errors import LedgerError
from ops.notifying.addresses import Target, target_of

SECONDS_MAX = 10.0  # one exchange, connection included: an endpoint that thinks longer answers first and works then


@dataclass(frozen=True)
class Answer:
    """`status` is None when none came; `word` says in a slug what happened, such as `answered-503` or `timed-out`."""

    status: int | None
    word: str

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status <= 299

    @property
    def gone(self) -> bool:
        return self.status == 410


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, private: bool = False, seconds_max: float = SECONDS_MAX
) -> Answer:
    """Sends once and reads the status, never the body, and follows no redirect. `private`: see `target_of`."""
    try:
        target = target_of(url, private=private)
    except LedgerError as error:
        return Answer(None, error.code.replace("_", "-"))
    with socket.socket(target.family, socket.SOCK_STREAM) as plain, _cut_off(plain, seconds_max) as ended:
        try:
            status = _exchange(plain, target, body, headers, seconds_max)
        except (OSError, http.client.HTTPException) as error:
            return Answer(None, "timed-out" if ended.is_set() else _word(error))
        if ended.is_set():  # cut off in the middle of the headers, which reads like their end
            return Answer(None, "timed-out")
    return Answer(status, f"answered-{status}")


def _word(error: Exception) -> str:
    words = (
        (TimeoutError, "timed-out"),
        (ssl.SSLError, "tls-failed"),
        (ConnectionRefusedError, "connection-refused"),
        (OSError, "connection-failed"),
    )
    return next((word for kind, word in words if isinstance(error, kind)), "answer-malformed")


def _exchange(plain: socket.socket, target: Target, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    plain.settimeout(seconds)
    plain.connect(target.address)
    sock: socket.socket = plain
    if target.secure:
        sock = ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    connection.sock = sock  # to the address that was judged; a second look-up could say another one
    try:
        connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        return connection.getresponse().status
    finally:
        connection.close()
        sock.close()


@contextmanager
def _cut_off(sock: socket.socket, seconds_max: float) -> Iterator[threading.Event]:
    """The socket is shut when the time is up: its own time-out starts anew with every byte that somebody drips."""
    ended = threading.Event()
    same = sock.dup()  # wrapping it in TLS takes the first one's descriptor away

    def cut() -> None:
        ended.set()
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds_max, cut)
    timer.daemon = True
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()
        timer.join()
        same.close()
