"""A person with a passkey in a real browser: makes it, signs in, gives a consent, takes it back; its pack verifies offline.

Chromium's own virtual authenticator makes the key and the assertions; nothing of ours stands in for them.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.passkeys import RelyingParty
from api.services.evidence import write_pack
from ledger.proof.standalone import standalone_verifier
from ledger.statement import Said, read_entry
from ops.demo.story import PERSON
from schemas.base import Body, new_id
from schemas.statements.asset import AssetImported
from schemas.statements.consent import ConsentRequested
from schemas.statements.generation import Cameo, GenerationRequested
from schemas.statements.passkey import ActorPasskeyAdded
from tests.browser_of import ANSWER_S_MAX, Browser
from tests.house_of import digest
from tests.office_of import Office
from tests.web.test_pages_in_a_browser import CONTRAST, CONTRAST_MIN

Shown = tuple[Browser, str, Office]
AUTHENTICATOR: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def person(remote: Shown) -> Iterator[tuple[Browser, str, Office, str]]:
    """(browser, address, office, authenticator): a browser with an authenticator in it, on the pages' own domain."""
    browser, numeric, office = remote
    address = numeric.replace("127.0.0.1", "localhost")  # WebAuthn knows domains, not addresses
    office.app.state.services = replace(office.services, relying_party=RelyingParty("localhost", (address,)))
    browser.call("WebAuthn.enable")
    name = browser.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)["authenticatorId"]
    yield browser, address, office, name
    browser.call("WebAuthn.disable")


def until(browser: Browser, script: str) -> None:
    """Waits until the script says something that is true. Pages may change meanwhile."""
    deadline = time.monotonic() + ANSWER_S_MAX
    while not browser.run(f"(() => {{ try {{ return !!({script}); }} catch {{ return false; }} }})()"):
        assert time.monotonic() < deadline, f"{script}\n{browser.text()}\n{browser.complaints()}"
        time.sleep(0.02)


def press(browser: Browser, selector: str) -> None:
    """A click by a person, which some of WebAuthn asks for, on what does not lead to another page at once."""
    until(browser, f"document.querySelector({selector!r}) && !document.querySelector({selector!r}).disabled")
    browser.call("Runtime.evaluate", expression=f"document.querySelector({selector!r}).click()", userGesture=True)


def say(office: Office, actor: str, body: Body) -> None:
    office.services.ledger.append(office.signed(actor, body))


def make_passkey(browser: Browser, address: str, office: Office, actor: str) -> ActorPasskeyAdded:
    """Signs in by token, makes a passkey on the page; the operator adds it."""
    sign_in_by_token(browser, address, office, actor, "/passkeys")
    press(browser, '[data-act="make"]')
    until(browser, "document.body.innerText.includes('Waiting')")
    (waiting,) = office.services.passkeys.of(actor)
    assert waiting.keyid[:16] in browser.text() and waiting.keyid[:4] + " " + waiting.keyid[4:8] in browser.text()
    body = ActorPasskeyAdded.model_validate(waiting.body)
    say(office, "operator", body)
    return body


def sign_in_by_token(browser: Browser, address: str, office: Office, actor: str, target: str) -> None:
    browser.open(f"{address}/sign-in?next={target}")
    browser.fill("#token", office.tokens[actor])
    browser.click("form button.main")


def request_consent(office: Office) -> str:
    asked = office.made.story.request()
    fresh = {
        "consent": new_id(office.clock.now()),
        "specific_description": "Inês turns to the window and smiles, eight seconds, in evening light; no speech.",
    }
    body = asked.model_copy(update=fresh)
    assert isinstance(body, ConsentRequested)
    say(office, "mara", body)
    return body.consent


def last(office: Office) -> Said:
    return read_entry(office.services.ledger.store.entry(office.size - 1))


def looked_at(browser: Browser, folder: Path, name: str) -> None:
    """Fits and can be read, wide and narrow, light and dark; the pictures lie in the test's folder."""
    for width, dark in ((1280, False), (390, True)):
        browser.width(width, dark=dark)
        assert browser.overflow() == 0, (name, width)
        assert browser.run(CONTRAST.replace("MINIMUM", str(CONTRAST_MIN))) == [], (name, width)
        browser.screenshot(folder / f"{name}-{width}.png")
    browser.width(1280)


