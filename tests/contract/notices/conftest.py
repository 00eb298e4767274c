"""A real HTTP server on loopback that plays a holder's endpoint, and a clip whose consent can be ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops.notifying.courier import Courier
from ops.notifying.post import Answer, post
from ops.notifying.webhook import Secrets
from projections.cascade import run_expiry
from projections.holdertables import Notified
from projections.views import Views
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.notice import HolderRegistered
from tests.house_of import ORIGIN, House


class Endpoint:
    """Answers as `script` says, one step a request; the last step stays. Keeps what it was sent."""

    def __init__(self) -> None:
        self.script: list[int | str] = [204]
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.take(self)

            def do_GET(self) -> None:
                endpoint.paths.append(self.path)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/in"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.got.append(({name.lower(): value for name, value in handler.headers.items()}, body))
        self.paths.append(handler.path)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if step == "hang":
            self.released.wait(10)
        elif step == "drip":
            self._drip(handler)
        elif step == "garbage":
            handler.wfile.write(b"this is not HTTP\r\n\r\n")
        elif step == "redirect":
            handler.send_response(302)
            handler.send_header("Location", self.url + "/elsewhere")
            handler.end_headers()
        elif step == "endless":
            handler.send_response(200)
            handler.end_headers()
            self.released.wait(10)
        else:
            handler.send_response(int(step))
            handler.end_headers()

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A header that never ends, a byte now and then."""
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.released.is_set():
                handler.wfile.write(b"a")
                handler.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()


class Desk:
    """A house with a platform that holds one cleared clip, views, and couriers that send over real sockets."""

    def __init__(self, house: House, endpoint: Endpoint, folder: Path) -> None:
        self.house, self.endpoint = house, endpoint
        self.views = Views(house.folder / "views.sqlite", house.ledger, house.blobs)
        self.secrets = Secrets(folder / "webhooks")
        self.secret = self.secrets.renew("pia")
        house.say_as("lena", HolderRegistered(holder="pia", endpoint=endpoint.url))
        self.asset, self.consent = house.clip()
        verdict = house.verdict(house.decision(self.asset)).model_copy(update={"asked_by": "pia"})
        house.ledger.say(verdict)
        self.courier = self.another_courier()

    def another_courier(self, views: Views | None = None, send: Any = None) -> Courier:
        return Courier(self.house.ledger, views or self.views, ORIGIN, self.secrets, send or self.send)

    def send(self, url: str, body: bytes, headers: Any) -> Answer:
        return post(url, body, headers, private=True, seconds_max=0.5)

    def withdraw(self) -> None:
        person = self.house.granted(self.consent).person
        self.house.say_as("ines", ConsentWithdrawn(consent=self.consent, person=person, reason="no more"))
        run_expiry(self.house.ledger, self.views, self.house.now())

    def notice(self) -> Notified:
        self.views.catch_up()
        (found,) = self.views.holders.of_basis(self.consent)
        return found

    def count(self, wire_type: str) -> int:
        return sum(1 for _ in self.house.ledger.read(types=[wire_type]))


@pytest.fixture
def desk(house: House, endpoint: Endpoint, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(house, endpoint, tmp_path)
    yield opened
    opened.views.close()
