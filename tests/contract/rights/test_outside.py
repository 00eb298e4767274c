"""Ports to what others know, against real folders and a real server on this machine: no answer is never a yes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger.contracts.folder import CONTRACT_BYTES_MAX, ContractFolder
from ledger.contracts.port import Unreadable
from ledger.registries.http import HttpRegistry
from ledger.rules.registries import FRESH_MAX
from schemas.statements.contract import ContractTermRecorded
from tests.house_of import raises_code
from tests.rights_of import TERMS

ANSWERS: dict[str, tuple[int, bytes, float]] = {
    "/v1/given": (200, b'{"status": "given", "fresh_for_s": 60}', 0),
    "/v1/long": (200, b'{"status": "given", "fresh_for_s": 900000}', 0),
    "/v1/ended": (200, b'{"status": "ended", "fresh_for_s": 60}', 0),
    "/v1/slash%2Fed": (200, b'{"status": "ended", "fresh_for_s": 61}', 0),
    "/v1/broken": (500, b"{}", 0),
    "/v1/moved": (302, b"", 0),
    "/v1/odd": (200, b'{"status": "perhaps", "fresh_for_s": 60}', 0),
    "/v1/never": (200, b'{"status": "given", "fresh_for_s": 0}', 0),
    "/v1/text": (200, b"yes", 0),
    "/v1/list": (200, b'["given"]', 0),
    "/v1/large": (200, b" " * 5_000 + b'{"status": "given", "fresh_for_s": 60}', 0),
    "/v1/slow": (200, b'{"status": "given", "fresh_for_s": 60}', 0.05),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body, drip = ANSWERS.get(self.path, (404, b"", 0))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/v1/given")
        self.end_headers()
        try:
            for at in range(0, len(body), 1 if drip else len(body) or 1):
                self.wfile.write(body[at : at + (1 if drip else len(body))])
                self.wfile.flush()
                time.sleep(drip)
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def registry() -> Iterator[HttpRegistry]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield HttpRegistry("talent-registry", f"http://127.0.0.1:{server.server_port}/v1/", timeout_s=0.5)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("reference", "status", "fresh_for"),
    [
        ("given", "given", timedelta(seconds=60)),
        ("long", "given", FRESH_MAX),
        ("ended", "ended", timedelta(seconds=60)),
        ("slash/ed", "ended", timedelta(seconds=61)),
        ("nobody", "unknown", FRESH_MAX),
    ],
)
def test_a_registry_says_what_it_says(
    registry: HttpRegistry, reference: str, status: str, fresh_for: timedelta
) -> None:
    word = registry.status(reference)
    assert (word.status, word.fresh_for) == (status, fresh_for)


@pytest.mark.parametrize("reference", ["broken", "moved", "odd", "never", "text", "list", "large", "slow"])
def test_a_registry_that_fails_redirects_drips_or_talks_oddly_gave_no_answer(
    registry: HttpRegistry, reference: str
) -> None:
    raises_code("registry_unavailable", lambda: registry.status(reference))


def test_a_registry_that_is_not_there_gave_no_answer() -> None:
    gone = HttpRegistry("gone", "http://127.0.0.1:9/", timeout_s=0.5)
    raises_code("registry_unavailable", lambda: gone.status("x"))


@pytest.mark.parametrize("url", ["http://registry.example/", "ftp://127.0.0.1/", "https://", "registry"])
def test_a_registry_is_asked_over_https(url: str) -> None:
    raises_code("registry_url_invalid", lambda: HttpRegistry("x", url))


def test_a_folder_gives_its_contracts_and_names_what_is_none(tmp_path: Path) -> None:
    good = {"ref": "C-1", "revision": "4", "terms": TERMS, "caps": {"placements": 3}, "terminated": True}
    files: dict[str, bytes] = {
        "a.json": json.dumps(good).encode(),
        "b-not-json.json": b"{",
        "c-list.json": b"[]",
        "d-unknown.json": json.dumps({**good, "note": "x"}).encode(),
        "e-wrong.json": json.dumps({**good, "terms": {**TERMS, "territories": ["Mars"]}}).encode(),
        "f-short.json": b'{"ref": "C-1"}',
        "g-large.json": b" " * (CONTRACT_BYTES_MAX + 1),
        "readme.txt": b"not looked at",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = list(ContractFolder("contracts", tmp_path).terms())
    terms = [one for one in found if isinstance(one, ContractTermRecorded)]
    assert [(one.source.ref, one.source.revision, one.terminated) for one in terms] == [("C-1", "4", True)]
    odd = [one.name for one in found if isinstance(one, Unreadable)]
    assert odd == [name for name in files if name[0] in "bcdefg"]
    assert not any("Mars" in one.why for one in found if isinstance(one, Unreadable))


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    raises_code("contracts_unavailable", lambda: list(ContractFolder("c", tmp_path / "gone").terms()))
