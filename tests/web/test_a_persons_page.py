"""A person's own page, reached by a secret link: every use of their likeness, a receipt, taking back in part and whole."""

from __future__ import annotations

from pathlib import Path

from ops.demo.story import PERSON
from schemas.base import new_id
from schemas.statements.placement import PlacementRecorded
from tests.browser_of import Browser
from tests.office_of import Office
from tests.web.test_passkeys_in_a_browser import last, looked_at, press, until

Shown = tuple[Browser, str, Office]


def place(office: Office) -> None:
    """Pia shows the signed clip somewhere, under its clearance."""
    record = office.get(f"/v1/assets/{office.made.signed}").json()["clearances"][0]
    body = PlacementRecorded.model_validate(
        {
            "placement": new_id(office.clock.now()),
            "asset": office.made.signed,
            "clearance": record["clearance"],
            "consents": [office.made.story.consent],
            "platform": "example-video",
            "channel": record["channel"],
            "territory": record["territory"],
            "url": "https://video.example/watch/4711",
            "starts_at": office.clock.now(),
        }
    )
    answer = office.post("/v1/statements", "pia", json={"type": body.TYPE, "body": body.as_json()})
    assert answer.status_code == 201, answer.text


def come_in(browser: Browser, address: str, office: Office) -> None:
    browser.open(f"{address}/sign-in?next=/consents#token={office.tokens['ines']}")
    until(browser, "location.pathname === '/consents' && document.body.innerText.includes('Your likeness')")


def test_a_secret_link_leads_in_and_leaves_no_secret_behind(remote: Shown) -> None:
    browser, address, office = remote
    come_in(browser, address, office)
    assert browser.run("location.href") == f"{address}/consents"
    assert office.tokens["ines"] not in browser.run("document.documentElement.outerHTML")
    assert browser.run("document.cookie") == ""


def test_every_use_is_seen_and_the_receipt_is_theirs(remote: Shown, tmp_path: Path) -> None:
    browser, address, office = remote
    place(office)
    come_in(browser, address, office)
    text = browser.text()
    assert "2 files, 1 clearances, 1 places" in text and "example-video" in text and "still there" in text
    looked_at(browser, tmp_path, "person")
    office.form("/sign-in", data={"token": office.tokens["ines"], "next": "/"})
    answer = office.client.get(f"/consents/{office.made.story.consent}/receipt")
    assert "attachment" in answer.headers["content-disposition"]
    assert (answer.json()["@type"], answer.json()["cs:person"]) == ("dpv:ConsentReceipt", PERSON)
    assert [told for told in browser.complaints() if not told.startswith("verbose")] == []


def test_a_part_is_taken_back_and_then_the_whole_without_any_key(remote: Shown, tmp_path: Path) -> None:
    browser, address, office = remote
    come_in(browser, address, office)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    press(browser, "form.inline:has(input[value='territories']):has(input[name='value'][value='CH']) button")
    until(browser, "!document.querySelector(\"input[name='value'][value='CH']\")")
    said = last(office)
    assert said.type == "consent.narrowed.v1" and said.statement.body["territories"] == ["CH"]
    assert said.statement.auth is not None and said.statement.auth.method == "token-session"
    press(browser, "form.inline:has(input[value='withdraw']) button")
    until(browser, "document.body.innerText.includes('withdrawn')")
    assert last(office).type == "consent.withdrawn.v1"
    looked_at(browser, tmp_path, "taken-back")


def test_nobody_else_takes_anything_back(remote: Shown) -> None:
    _, _, office = remote
    consent, size = office.made.story.consent, office.size
    office.form("/sign-in", data={"token": office.tokens["mara"], "next": "/"})
    answer = office.form("/consents/word", data={"consent": consent, "word": "withdraw"})
    assert answer.status_code == 403 and office.size == size
    office.form("/sign-in", data={"token": office.tokens["ines"], "next": "/"})
    for fields in (
        {},
        {"word": "give"},
        {"word": "narrow", "part": "person", "value": "x"},
        {"word": "narrow", "part": "uses"},
    ):
        assert office.form("/consents/word", data={"consent": consent, **fields}).status_code == 400
    foreign = office.form(
        "/consents/word", data={"consent": consent, "word": "withdraw"}, headers={"Origin": "https://x.example"}
    )
    assert foreign.status_code == 403 and office.size == size
