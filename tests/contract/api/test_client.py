"""The client as a platform runs it: against a real server, without the server's packages, and never a yes out of silence."""

from __future__ import annotations

import dataclasses
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.client.answers import read_verification
from api.client.checking import digest_of
from api.client.ledger_client import LedgerClient
from api.client.main import main
from api.client.transport import checked_address
from ledger.errors import Refused, Unavailable
from tests.contract.api.test_passes import vkeys
from tests.house_of import raises_code
from tests.office_of import ASKED, Office
from tests.server_of import serving

ROOT = Path(__file__).resolve().parents[3]
CIRCUMSTANCES = [part for name, value in ASKED.items() for part in (f"--{name}", value)]


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    """A real server over the office; passes name it as the place of their status lists."""
    with serving(office.app) as url:
        office.app.state.services = dataclasses.replace(office.services, public_url=url)
        yield url


@pytest.fixture
def ledger(office: Office, address: str) -> LedgerClient:
    return LedgerClient(address, office.tokens["pia"])


def test_it_verifies_by_digest_and_sends_what_is_unknown(office: Office, ledger: LedgerClient) -> None:
    answer = ledger.verify(office.made.file("signed"), **ASKED)
    assert (answer.allowed, answer.identified_by, answer.asset_sha256) == (True, "digest", office.made.signed)
    assert ledger.verify(office.made.file("signed"), **{**ASKED, "use": "training"}).verdict == "deny"
    copy = ledger.verify(office.made.file("copy"), **ASKED)
    assert (copy.allowed, copy.identified_by, copy.asset_sha256) == (False, "fingerprint", office.made.signed)
    assert ledger.verify(office.made.file("stranger")).verdict == "unknown"


def test_a_pass_is_issued_and_checked_with_its_list_fetched(office: Office, ledger: LedgerClient) -> None:
    document = ledger.issue_pass(office.made.signed, **ASKED)
    proven = ledger.check_pass(document, vkeys(office), sha256=office.made.signed, now=office.clock.now(), **ASKED)
    assert proven.use == ASKED["use"]
    with pytest.raises(Refused) as found:
        ledger.issue_pass("ab" * 32, **ASKED)
    assert found.value.code == "pass_refused" and found.value.reasons


def test_what_the_ledger_refuses_comes_back_as_its_own_word(office: Office, address: str) -> None:
    raises_code("token_unknown", lambda: LedgerClient(address, "nobody").verify_digest(office.made.signed))
    raises_code("token_missing", lambda: LedgerClient(address).verify_digest(office.made.signed))
    talent = LedgerClient(address, office.tokens["ines"])
    raises_code("role_not_permitted", lambda: talent.issue_pass(office.made.signed, **ASKED))


def test_the_command_gives_the_exit_codes(
    office: Office, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text(office.tokens["pia"] + "\n")
    asking = ["--ledger", address, "--token-file", str(token)]
    assert main(["verify", str(office.made.file("signed")), *asking, *CIRCUMSTANCES]) == 0
    assert capsys.readouterr().out.startswith("ALLOW")
    assert main(["verify", str(office.made.file("stranger")), *asking, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["verdict"] == "unknown"
    out = tmp_path / "pass.json"
    assert main(["pass", str(office.made.file("signed")), *asking, *CIRCUMSTANCES, "--out", str(out)]) == 0
    assert main(["pass", str(token), *asking, *CIRCUMSTANCES, "--out", str(out)]) == 3
    assert "pass_refused" in capsys.readouterr().err
    keys = tmp_path / "vkeys"
    keys.write_text("\n".join(key.vkey() for key in vkeys(office)))
    checked = ["check-pass", str(out), "--vkeys", str(keys), "--json"]
    # the office's clock stands in October: for the machine's this pass ended or did not begin, and that is a no
    assert main([*checked, "--file", str(office.made.file("signed")), "--fetch"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] in ("pass_expired", "pass_not_yet")
    assert main([*checked, "--file", str(token)]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "pass_other_file"
    assert main(["verify", str(tmp_path / "none"), *asking]) == 2


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server that answers everything like this."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b'{"verdict": "allow"}'),
        (200, b"[" * 100_000),
        (302, b""),
        (500, b"<html>"),
        (204, b""),
    ],
)
def test_what_is_no_answer_is_never_a_yes(status: int, body: bytes) -> None:
    with answering(status, body, Location="https://elsewhere.example/") as url:
        raises_code("answer_not_understood", lambda: LedgerClient(url, "t").verify_digest("ab" * 32))


def test_an_answer_about_other_bytes_or_an_allow_by_likeness_is_none() -> None:
    said = {
        "verdict": "allow",
        "at": "2026-10-01T00:00:00.000000Z",
        "file_sha256": "ab" * 32,
        "asset_sha256": "ab" * 32,
        "identified_by": "digest",
        "reasons": [],
        "not_checked": [],
    }
    assert read_verification(json.dumps(said).encode(), "ab" * 32).allowed
    for wrong in ({"file_sha256": "cd" * 32}, {"identified_by": "fingerprint"}, {"verdict": "yes"}, {"reasons": None}):
        with pytest.raises(Unavailable):
            read_verification(json.dumps({**said, **wrong}).encode(), "ab" * 32)


def test_nobody_there_is_unavailable() -> None:
    raises_code("ledger_unreachable", lambda: LedgerClient("http://127.0.0.1:1", "t").verify_digest("ab" * 32))


@pytest.mark.parametrize(
    "address",
    ["http://ledger.example", "ftp://ledger.example", "https://", "https://u@ledger.example", "file:///etc", "x"],
)
def test_a_token_goes_nowhere_unprotected(address: str) -> None:
    raises_code("ledger_address_invalid", lambda: checked_address(address))


def test_a_digest_is_of_the_whole_file(office: Office) -> None:
    assert digest_of(office.made.file("signed")) == office.made.signed


def test_it_loads_nothing_but_the_standard_library_and_cryptography() -> None:
    code = "import sys, api.client.main; print(*{name.split('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    foreign = set(ran.stdout.split()) - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith("_")} <= {"api", "ledger", "cryptography"}
