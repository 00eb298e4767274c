"""The pages, without a browser: who sees what, what a form may do, and that everything is escaped."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from api.web.sessions import SESSION_LENGTH, SESSIONS_MAX, Sessions
from ledger.proof.pack import check_pack
from schemas.base import format_instant
from tests.office_of import ASKED, PLACE, Made, Office, refused

SECRET_PAGES = ("/log/3", "/assets/{signed}")


class Structure(HTMLParser):
    """Labels, fields, headings and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def sign_in(office: Office, name: str, **data: str) -> Any:
    return office.form("/sign-in", data={"token": office.tokens[name], **data})


def upload(office: Office, made: Made, name: str = "signed", **options: Any) -> Any:
    files = {"file": (options.pop("file_name", f"{name}.mp4"), made.file(name).read_bytes(), "video/mp4")}
    return office.form("/verify", files=files, data=options.pop("data", ASKED), **options)


# -- who sees what ---------------------------------------------------------------------------------------------------


def test_strangers_see_verify_and_the_log_but_not_what_was_said(office: Office, made: Made) -> None:
    assert office.page("/").status_code == 200
    log = office.page("/log")
    assert log.status_code == 200 and "countersign.example/office" in log.text
    assert "Sign in" in log.text and "mara" not in log.text
    for path in SECRET_PAGES:
        answer = office.page(path.format(signed=made.signed))
        assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next=/")


def test_a_strangers_verdict_leads_nowhere_and_lists_no_rules(office: Office, made: Made) -> None:
    answer = upload(office, made)
    assert answer.status_code == 200 and ">Allow<" in answer.text
    assert "/assets/" not in answer.text and 'href="/log/' not in answer.text
    assert "Every rule that was weighed (" not in answer.text and "lena" not in answer.text


def test_signing_in_shows_everything_and_keeps_the_token_out_of_the_browser(office: Office, made: Made) -> None:
    answer = sign_in(office, "lena", next=f"/assets/{made.signed}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/assets/{made.signed}")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and office.tokens["lena"] not in cookie
    for path in SECRET_PAGES:
        assert office.page(path.format(signed=made.signed)).status_code == 200
    assert "mara" in office.page("/log").text


def test_a_role_without_a_line_is_not_let_in(office: Office, made: Made) -> None:
    sign_in(office, "pia")
    answer = office.page(f"/assets/{made.signed}")
    assert answer.status_code == 403 and "Not permitted" in answer.text


def test_a_session_ends_with_its_time_its_token_or_by_wish(office: Office, made: Made) -> None:
    sign_in(office, "lena")
    office.clock.move_to(office.clock.now() + SESSION_LENGTH)
    assert office.page("/log/3").status_code == 303
    sign_in(office, "lena")
    assert office.page("/log/3").status_code == 200
    office.services.tokens.revoke("lena")
    assert office.page("/log/3").status_code == 303
    sign_in(office, "rob")
    assert office.page("/log/3").status_code == 200
    assert office.form("/sign-out").status_code == 303
    assert office.page("/log/3").status_code == 303


def test_a_wrong_token_is_told_so(office: Office) -> None:
    answer = office.form("/sign-in", data={"token": "cs_wrong"})
    assert answer.status_code == 401 and "not known here" in answer.text and "cs_wrong" not in answer.text
    assert "set-cookie" not in answer.headers
    assert office.form("/sign-in", data={}).status_code == 401


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\/evil", "javascript:alert(1)", "/\t/evil"],
)
def test_signing_in_never_leads_to_another_site(office: Office, target: str) -> None:
    assert sign_in(office, "lena", next=target).headers["location"] == "/"


def test_sessions_are_bounded(office: Office) -> None:
    sessions = Sessions(office.services.tokens, office.clock, None)
    names = [sessions.begin(office.tokens["lena"]) for _ in range(SESSIONS_MAX + 5)]
    assert len(set(names)) == len(names) and len(sessions._open) == SESSIONS_MAX


# -- one's own machine -----------------------------------------------------------------------------------------------


def test_on_ones_own_machine_nobody_signs_in(local: Office, made: Made) -> None:
    for path in ("/", "/log", *SECRET_PAGES):
        answer = local.page(path.format(signed=made.signed))
        assert answer.status_code == 200 and "operator, on this machine" in answer.text
    assert local.page("/sign-in").status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]"])
