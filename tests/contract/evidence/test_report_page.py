"""report.html: for people, self-contained, and nobody's name in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from api.services.evidence import write_pack
from schemas.statements.asset import AssetDerived
from tests.contract.evidence.story import Story, members
from tests.house_of import House

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects tags and ids, and sees to it that tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids |= {value for name, value in attrs if name == "id" and value}
        self.links |= {value for name, value in attrs if name in ("href", "src") and value}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(pack: bytes) -> str:
    return members(pack)["report.html"].decode()


def test_the_page_is_sound_and_loads_nothing(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == [] and not {"script", "link", "img", "iframe"} & set(parsed.tags)
    assert all(link.startswith("#") for link in parsed.links)
    assert not re.search(r"https?://|url\(", page)


def test_every_entry_that_is_cited_is_on_the_page(page: str) -> None:
    parsed = Page(page)
    assert {link.removeprefix("#") for link in parsed.links} <= parsed.ids


def test_the_page_says_what_was_not_checked_and_when_the_consent_ended(page: str, story: Story) -> None:
    assert "faces is not_checked" in page
    assert re.search(r'At the time of this pack</dt><dd><strong class="fail">expired', page)
    assert story.signed in page and "this file" in page


def test_no_free_text_that_people_wrote_is_on_the_page(page: str) -> None:
    assert "Inês" not in page and "looked at, frame by frame" not in page and "café" not in page


def test_hostile_words_are_only_words(house: House, tmp_path: Path) -> None:
    parent = house.asset()
    body = AssetDerived.example().model_copy(
        update={"asset": "ab" * 32, "parents": (parent,), "tool": "<script>alert(1)</script>", "relation": "edited"}
    )
    house.say_as("mara", body)
    written = write_pack(house.ledger, house.index, house.blobs, body.asset, tmp_path / "e.zip", at=house.now())
    page = members(written.path.read_bytes())["report.html"].decode()
    assert "<script>" not in page and "&lt;script&gt;" in page
