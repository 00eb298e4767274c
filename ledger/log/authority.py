"""Asks a time-stamping authority over HTTP (RFC 3161 section 3.4). What it answers is read up to a bound, not believed."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from ledger.errors import Misuse, Unavailable, Untrusted
from ledger.proof.timetoken import TOKEN_BYTES_MAX

QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"
TSA_SECONDS_MAX = 20.0  # one exchange, connection included; public authorities answer within two


def ask_authority(url: str, query: bytes, seconds_max: float = TSA_SECONDS_MAX) -> bytes:
    """The bytes of its reply. Redirects are not followed.

    Raises Unavailable `tsa_unreachable`, `tsa_failed`; Untrusted `timestamp_malformed`; Misuse `tsa_url_invalid`.
    """
    connection, path = _connection(url, seconds_max)
    try:
        connection.connect()
        with cut_off(connection.sock, seconds_max) as ended:
            connection.request("POST", path, query, {"Content-Type": QUERY_TYPE, "Connection": "close"})
            response = connection.getresponse()
            kind, reply = response.headers.get_content_type(), response.read(TOKEN_BYTES_MAX + 1)
            if ended.is_set():
                raise TimeoutError
    except (OSError, http.client.HTTPException) as error:
        what = f"the time-stamping authority gave no answer ({type(error).__name__})"
        raise Unavailable("tsa_unreachable", what, "It is asked again later.") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        what = f"the time-stamping authority answered {response.status}"
        raise Unavailable("tsa_failed", what, "It is asked again later.")
    if kind != REPLY_TYPE:
        raise Untrusted("timestamp_malformed", "the answer is not called a time stamp reply", "Check tsa_url.")
    return reply


def check_url(url: str) -> str:
    """`url` if an authority can be asked there. Raises Misuse `tsa_url_invalid`; secrets don't belong in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.fragment or parts.username or parts.password or not url.isascii() or url != url.strip():
        raise Misuse("tsa_url_invalid", "it is not http(s)://host[:port]/path", "Correct tsa_url.")
    return url


def _connection(url: str, seconds_max: float) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(check_url(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = parts.path or "/"
    return kind(parts.hostname or "", parts.port, timeout=seconds_max), f"{path}?{parts.query}" if parts.query else path


@contextmanager
def cut_off(sock: socket.socket, seconds_max: float) -> Iterator[threading.Event]:
    """The socket is shut when the time is up: its own time-out starts anew with every byte that is dripped."""
    ended = threading.Event()

    def cut() -> None:
        ended.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds_max, cut)
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()
