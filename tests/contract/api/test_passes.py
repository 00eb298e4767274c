"""Distribution passes: issued over HTTP for a cleared file, checked offline, and every no under its own word (SPEC S11.3)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.services.passes import PASS_TTL
from ledger.errors import LedgerError
from ledger.proof.canonical import canonical
from ledger.proof.distributionpass import PassProven, verify_pass
from ledger.proof.jws import base64url_bytes, sign_jws
from ledger.proof.note import NoteVerifier
from ops.cli.main import main
from ops.demo.story import PERSON
from schemas.base import format_instant, new_id
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.consent_changes import ConsentSuspended
from tests.house_of import raises_code
from tests.office_of import ASKED, Made, Office, refused

DSSE = {"Content-Type": "application/vnd.dsse+json"}


def issue(office: Office, name: str = "pia", **other: Any) -> Any:
    return office.post("/v1/passes", name, json={"sha256": office.made.signed, **ASKED, **other})


def vkeys(office: Office) -> list[NoteVerifier]:
    return [NoteVerifier.parse(one["vkey"]) for one in office.client.get("/v1/log/vkeys").json()["keys"]]


def reference(document: bytes) -> dict[str, Any]:
    return claims_of(document)["status"]["status_list"]


def claims_of(document: bytes) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url_bytes(json.loads(document)["token"].split(".")[1]))
    return claims


def fetched(office: Office, document: bytes) -> str:
    """As a platform fetches it, without an account."""
    path = reference(document)["uri"].removeprefix(office.services.public_url)
    return str(office.client.get(path).text)


def check(office: Office, document: bytes, **other: Any) -> PassProven:
    given: dict[str, Any] = {"sha256": office.made.signed, "now": office.clock.now(), "asked": ASKED, **other}
    status = given.pop("status") if "status" in given else fetched(office, document)
    return verify_pass(document, vkeys(office), status=status, **given)


def test_a_pass_for_a_cleared_file_is_checked_offline(office: Office) -> None:
    answer = issue(office)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    proven = check(office, answer.content)
    assert (proven.sha256, proven.use, proven.consents) == (office.made.signed, ASKED["use"], {"given": 1})
    assert proven.expires_at - proven.issued_at <= PASS_TTL.total_seconds()
    assert proven.expires_at - proven.issued_at >= PASS_TTL.total_seconds() - 1


def test_a_pass_never_outlives_what_is_behind_it(office: Office, made: Made) -> None:
    office.clock.move_to(made.story.ends_at - timedelta(minutes=10))
    proven = check(office, issue(office).content)
    assert proven.expires_at == int(made.story.ends_at.timestamp())
    office.clock.move_to(made.story.ends_at)
    found = refused(issue(office), 409, "pass_refused")
    assert "consent_expired" in {reason["code"] for reason in found["reasons"]}


def test_a_pass_needs_the_very_bytes_and_circumstances_that_were_cleared(office: Office) -> None:
    for other in ({"sha256": office.made.asset}, {"sha256": "ab" * 32}, {"use": "training"}, {"territory": "US"}):
        assert refused(issue(office, **other), 409, "pass_refused")["reasons"]
    refused(office.post("/v1/passes", "pia", json={"sha256": office.made.signed}), 400, "request_invalid")
    refused(issue(office, "ines"), 403, "role_not_permitted")
    refused(office.post("/v1/passes", None, json={}), 401, "token_missing")


def later(office: Office, **by: float) -> datetime:
    return office.clock.now() + timedelta(**by)


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("pass_other_file", lambda office: {"sha256": "ab" * 32}),
        ("pass_other_circumstances", lambda office: {"asked": {**ASKED, "channel": "cinema"}}),
        ("pass_other_circumstances", lambda office: {"asked": {"territory": "US"}}),
        ("pass_expired", lambda office: {"now": later(office, hours=1)}),
        ("pass_not_yet", lambda office: {"now": later(office, minutes=-5)}),
        ("status_missing", lambda office: {"status": None}),
        ("status_expired", lambda office: {"now": later(office, minutes=6)}),
        ("status_of_another_list", lambda office: {"status": office.client.get("/v1/status/consents/0").text}),
        ("jws_malformed", lambda office: {"status": "nothing"}),
    ],
)
def test_every_no_has_its_own_word(office: Office, code: str, other: Callable[[Office], dict[str, Any]]) -> None:
    document = issue(office).content
    assert check(office, document).sha256 == office.made.signed
    raises_code(code, lambda: check(office, document, **other(office)))


def said(office: Office, name: str, body: Any) -> None:
    answer = office.client.post("/v1/statements", content=office.signed(name, body), headers=DSSE)
    assert answer.status_code == 201, answer.text


def test_a_pass_dies_early_by_the_status_list(office: Office, made: Made) -> None:
    document = issue(office).content
    about = {"consent": made.story.consent, "person": PERSON}
    suspended = {**about, "suspension": new_id(office.clock.now()), "reason": "a claim is pending", "cause": "dispute"}
    said(office, "lena", ConsentSuspended.model_validate(suspended))
    raises_code("status_suspended", lambda: check(office, document))
    refused(issue(office), 409, "pass_refused")
    said(office, "ines", ConsentWithdrawn.model_validate({**about, "reason": "changed my mind"}))
    raises_code("status_invalid", lambda: check(office, document))


def test_a_revoked_clearance_ends_it_too(office: Office) -> None:
    document = issue(office).content
    clearance = claims_of(document)["clearance"]
    body = {"clearance": clearance, "asset": office.made.signed, "cause": "by-hand", "detail": "taken back"}
    said(office, "lena", ClearanceRevoked.model_validate(body))
    raises_code("status_invalid", lambda: check(office, document))


def forged(office: Office, document: bytes, *, signer: str = "service", **claims: Any) -> bytes:
    """The same document with other claims, signed by the service's own key or by somebody else's."""
    key = office.key_of_service if signer == "service" else office.key(signer)
    parts = json.loads(document)
    token = sign_jws({**claims_of(document), **claims}, "countersign-pass+jwt", key.spki, key.keyid, key.private.sign)
    return canonical({**parts, "token": token})


@pytest.mark.parametrize(
    ("code", "claims"),
    [
        ("pass_clearance", {"sha256": "ab" * 32}),
        ("pass_clearance", {"use": "training"}),
        ("pass_clearance", {"entry_index": 1}),
        ("pass_clearance", {"exp": 4_000_000_000}),
        ("pass_clearance", {"clearance": "019a9b00-0000-7000-8000-000000000001"}),
        ("pass_of_another_log", {"iss": "elsewhere.example/log"}),
        ("pass_claims", {"status": {}}),
        ("pass_claims", {"more": 1}),
    ],
)
def test_not_even_the_service_says_more_than_its_clearance(office: Office, code: str, claims: dict[str, Any]) -> None:
    document = issue(office).content
    wrong, status = forged(office, document, **claims), fetched(office, document)
    raises_code(code, lambda: check(office, wrong, status=status, sha256=claims.get("sha256", office.made.signed)))


def test_nobody_else_signs_a_pass_and_no_other_log_proves_one(office: Office) -> None:
    document = issue(office).content
    raises_code("signature_unknown_key", lambda: check(office, forged(office, document, signer="lena")))
    parts = json.loads(document)
    cut = canonical({**parts, "entries": parts["entries"][1:]})
    with pytest.raises(LedgerError):
        check(office, cut)
    changed = document.replace(b'"index":0', b'"index":1', 1)
    with pytest.raises(LedgerError):
        check(office, changed)


@pytest.fixture
def papers(office: Office, tmp_path: Path) -> dict[str, Path]:
    """What a platform has on its disk: the pass, the file, the log's keys, the status list."""
    document = issue(office).content
    contents = {
        "pass": document,
        "status": fetched(office, document).encode(),
        "vkeys": "\n".join(key.vkey() for key in vkeys(office)).encode(),
        "other": b"another file",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents} | {"file": office.made.file("signed")}