def test_a_person_gives_a_consent_by_passkey_and_strangers_can_check_it(
    person: tuple[Browser, str, Office, str], tmp_path: Path
) -> None:
    browser, address, office, _ = person
    added = make_passkey(browser, address, office, "ines")
    looked_at(browser, tmp_path, "passkeys-waiting")
    consent = request_consent(office)

    browser.call("Network.clearBrowserCookies")
    browser.open(f"{address}/sign-in?next=/consents")
    looked_at(browser, tmp_path, "sign-in")
    press(browser, '[data-act="sign-in"]')
    until(browser, "location.pathname === '/consents' && document.body.innerText.includes('Waiting for you')")
    assert "ines" in browser.text(".who") and "smiles, eight seconds" in browser.text()
    assert browser.run("document.cookie") == ""

    press(browser, ".sheet button.main[data-statement]")
    until(browser, "document.querySelector('.signing .words').textContent")
    assert f"ines gave consent {consent} of {PERSON}" in browser.text(".signing .words")
    shown = browser.run("document.querySelector('.signing .bytes').textContent")
    looked_at(browser, tmp_path, "what-you-sign")
    press(browser, ".signing .sign")
    until(browser, "document.querySelector('.signing').dataset.entry")
    looked_at(browser, tmp_path, "signed")
    said = last(office)
    assert said.type.startswith("consent.granted.") and said.passkey and said.statement.auth is None
    assert said.keyids == (keyid_of(added),)
    assert [told for told in browser.complaints() if not told.startswith("verbose")] == []
    assert payload_of(said).decode() == shown

    pack = pack_about(office, consent, tmp_path)
    answer = stand_alone(pack, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    browser.open(f"{address}/consents")
    assert "given" in browser.text() and "Take it all back" in browser.text()
    looked_at(browser, tmp_path, "consents")


def test_a_person_takes_a_consent_back_and_adds_a_second_passkey_with_the_first(
    person: tuple[Browser, str, Office, str], tmp_path: Path
) -> None:
    browser, address, office, _ = person
    make_passkey(browser, address, office, "ines")
    browser.open(f"{address}/consents")
    press(browser, ".sheet button.quiet[data-statement]")
    press(browser, ".signing .sign")
    until(browser, "document.querySelector('.signing').dataset.entry")
    assert last(office).type.startswith("consent.withdrawn.") and last(office).passkey
    browser.open(f"{address}/consents")
    assert "withdrawn" in browser.text()

    second = browser.call(
        "WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR | {"transport": "usb", "isUserVerified": True}
    )["authenticatorId"]
    browser.open(f"{address}/passkeys")
    press(browser, '[data-act="make"]')
    until(browser, "document.querySelector('[data-statement]')")
    # The other device is put aside: a touch on it would answer that it does not have the first key.
    browser.call("WebAuthn.setAutomaticPresenceSimulation", authenticatorId=second, enabled=False)
    press(browser, "[data-statement]")
    press(browser, ".signing .sign")
    until(browser, "document.querySelector('.signing').dataset.entry")
    assert last(office).type == ActorPasskeyAdded.TYPE and last(office).passkey and last(office).actor == "ines"
    looked_at(browser, tmp_path, "second")
    browser.call("WebAuthn.removeVirtualAuthenticator", authenticatorId=second)


def test_who_is_not_verified_signs_nothing_and_is_told(person: tuple[Browser, str, Office, str]) -> None:
    browser, address, office, name = person
    make_passkey(browser, address, office, "ines")
    request_consent(office)
    size = office.size
    browser.call("WebAuthn.setUserVerified", authenticatorId=name, isUserVerified=False)
    browser.open(f"{address}/consents")
    press(browser, ".sheet button.main[data-statement]")
    press(browser, ".signing .sign")
    until(browser, "!document.querySelector('.signing .told').hidden")
    assert "Nothing was signed" in browser.text(".signing .told") and office.size == size


def test_the_scripts_policy_still_stops_every_other_script(person: tuple[Browser, str, Office, str]) -> None:
    browser, address, office, _ = person
    sign_in_by_token(browser, address, office, "ines", "/consents")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    browser.run("const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)")
    assert browser.run("window.ran ?? 0") == 0


def keyid_of(added: ActorPasskeyAdded) -> str:
    return hashlib.sha256(b64decode(added.spki)).hexdigest()


def payload_of(said: Said) -> bytes:
    return b64decode(json.loads(said.entry)["envelope"]["payload"])


def pack_about(office: Office, consent: str, folder: Path) -> Path:
    """A file that was made under the consent, and the evidence about it."""
    story, asset = office.made.story, digest()
    wanted = GenerationRequested.example().model_copy(
        update={
            "generation": new_id(office.clock.now()),
            "brief": story.brief,
            "cameos": (Cameo(person=PERSON, consent=consent),),
            "references": (),
        }
    )
    say(office, "mara", wanted)
    say(
        office,
        "mara",
        AssetImported.example().model_copy(update={"asset": asset, "generation": wanted.generation}),
    )
    services = office.services
    return write_pack(
        services.ledger, services.index, services.blobs, asset, folder / "evidence.zip", at=services.clock.now()
    ).path


def stand_alone(pack: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """verify.py as a lawyer runs it: a file of its own, far from this project."""
    script = folder / "verify.py"
    script.write_text(standalone_verifier(), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-I", str(script), str(pack)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
