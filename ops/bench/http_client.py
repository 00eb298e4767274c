"""A client that costs next to nothing: bare asyncio sockets, requests made before the clock starts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.errors import LedgerError

_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What a number of callers got through: units a second, and each request's time."""

    seconds: float
    requests: int
    times: list[float]

    def per_request(self) -> float:
        return self.seconds / self.requests


def request_of(path: str, content_type: str, body: bytes, token: str = "") -> bytes:
    said = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\n{said}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: Sequence[bytes], callers: int) -> Load:
    """All requests, by that many connections at once, each sending its next when the last was answered."""
    return asyncio.run(_load(port, requests, callers))


async def _load(port: int, requests: Sequence[bytes], callers: int) -> Load:
    loop, waiting, times = asyncio.get_running_loop(), iter(requests), list[float]()
    connections = []
    for _ in range(callers):
        _, caller = await loop.create_connection(
            lambda: _Caller(waiting, times, loop.create_future()), "127.0.0.1", port
        )
        connections.append(caller)
    begin = time.perf_counter()
    for caller in connections:
        caller.send_next()
    await asyncio.gather(*(caller.done for caller in connections))
    return Load(time.perf_counter() - begin, len(requests), times)


class _Caller(asyncio.Protocol):
    def __init__(self, waiting: Iterator[bytes], times: list[float], done: asyncio.Future[None]) -> None:
        self._waiting, self._times, self.done = waiting, times, done
        self._got, self._sent_at = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send_next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._got, self._sent_at = b"", time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, blank, body = self._got.partition(b"\r\n\r\n")
        if not blank or len(body) < _body_bytes(head):
            return
        self._times.append(time.perf_counter() - self._sent_at)
        if head[9:12] not in (b"200", b"201"):
            self._fail(f"a request was answered {head[9:12].decode()}: {body[:200]!r}")
            return
        self.send_next()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail("the server closed a connection")

    def _fail(self, what: str) -> None:
        if not self.done.done():
            self.done.set_exception(LedgerError("bench_failed", what))


def _body_bytes(head: bytes) -> int:
    lower = head.lower()
    at = lower.index(_LENGTH) + len(_LENGTH)
    return int(lower[at:].split(b"\r\n", 1)[0])