def test_the_command_says_allow_or_why_not(
    office: Office, papers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    def ran(*arguments: object, at: datetime | None = None) -> tuple[int, dict[str, Any]]:
        when = format_instant(at or office.clock.now())
        begin = ["check-pass", papers["pass"], "--vkeys", papers["vkeys"], "--at", when, "--json"]
        code = main([str(one) for one in (*begin, *arguments)])
        return code, json.loads(capsys.readouterr().out)

    listed = ("--status", papers["status"])
    code, found = ran("--file", papers["file"], *listed, "--use", ASKED["use"])
    assert (code, found["verdict"], found["sha256"]) == (0, "allow", office.made.signed)
    for exit_code, word, arguments in (
        (3, "pass_other_file", ("--file", papers["other"], *listed)),
        (3, "pass_other_circumstances", ("--file", papers["file"], *listed, "--use", "training")),
        (6, "status_missing", ("--file", papers["file"])),
        (6, "status_missing", ("--file", papers["file"], "--status", papers["pass"].parent / "none")),
        (5, "jws_malformed", ("--file", papers["file"], "--status", papers["other"])),
        (2, "file_or_digest", listed),
        (2, "digest_invalid", ("--sha256", "AB", *listed)),
    ):
        code, found = ran(*arguments)
        assert (code, found["error"]["code"]) == (exit_code, word)
    code, found = ran("--file", papers["file"], *listed, at=later(office, hours=2))
    assert (code, found["error"]["code"]) == (3, "pass_expired")


def test_any_changed_byte_is_a_no_of_ours(office: Office) -> None:
    """Never a yes, and never anything but an error of our own."""
    document = issue(office).content
    status, keys, chance = fetched(office, document), vkeys(office), random.Random(6)
    now = office.clock.now()
    for _ in range(100):
        changed, at = bytearray(document), chance.randrange(len(document))
        changed[at] ^= 1 << chance.randrange(8)
        with pytest.raises(LedgerError):
            verify_pass(bytes(changed), keys, sha256=office.made.signed, now=now, status=status)
    for at in range(0, len(status), max(1, len(status) // 40)):
        cut_or_changed = (status[:at], status[:at] + ("A" if status[at] != "A" else "B") + status[at + 1 :])
        for wrong in cut_or_changed:
            with pytest.raises(LedgerError):
                verify_pass(document, keys, sha256=office.made.signed, now=now, status=wrong)
