"""A server on loopback that speaks OpenAI's wire format, and that misbehaves in the ways that servers do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHECKS, MODERATIONS = "/v1/content_provenance_checks", "/v1/moderations"
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


def check(c2pa: str | None = "detected", synthid: str | None = "detected") -> dict[str, Any]:
    """A completed check, as the API's reference describes it."""
    results: list[dict[str, Any]] = []
    if c2pa:
        found = c2pa == "detected"
        results.append(
            {
                "type": "c2pa",
                "outcome": c2pa,
                "validation_state": "trusted" if found else "not_present",
                "issuer": "OpenAI" if found else None,
                "model": "gpt-image-2" if found else None,
                "generated_at": "2026-08-01T10:00:00Z" if found else None,
            }
        )
    if synthid:
        results.append({"type": "synthid", "outcome": synthid, "model": None, "generated_at": None})
    return {"object": "content_provenance_check", "created_at": 1790000000, "results": results}


def moderation(*flagged: str) -> dict[str, Any]:
    return {
        "id": "modr-1",
        "model": "omni-moderation-2026-01-01",
        "results": [
            {
                "flagged": bool(flagged),
                "categories": {name: name in flagged for name in CATEGORIES},
                "category_scores": dict.fromkeys(CATEGORIES, 0.01),
                "category_applied_input_types": {name: ["image"] for name in CATEGORIES if "violence" in name},
            }
        ],
    }


@dataclass
class Vendor:
    """What it answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    hangs: bool = False
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    _end: threading.Event = field(default_factory=threading.Event)

    def answers(self, document: Any, status: int = 200, **headers: str) -> None:
        self.status, self.body = status, document if isinstance(document, bytes) else json.dumps(document).encode()
        self.headers = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}


@contextmanager
def vendor() -> Iterator[Vendor]:
    state = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, content))
            state.asked.set()
            if state.hangs:
                state._end.wait(30)
                return
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="vendor")
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        state._end.set()
        server.shutdown()
        thread.join()
        server.server_close()
