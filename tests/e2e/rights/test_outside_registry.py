"""An outside consent registry that goes away: what hangs on it is denied until it answers again, and all of it is recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.services.outside import ask_registry
from ledger.registries.http import HttpRegistry
from tests.e2e.rights.conftest import Desk

GIVEN = {"status": "given", "fresh_for_s": 3_600}


class Registry:
    """A real one on this machine, whose door can be shut; whoever asks then is not connected."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = GIVEN
        self.port = 0
        self.open()

    def open(self) -> None:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(registry.says).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def shut(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def registry() -> Iterator[Registry]:
    opened = Registry()
    yield opened
    opened.shut()


def ask(desk: Desk, registry: Registry) -> str:
    """What the registry says of the story's consent now, as it is recorded."""
    client = HttpRegistry("talent-registry", f"http://127.0.0.1:{registry.port}/v1", timeout_s=1)
    receipt = ask_registry(desk.office.services, client, desk.office.made.story.consent, "TR-1")
    said = next(desk.office.services.ledger.read(after=receipt.index, limit=1))
    return str(said.body.as_json()["status"])


def generated(desk: Desk) -> set[str]:
    """Codes against a new generation with the person in it."""
    base = desk.office.made.story.generation_request("0" * 64).as_json()
    answer = desk.say("mara", "generation.requested.v1", {**base, "generation": desk.new_id(), "references": []})
    return set() if answer.status_code == 201 else {reason["code"] for reason in answer.json()["reasons"]}


def test_a_registry_that_went_away_denies_everything_new_until_it_answers_again(desk: Desk, registry: Registry) -> None:
    assert ask(desk, registry) == "given"
    assert (desk.verify()["verdict"], generated(desk)) == ("allow", set())
    registry.shut()
    assert ask(desk, registry) == "unavailable"
    found = desk.verify()
    assert (found["verdict"], desk.reasons()) == ("deny", {"registry_unavailable"})
    assert generated(desk) == {"registry_unavailable"}
    refused = desk.clear(desk.signed).json()
    assert "registry_unavailable" in {reason["code"] for reason in refused["reasons"]}
    recorded = list(desk.office.services.ledger.read(types=["clearance.refused.v1"]))
    assert any(row.code == "registry_unavailable" for row in recorded[-1].body.weighed)  # type: ignore[attr-defined]
    registry.open()
    assert ask(desk, registry) == "given"
    assert (desk.verify()["verdict"], generated(desk)) == ("allow", set())
    assert "clearance" in desk.clear(desk.signed).json()


def test_an_answer_that_nobody_renewed_in_time_is_a_no(desk: Desk, registry: Registry) -> None:
    assert ask(desk, registry) == "given"
    desk.office.clock.move_to(desk.office.clock.now() + timedelta(hours=1))
    assert desk.verify()["verdict"] != "allow"
    assert desk.reasons() == generated(desk) == {"registry_answer_stale"}


def test_a_registry_that_says_it_ended_denies_though_our_own_log_says_given(desk: Desk, registry: Registry) -> None:
    registry.says = {"status": "ended", "fresh_for_s": 60}
    assert ask(desk, registry) == "ended"
    assert desk.verify()["verdict"] == "deny"
    assert desk.reasons() == generated(desk) == {"registry_ended"}
    consent = desk.office.get(f"/v1/consents/{desk.office.made.story.consent}", "lena").json()
    assert consent["state"] == "given"
