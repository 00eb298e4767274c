"""Distribution passes: issued over HTTP for a cleared file, checked offline, and every no under its own word (SPEC S11.3)."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.services.completeness import recent_proofs
from api.services.erasure_certificate import proven
from api.services.passes import PASS_TTL
from ledger.clock import SteppedClock
from ledger.errors import LedgerError
from ledger.keys import read_signing_key
from ledger.proof.canonical import canonical
from ledger.proof.distributionpass import PassProven, verify_pass
from ledger.proof.jws import base64url_bytes, sign_jws
from ledger.proof.note import NoteVerifier
from ledger.statement import read_entry as read_stored
from ops.actorkeys import rotate_key
from ops.cli.main import main
from ops.demo.story import PERSON
from ops.home import Home, open_ledger
from ops.settings import read_settings
from schemas.base import format_instant, new_id
from schemas.statements.actor import ActorKeyRevoked
from schemas.statements.clearance import ClearanceRevoked
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.consent_changes import ConsentResumed, ConsentSuspended
from tests.house_of import raises_code
from tests.office_of import ASKED, Made, Office, refused

PASS_BYTES_REACHED = (
    64 * 2**10
)  # what one consent and a young log come to is a third of it; it goes into a file's manifest
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
    given: dict[str, Any] = {"subject": office.made.signed, "now": office.clock.now(), "asked": ASKED, **other}
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
        ("pass_other_file", lambda office: {"subject": "ab" * 32}),
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
    raises_code(code, lambda: check(office, wrong, status=status, subject=claims.get("sha256", office.made.signed)))


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
            verify_pass(bytes(changed), keys, subject=office.made.signed, now=now, status=status)
    for at in range(0, len(status), max(1, len(status) // 40)):
        cut_or_changed = (status[:at], status[:at] + ("A" if status[at] != "A" else "B") + status[at + 1 :])
        for wrong in cut_or_changed:
            with pytest.raises(LedgerError):
                verify_pass(document, keys, subject=office.made.signed, now=now, status=wrong)


def afresh(office: Office, document: bytes, *, without: int | None = None) -> bytes:
    """What somebody with the service's key makes of an old pass: the same token, proven anew under the log as it is now."""
    services, parts = office.services, json.loads(document)
    tags = [one["tag"] for one in parts["complete"]["tags"]]
    root, proofs = recent_proofs(services.ledger, services.index, tags, office.clock.now())
    size, checkpoint = services.ledger.head()
    indices = [one["index"] for one in parts["entries"] if one["index"] != without]
    shown = [read_stored(services.ledger.store.entry(index)) for index in indices]
    entries = [proven(services, one, size, checkpoint) for one in shown]
    return canonical(
        {**parts, "entries": entries, "complete": {"indexed": proven(services, root, size, checkpoint), "tags": proofs}}
    )


def test_a_pass_shows_that_no_end_was_left_out_whatever_a_status_list_says(office: Office, made: Made) -> None:
    document = issue(office).content
    listed = fetched(office, document)
    assert check(office, afresh(office, document), status=listed).complete_to > claims_of(document)["entry_index"]
    assert len(document) < PASS_BYTES_REACHED
    withdrawn = {"consent": made.story.consent, "person": PERSON, "reason": "changed my mind"}
    said(office, "ines", ConsentWithdrawn.model_validate(withdrawn))
    raises_code("pass_consent_ended", lambda: check(office, afresh(office, document), status=listed))


def test_a_suspension_and_a_revocation_are_shown_too(office: Office, made: Made) -> None:
    document = issue(office).content
    listed, now = fetched(office, document), office.clock.now()
    about = {"consent": made.story.consent, "person": PERSON}
    suspended = {**about, "suspension": new_id(now), "reason": "a claim is pending", "cause": "dispute"}
    said(office, "lena", ConsentSuspended.model_validate(suspended))
    raises_code("pass_consent_ended", lambda: check(office, afresh(office, document), status=listed))
    lifted = {**about, "suspension": suspended["suspension"], "reason": "settled"}
    said(office, "lena", ConsentResumed.model_validate(lifted))
    assert check(office, afresh(office, document), status=listed)
    body = {
        "clearance": claims_of(document)["clearance"],
        "asset": office.made.signed,
        "cause": "by-hand",
        "detail": "x",
    }
    said(office, "lena", ClearanceRevoked.model_validate(body))
    raises_code("pass_clearance_ended", lambda: check(office, afresh(office, document), status=listed))


def test_what_a_pass_does_not_show_complete_is_a_no(office: Office) -> None:
    document = issue(office).content
    parts, listed = json.loads(document), fetched(office, document)
    for tags in ([], parts["complete"]["tags"][1:], parts["complete"]["tags"][::-1]):
        fewer = canonical({**parts, "complete": {**parts["complete"], "tags": tags}})
        raises_code("pass_complete", lambda fewer=fewer: check(office, fewer, status=listed))
    raises_code("pass_complete", lambda: check(office, canonical({**parts, "complete": None}), status=listed))
    claims = claims_of(document)
    late = {name: claims[name] + 301 for name in ("iat", "exp")}
    raises_code(
        "pass_root_old", lambda: check(office, forged(office, document, **late), now=later(office, seconds=310))
    )
    raises_code("pass_too_long", lambda: check(office, forged(office, document, exp=claims["exp"] + 1)))


def test_passes_name_a_root_every_few_minutes_and_not_each_time(office: Office) -> None:
    issue(office)
    size = office.size
    issue(office)
    assert office.size == size
    office.clock.move_to(later(office, minutes=3))
    assert check(office, issue(office).content)
    assert office.size == size + 1


def test_an_entry_about_the_services_keys_can_not_be_left_out(made: Made, tmp_path: Path) -> None:
    turned = tmp_path / "turned"
    shutil.copytree(made.home, turned / "home")
    home = Home(turned / "home")
    old = read_signing_key(home.keys / "service.pem").keyid
    ledger = open_ledger(home, read_settings(home.path), SteppedClock(made.now))
    try:
        rotate_key(ledger, home, read_settings(home.path), "countersign", admin="operator")
    finally:
        ledger.close()
    (tmp_path / "office").mkdir()
    office = Office(dataclasses.replace(made, folder=turned), tmp_path / "office")
    try:
        lost = {"actor": "countersign", "keyid": old, "effective_at": made.now, "reason": "lost"}
        said(office, "operator", ActorKeyRevoked.model_validate(lost))
        document = issue(office).content
        revoked = office.size - 2  # the pass had the log name a root after it
        assert check(office, document)
        raises_code("completeness_missing", lambda: check(office, afresh(office, document, without=revoked)))
    finally:
        office.close()
