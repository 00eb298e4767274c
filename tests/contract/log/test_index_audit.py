"""Whoever holds a log's published entries convicts a false root of its tag index, or one whose index leaves something out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.services.completeness import name_root
from ledger.log.audit import audit_published
from ledger.log.indexaudit import audit_named_roots
from ledger.log.logkeys import stored_log_keys
from ledger.log.published import PublishedFolder
from ledger.log.publisher import Publisher
from ops.log_check import check_log
from ops.log_export import export_log
from projections.tag_index import TagIndex
from schemas.statements.index import LogIndexed
from tests.house_of import House, raises_code
from tests.log_of import policy_of, witness_key


@pytest.fixture
def index(house: House, tmp_path: Path) -> Iterator[TagIndex]:
    opened = TagIndex(tmp_path / "tagindex.sqlite", house.ledger.store)
    yield opened
    opened.close()


def publish(house: House, folder: Path, *, entries: bool = True) -> PublishedFolder:
    published = PublishedFolder(folder)
    Publisher(house.ledger.store, published, stored_log_keys(house.ledger.store), with_entries=entries).publish()
    return published


def test_every_named_root_is_computed_again(house: House, index: TagIndex, tmp_path: Path) -> None:
    for _ in range(3):
        house.brief()
        named = name_root(house.ledger, index)
    published = publish(house, tmp_path / "public")
    size = audit_published(published, stored_log_keys(house.ledger.store)).checkpoint.size
    report = audit_named_roots(published, size)
    assert (report.roots, report.indexed_to) == (3, named.body.as_json()["size"])


def test_more_entries_than_a_bundle_holds(house: House, index: TagIndex, tmp_path: Path) -> None:
    while house.size < 300:
        house.brief()
        name_root(house.ledger, index)
    assert audit_named_roots(publish(house, tmp_path / "public"), house.size).roots > 50


def test_a_false_root_is_convicted_by_the_entries_alone(house: House, index: TagIndex, tmp_path: Path) -> None:
    name_root(house.ledger, index)
    house.brief()
    house.ledger.say(LogIndexed(size=house.size, root="11" * 32))
    false = house.size - 1
    published = publish(house, tmp_path / "public")
    audit_published(published, stored_log_keys(house.ledger.store))  # every hash of it fits
    error = raises_code("index_root_false", lambda: audit_named_roots(published, house.size))
    assert f"entry {false} names {'11' * 32}" in error.what
    vkeys = [one.vkey() for one in house.verifiers]
    raises_code("index_root_false", lambda: check_log(tmp_path / "public", vkeys, None))
    raises_code(
        "index_root_false",
        lambda: export_log(house.ledger.store, stored_log_keys(house.ledger.store), tmp_path / "export"),
    )


def test_where_only_hashes_are_published_it_says_so(house: House, index: TagIndex, tmp_path: Path) -> None:
    name_root(house.ledger, index)
    published = publish(house, tmp_path / "public", entries=False)
    raises_code("entries_not_published", lambda: audit_named_roots(published, house.size))
    told = check_log(tmp_path / "public", [one.vkey() for one in house.verifiers], None)
    assert told["index"].startswith("not checked")


def test_a_stranger_reads_how_many_roots_hold(house: House, index: TagIndex, tmp_path: Path) -> None:
    vkeys = [one.vkey() for one in house.verifiers]
    publish(house, tmp_path / "bare")
    assert check_log(tmp_path / "bare", vkeys, None)["index"].startswith("no root is named")
    name_root(house.ledger, index)
    publish(house, tmp_path / "public")
    assert check_log(tmp_path / "public", vkeys, None)["index"].startswith("1 root named and computed again")
    witness = witness_key(1).verifier.vkey()
    asked = policy_of((f"witness w {witness}", "quorum w"))
    raises_code("not_witnessed", lambda: check_log(tmp_path / "public", vkeys, asked))
