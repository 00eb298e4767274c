"""The index's file: it says what the naive reference says, belongs to one log, and is believed no further than it adds up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import projections.tag_index
from ledger.errors import Refused
from ledger.proof.tagproof import verify_tag_proof
from ledger.proof.tagrecord import TaggedEntry
from projections.tag_index import TagIndex
from schemas.statements.index import LogIndexed
from tests.house_of import House, raises_code
from tests.tags_of import naive_records, naive_root


@pytest.fixture
def index(house: House, tmp_path: Path) -> Iterator[TagIndex]:
    opened = TagIndex(tmp_path / "tagindex.sqlite", house.ledger.store)
    yield opened
    opened.close()


def entries(house: House, upto: int | None = None) -> list[TaggedEntry]:
    return [TaggedEntry.read(one.index, one.entry) for one in house.ledger.store.read_entries(upto=upto)]


def shown(index: TagIndex) -> tuple[int, bytes]:
    with index.look() as look:
        return look.size, look.root


def edit(index: TagIndex, tmp_path: Path, sql: str) -> None:
    """What somebody with the file in hand could do to it."""
    with sqlite3.connect(tmp_path / "tagindex.sqlite", isolation_level=None) as db:
        assert db.execute(sql).rowcount > 0


def test_it_equals_the_naive_index_at_every_size_it_is_brought_to(house: House, index: TagIndex) -> None:
    for _ in range(3):
        house.clip()
        index.catch_up()
        assert shown(index) == (house.size, naive_root(entries(house)))


def test_pages_make_no_difference(house: House, index: TagIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projections.tag_index, "PAGE_ENTRIES", 3)
    house.clip()
    index.catch_up()
    assert shown(index) == (house.size, naive_root(entries(house)))


def test_every_tag_of_the_log_is_proved_and_so_is_what_nobody_said(house: House, index: TagIndex) -> None:
    _, consent = house.clip()
    index.catch_up()
    records = naive_records(entries(house))
    with index.look() as look:
        for tag, types in records.items():
            found = verify_tag_proof(look.prove(tag), look.root, look.size)
            assert {name: one.as_json() for name, one in found.items()} == types
        assert verify_tag_proof(look.prove("consent:nobody"), look.root, look.size) == {}
    assert "consent.withdrawn.v1" not in records[f"consent:{consent}"]


def test_it_stays_where_it_was_brought_while_the_log_goes_on(house: House, index: TagIndex) -> None:
    index.catch_up()
    before = shown(index)
    house.brief()
    assert shown(index) == before


def test_a_file_of_another_log_is_begun_anew(house: House, index: TagIndex, tmp_path: Path) -> None:
    house.brief()
    index.catch_up()
    edit(index, tmp_path, "UPDATE view SET leaf_hash = x'00'")
    index.catch_up()
    assert shown(index) == (house.size, naive_root(entries(house)))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tag_index_part SET content = zeroblob(64)",
        "UPDATE tag_index_tag SET record = replace(record, '\"count\":1', '\"count\":2')",
        "UPDATE tag_index_tag SET record = x'7b7d'",
        "DELETE FROM tag_index_tag",
        "DELETE FROM tag_index_part",
        "UPDATE tag_index_root SET root = zeroblob(32)",
    ],
)
def test_a_damaged_file_is_built_anew_instead_of_giving_a_false_root(
    house: House, index: TagIndex, tmp_path: Path, sql: str
) -> None:
    house.clip()
    index.catch_up()
    size, root = shown(index)
    house.ledger.say(LogIndexed(size=size, root=root.hex()))
    edit(index, tmp_path, sql)
    for tag in ("log:opened", "actor:mara"):
        with index.look() as look:
            try:
                assert look.prove(tag).root() == look.root != root  # a whole map, but another one: the log will tell
            except Exception as error:
                assert getattr(error, "code", error) == "tag_index_damaged"
    index.catch_up()
    assert shown(index) == (house.size, naive_root(entries(house)))


def test_a_root_is_named_once_a_size_and_never_ahead(house: House) -> None:
    house.ledger.say(LogIndexed(size=5, root="11" * 32))
    for root in ("11" * 32, "22" * 32):
        assert (
            raises_code("index_known", lambda root=root: house.ledger.say(LogIndexed(size=5, root=root))).status == 409
        )
    size = house.size
    raises_code("index_ahead", lambda: house.ledger.say(LogIndexed(size=size + 1, root="11" * 32)))
    house.ledger.say(LogIndexed(size=size, root="11" * 32))


def test_only_the_service_names_a_root(house: House) -> None:
    with pytest.raises(Refused):
        house.say_as("mara", LogIndexed(size=1, root="11" * 32))
