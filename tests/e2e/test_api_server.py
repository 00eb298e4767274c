"""The API behind a real server on loopback: streams, kept connections, callers who vanish, and many at once."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import json
import resource
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.turns import Turns
from schemas.base import new_id
from schemas.statements.brief import BriefDrafted
from tests.office_of import Made, Office, make_office
from tests.server_of import serving


@dataclass(frozen=True)
class Server:
    """A running server and the office behind it."""

    office: Office
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(
        self, method: str, path: str, name: str | None = None, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """One request on a connection of its own: (status, JSON)."""
        connection = self.connect()
        try:
            token = {"Authorization": f"Bearer {self.office.tokens[name]}"} if name else {}
            connection.request(method, path, body, token | {key.replace("_", "-"): v for key, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("served"))


@pytest.fixture
def server(made: Made, tmp_path: Path) -> Iterator[Server]:
    office = Office(made, tmp_path)
    try:
        with serving(office.app) as address:
            yield Server(office, urlsplit(address).port or 0)
    finally:
        office.close()


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // 2**16):
        yield b"\0" * 2**16


def left_behind() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("countersign-*"))


def test_one_connection_serves_many_requests(server: Server) -> None:
    connection = server.connect()
    try:
        for path in ("/health", "/v1/checkpoint", "/v1/nowhere", "/v1/receipts/0", "/", "/health"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 401, 404) and not answer.will_close
    finally:
        connection.close()


def test_a_file_streams_in_and_out_unchanged(server: Server, made: Made) -> None:
    raw = made.file("stranger").read_bytes()
    pieces = (raw[at : at + 7_001] for at in range(0, len(raw), 7_001))
    status, found = server.call("POST", "/v1/assets", "lior", pieces)  # no length: sent in chunks
    assert status == 201 and found["asset_sha256"] == hashlib.sha256(raw).hexdigest()
    connection = server.connect()
    try:
        headers = {"Authorization": f"Bearer {server.office.tokens['lior']}"}
        connection.request("GET", f"/v1/assets/{found['asset_sha256']}/content", headers=headers)
        assert connection.getresponse().read() == raw
        connection.request("GET", f"/v1/assets/{made.signed}/evidence", headers=headers)
        assert connection.getresponse().read(2) == b"PK"
    finally:
        connection.close()


def test_a_large_upload_never_lies_in_memory(server: Server) -> None:
    """192 MB of zeros: refused as no media, and the process has not grown by anything like it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = 192 * 2**20
    status, found = server.call("POST", "/v1/search", "lior", chunks(size), Content_Length=str(size))
    assert (status, found["code"]) == (400, "media_unsupported")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 64 * 2**10


def test_a_promise_that_is_too_large_is_refused_before_a_byte_is_sent(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        token = server.office.tokens["lior"]
        line.sendall(
            f"POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {2**50}\r\n\r\n".encode()
        )
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_stream_that_grows_too_large_is_cut_off(server: Server) -> None:
    object.__setattr__(server.office.services, "upload_bytes_max", 2**20)
    before, size = left_behind(), server.office.size
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        token = server.office.tokens["lior"]
        line.sendall(
            f"POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        try:
            for _ in range(40):
                line.sendall(b"10000\r\n" + b"\0" * 2**16 + b"\r\n")
        except OSError:
            pass  # the server hung up while we were still sending, as it should
        else:
            assert line.recv(100).startswith(b"HTTP/1.1 413 ")
    assert left_behind() == before and server.office.size == size


def test_a_caller_who_vanishes_leaves_nothing_and_gives_the_place_back(server: Server) -> None:
    before, size = left_behind(), server.office.size
    for _ in range(12):  # more than there are places
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
            token = server.office.tokens["lior"]
            line.sendall(
                f"POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                "Content-Length: 1000000\r\n\r\n".encode()
                + b"x" * 1000
            )
    deadline = time.monotonic() + 20
    while left_behind() != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_behind() == before and server.office.size == size
    assert server.call("POST", "/v1/search", "lior", b"x")[0] == 400


def test_a_body_that_stalls_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.incoming.RECEIVE_IDLE_S_MAX", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        token = server.office.tokens["lior"]
        line.sendall(
            f"POST /v1/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 10\r\n\r\nx".encode()
        )
        assert line.recv(100).startswith(b"HTTP/1.1 400 ")


def test_while_files_are_examined_the_loop_answers(server: Server, made: Made) -> None:
    raw = made.file("copy").read_bytes()
    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(server.call, "POST", "/v1/verifications", "pia", raw) for _ in range(2)]
        answered = 0
        while not any(call.done() for call in slow):
            assert server.call("GET", "/health")[0] == 200
            answered += 1
            time.sleep(0.02)
        assert [call.result()[0] for call in slow] == [200, 200]
    assert answered > 3, "a loop that waits for an examination answers once"


def verifying_at_once(server: Server, contents: list[bytes]) -> list[tuple[int, Any]]:
    with ThreadPoolExecutor(len(contents)) as pool:
        calls = [pool.submit(server.call, "POST", "/v1/verifications", "pia", raw) for raw in contents]
        return [call.result() for call in calls]


def test_sixty_four_callers_at_once_are_all_served(server: Server, made: Made) -> None:
    """Eight times as many as there are places, known files and strangers' among them; none lies on the disk afterwards."""
    before = left_behind()
    known, unknown = made.file("signed").read_bytes(), made.file("copy").read_bytes()
    answers = verifying_at_once(server, [*[known] * 61, unknown, unknown, unknown])
    assert [status for status, _ in answers] == [200] * 64
    assert [found["identified_by"] for _, found in answers] == [*["digest"] * 61, *["fingerprint"] * 3]
    assert left_behind() == before


def test_past_the_bound_callers_are_told_to_come_back(server: Server, made: Made) -> None:
    slots = server.office.app.state.slots
    few = Turns("uploads", 1, waiting_max=1, waiting_per_caller_max=1, wait_s=60)
    server.office.app.state.slots = dataclasses.replace(slots, uploads=few)
    answers = verifying_at_once(server, [made.file("copy").read_bytes()] * 8)
    assert sorted({status for status, _ in answers}) == [200, 503]
    assert all(found["code"] == "busy" for status, found in answers if status == 503)
    assert server.call("POST", "/v1/search", "lior", b"x")[0] == 400  # and the places are free again


def test_forty_callers_say_statements_at_once(server: Server) -> None:
    office, before = server.office, server.office.size
    bodies = [
        BriefDrafted.example().model_copy(update={"brief": new_id(office.clock.now())}).as_json() for _ in range(40)
    ]
    words = [json.dumps({"type": "brief.drafted.v1", "body": body}).encode() for body in bodies]
    with ThreadPoolExecutor(20) as pool:
        calls = [
            pool.submit(server.call, "POST", "/v1/statements", "mara", one, Content_Type="application/json")
            for one in words
        ]
        answers = [call.result() for call in calls]
    assert {status for status, _ in answers} == {201}
    assert sorted(found["index"] for _, found in answers) == list(range(before, before + 40))