def test_a_name_that_a_stranger_points_here_is_refused(local: Office, host: str) -> None:
    """DNS rebinding: the browser believes to be on the stranger's site, and would read our pages for it."""
    for path in ("/", "/log", "/log/3"):
        assert local.client.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8400", "127.0.0.1:8400", "[::1]:8400"])
def test_this_machines_own_names_are_answered(local: Office, host: str) -> None:
    assert local.client.get("/log/3", headers={"Host": host}).status_code == 200


def test_the_api_needs_a_token_on_ones_own_machine_too(local: Office) -> None:
    refused(local.client.get("/v1/receipts/0"), 401, "token_missing")


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:1", "http://localhost.evil"])
def test_a_form_from_another_site_does_nothing(local: Office, made: Made, origin: str | None) -> None:
    size = local.size
    headers = {"Origin": origin} if origin is not None else {}
    for path in ("/verify", f"/assets/{made.signed}/evidence", "/sign-in", "/sign-out"):
        answer = local.client.post(path, headers=headers, data={"token": "x"})
        refused(answer, 403, "origin_foreign")
    assert local.size == size


# -- forms -----------------------------------------------------------------------------------------------------------


def test_each_verdict_is_a_word_and_says_what_it_means(local: Office, made: Made) -> None:
    for name, word in (("signed", "Allow"), ("copy", "Review"), ("stranger", "Unknown")):
        text = upload(local, made, name).text
        assert f'<h1 class="word">{word}</h1>' in text
        assert "What was not checked" in text and "Content Credentials" in text
    denied = upload(local, made, data=ASKED | {"territory": "US"}).text
    assert '<h1 class="word">Deny</h1>' in denied and "territory_out_of_scope" in denied
    assert 'href="/log/' in denied and f'href="/assets/{made.signed}"' in denied


@pytest.mark.parametrize("data", [{}, ASKED | {"territory": "Germany"}, ASKED | {"use": "a b"}])
def test_a_form_filled_in_badly_is_no_allow(local: Office, made: Made, data: dict[str, str]) -> None:
    answer = upload(local, made, data=data)
    assert ">Allow<" not in answer.text
    assert answer.status_code == (200 if not data else 400)


