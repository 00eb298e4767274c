"""A TCP proxy on loopback that cuts a connection at a chosen message: before it arrives, or before its answer does."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536


class LossyProxy:
    """Forwards to the server of a URL. `lose` arms it for one message."""

    def __init__(self, url: str) -> None:
        there = urlsplit(url)
        assert there.hostname and there.port
        self._target = (there.hostname, there.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = url.replace(f":{there.port}/", f":{port}/")
        self.losses = 0
        self._word, self._what = b"", ""
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def lose(self, word: bytes, what: str) -> None:
        """Cuts at the next message to the server that holds `word`: the `request` itself, or its `answer`."""
        self._word, self._what = word, what

    def __enter__(self) -> LossyProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _cut(each)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            lost = threading.Event()
            for pump in (self._pump_up, self._pump_down):
                thread = threading.Thread(target=pump, args=(client, server, lost), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump_up(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        while chunk := _receive(client):
            if self._word and self._word in chunk:
                self._word, self.losses = b"", self.losses + 1
                if self._what == "request":
                    break
                lost.set()  # the other pump cuts when the answer comes
            try:
                server.sendall(chunk)
            except OSError:
                break
        if lost.is_set():
            return  # the other pump lets the server finish what it was sent
        _cut(server)
        _cut(client)

    def _pump_down(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        while chunk := _receive(server):
            if lost.is_set():
                _finish(server)
                break
            try:
                client.sendall(chunk)
            except OSError:
                break
        _cut(client)
        _cut(server)


def _finish(server: socket.socket) -> None:
    """The server does all that it was sent before anybody learns of the loss."""
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_WR)
    while _receive(server):
        pass


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(CHUNK_BYTES)
    except OSError:
        return b""


def _cut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
