"""The published log over HTTP: what strangers get, with which headers, and what they don't."""

from __future__ import annotations

import dataclasses

import pytest

from ledger.log.published import PublishedFolder
from ledger.log.publisher import Publisher
from ledger.proof.merkle import leaf_hash
from ledger.proof.notekeys import NoteVerifier
from ledger.proof.tiles import unbundled
from schemas.statements.actor import LogOpened
from tests.office_of import Office, refused


@pytest.fixture
def size(office: Office) -> int:
    """The office's log, published without entries; its size."""
    return publish(office, with_entries=False)


def publish(office: Office, *, with_entries: bool) -> int:
    ledger = office.services.ledger
    opened = ledger.history().last("log:opened", LogOpened)
    assert opened is not None and isinstance(opened.body, LogOpened)
    keys = tuple(map(NoteVerifier.parse, opened.body.log_vkeys))
    return Publisher(ledger.store, office.services.published, keys, with_entries=with_entries).publish().size


def test_nothing_is_there_before_it_is_published(office: Office) -> None:
    refused(office.client.get("/tlog/checkpoint"), 404, "not_published")
    refused(office.client.get("/tlog/checkpoint.witnessed"), 404, "not_published")
    refused(office.client.get("/tlog/tile/0/000.p/1"), 404, "tile_not_published")


def test_a_stranger_gets_the_checkpoint_and_asks_again_each_time(office: Office, size: int) -> None:
    answer = office.client.get("/tlog/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.content == office.services.ledger.head()[1]
    again = office.client.get("/tlog/checkpoint", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert office.client.get("/tlog/log.vkeys").text.count("\n") == 2


def test_any_partial_tile_up_to_the_published_size_is_there(office: Office, size: int) -> None:
    leaves = b"".join(leaf_hash(one.entry) for one in office.services.ledger.store.read_entries(upto=size))
    for width in range(1, size + 1):
        answer = office.client.get(f"/tlog/tile/0/000.p/{width}")
        assert answer.status_code == 200 and answer.content == leaves[: width * 32]
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert answer.headers["access-control-allow-origin"] == "*"
    refused(office.client.get(f"/tlog/tile/0/000.p/{size + 1}"), 404, "tile_not_published")
    refused(office.client.get("/tlog/tile/0/000"), 404, "tile_not_published")
    refused(office.client.get("/tlog/tile/1/000.p/1"), 404, "tile_not_published")


@pytest.mark.parametrize(
    "place", ["0/0", "0/000.p/0", "0/000.p/256", "0/x000/001", "8/000", "0/..%2f..%2fcheckpoint", "0/"]
)
def test_what_is_no_tile_has_no_address(office: Office, size: int, place: str) -> None:
    answer = office.client.get(f"/tlog/tile/{place}")
    assert answer.status_code in (400, 404) and answer.headers["content-type"] == "application/problem+json"


def test_entries_need_a_token_of_the_house(office: Office, size: int) -> None:
    path = f"/tlog/tile/entries/000.p/{size}"
    refused(office.client.get(path), 401, "token_missing")
    refused(office.get(path, "pia"), 403, "role_not_permitted")
    answer = office.get(path, "mara")
    assert unbundled(answer.content) == [one.entry for one in office.services.ledger.store.read_entries(upto=size)]
    assert answer.headers["cache-control"] == "private, max-age=300" and answer.headers["vary"] == "Authorization"
    assert "access-control-allow-origin" not in answer.headers
    refused(office.get(f"/tlog/tile/entries/000.p/{size + 1}", "mara"), 404, "tile_not_published")


def test_entries_are_public_where_the_operator_publishes_them(office: Office) -> None:
    size = publish(office, with_entries=True)
    office.app.state.services = dataclasses.replace(office.services, publish_entries=True)
    for width in (1, size):
        answer = office.client.get(f"/tlog/tile/entries/000.p/{width}")
        assert len(unbundled(answer.content)) == width and answer.headers["cache-control"] == "public, max-age=300"


def test_a_full_tile_may_be_kept_for_good(office: Office, size: int) -> None:
    folder = office.services.published
    assert isinstance(folder, PublishedFolder)
    folder.create("tile/0/000", bytes(8_192))
    answer = office.client.get("/tlog/tile/0/000")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_pages_answer_problems_to_a_browser_under_this_prefix(office: Office) -> None:
    answer = office.client.get("/tlog/checkpoint", headers={"Accept": "text/html"})
    refused(answer, 404, "not_published")