def test_a_form_without_a_file_or_with_two_is_refused(local: Office, made: Made) -> None:
    assert "no file was chosen" in local.form("/verify", data=ASKED, files={"other": ("", b"")}).text
    two = [("file", ("a", b"x")), ("file", ("b", b"y"))]
    assert local.form("/verify", files=two, data=ASKED).status_code == 400
    assert local.form("/verify", data=ASKED).status_code == 400
    broken = local.form(
        "/verify", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 400
    many = {f"f{number}": "x" for number in range(20)}
    assert local.form("/verify", files={"file": ("a", b"x")}, data=many).status_code == 400


def test_an_upload_over_the_bound_is_413(local: Office, made: Made) -> None:
    object.__setattr__(local.services, "upload_bytes_max", 1_000)
    answer = local.form("/verify", files={"file": ("a.mp4", b"x" * 200_000)}, data=ASKED)
    assert answer.status_code == 413 and "Too large" in answer.text


def test_names_from_outside_are_escaped(local: Office, made: Made) -> None:
    hostile = "<script>alert(1)</script>.mp4"
    answer = upload(local, made, "stranger", file_name=hostile)
    assert "<script>alert" not in answer.text and "&lt;script&gt;" in answer.text
    raw = made.file("stranger").read_bytes()
    asset = local.post("/v1/assets", params={"title": "<b onclick=x>&"}, content=raw).json()["asset_sha256"]
    page = local.page(f"/assets/{asset}").text
    assert "<b onclick" not in page and "&lt;b onclick=x&gt;&amp;" in page


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_files_page_tells_its_story(local: Office, made: Made) -> None:
    text = local.page(f"/assets/{made.signed}").text
    for word in (
        "clip.mp4, signed",
        "p-ines",
        "given",
        "issued",
        "faces",
        "not checked",
        "<svg",
        "Download the evidence",
    ):
        assert word in text, word


def test_a_files_page_at_another_time(local: Office, made: Made) -> None:
    end = (made.story.ends_at + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    text = local.page(f"/assets/{made.signed}?at={end}").text
    assert "expired" in text and "not in force" in text
    assert local.page(f"/assets/{made.signed}?at=yesterday").status_code == 400
    assert local.page(f"/assets/{made.signed}?at=2026-01-01T00:00").status_code == 404


def test_a_page_of_a_past_instant_offers_the_pack_as_known_then(local: Office, made: Made) -> None:
    then = format_instant(made.now)
    local.clock.move_to(made.now + timedelta(days=1))
    page = local.page(f"/assets/{made.signed}?at={then}").text
    assert "Download the evidence pack as known then" in page
    action = f"/assets/{made.signed}/evidence?known_at={then}"
    assert action in page
    assert check_pack(local.form(action).content).known_at == then
    assert check_pack(local.form(f"/assets/{made.signed}/evidence").content).known_at is None


def test_evidence_is_sent_by_a_form_of_ours(local: Office, made: Made) -> None:
    answer = local.form(f"/assets/{made.signed}/evidence")
    assert answer.status_code == 200 and answer.content.startswith(b"PK")
    assert local.page(f"/assets/{made.signed}/evidence").status_code == 405


def test_the_log_is_paged_and_shows_every_entry(local: Office) -> None:
    size, seen, path = local.size, set[int](), "/log"
    for _ in range(10):
        text = local.page(path).text
        seen |= {index for index in range(size) if f'href="/log/{index}"' in text}
        older = [link["href"] for link in Structure(text).all("a") if "before=" in (link.get("href") or "")]
        if not older or path == older[-1]:
            break
        path = older[-1] or ""
        if len(seen) == size:
            break
    assert seen == set(range(size))
    assert local.page("/log?before=0").status_code == 400
    assert local.page(f"/log?before={10**15}").status_code == 200


def test_every_entry_has_a_page_with_its_exact_bytes(local: Office) -> None:
    for index in range(local.size):
        text = local.page(f"/log/{index}").text
        assert "c2sp.org/tlog-proof@v1" in text and "recorded_at" in text
        assert "Inês Example" not in text
    missing = local.page(f"/log/{local.size}")
    assert missing.status_code == 404 and "Not found" in missing.text


def test_pages_are_accessible_and_take_nothing_from_elsewhere(local: Office, made: Made) -> None:
    for path in ("/", "/log", "/log/5", f"/assets/{made.signed}", "/assets/" + "0" * 64):
        text = local.page(path).text
        found = Structure(text)
        assert found.all("html")[0]["lang"] == "en" and len(found.all("h1")) == 1 and len(found.all("main")) == 1
        assert not found.all("script") and "style=" not in text and "onclick" not in text
        labelled = {label["for"] for label in found.all("label")}
        assert all(field["id"] in labelled for field in found.all("input") if field.get("type") != "hidden")
        assert all(cell.get("scope") for cell in found.all("th"))
        links = [
            tag.get("href") or tag.get("src") or "" for tag in found.all("a") + found.all("link") + found.all("img")
        ]
        assert all(link.startswith(("/", "#", "data:,")) for link in links), links


def test_a_program_on_a_page_gets_a_problem_document(local: Office) -> None:
    refused(local.client.get("/assets/" + "0" * 64, headers={"Accept": "application/json"}), 404, "asset_unknown")
    refused(local.client.get("/nowhere"), 404, "route_unknown")


def test_https_pages_set_a_secure_cookie(office: Office) -> None:
    token = office.tokens["lena"]
    headers = {"Origin": "https://desk.example", "Host": "desk.example"}
    answer = office.client.post("https://desk.example/sign-in", headers=headers, data={"token": token})
    assert "Secure" in answer.headers["set-cookie"]
    assert PLACE.startswith("http:")


def test_a_consents_page_tells_its_state_its_effect_and_what_it_was_read_from(local: Office) -> None:
    consent = local.made.story.consent
    page = local.page(f"/consents/{consent}").text
    for words in ("given", "What was used before", "had its ground and keeps it", "Nothing here is legal advice"):
        assert words in page
    long_after = local.page(f"/consents/{consent}?at=2031-01-01T00:00:00").text
    assert "Its time is over" in long_after and "as of 2031-01-01" in long_after
    assert local.page(f"/consents/{consent}?at=2020-01-01T00:00:00").status_code == 404
    known = local.page(f"/consents/{consent}?at=2031-01-01T00:00:00&known_at=2031-01-01T00:00:00")
    assert known.status_code == 200
