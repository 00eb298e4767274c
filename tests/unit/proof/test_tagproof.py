"""What the tag index says of a tag holds under its root only, for that tag only, and to the last bit (SPEC S7.12 to S7.14)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Untrusted
from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.proof.tagrecord import TaggedEntry, TypeRecord, counted, parse_tag_types, tag_record
from projections.tag_tree import SCHEMA, TagTree
from tests.house_of import raises_code
from tests.tags_of import entry, naive_records, naive_root

VECTOR = Path(__file__).resolve().parents[2] / "vectors/proof/tag-index.json"
ENTRIES = [
    entry(n, "consent.granted.v1" if n % 3 else "consent.withdrawn.v1", f"consent:{n % 40}", "log:all")
    for n in range(90)
]
ABSENT = [f"consent:{n}" for n in range(100, 140)]


@pytest.fixture
def tree() -> Iterator[TagTree]:
    with sqlite3.connect(":memory:", isolation_level=None) as db:
        db.executescript(SCHEMA)
        tree = TagTree(db)
        tree.take(ENTRIES)
        yield tree


def test_a_tag_that_is_there_is_shown_with_its_counts(tree: TagTree) -> None:
    types = verify_tag_proof(tree.prove("log:all"), tree.root, 90)
    assert {name: one.count for name, one in types.items()} == {"consent.granted.v1": 60, "consent.withdrawn.v1": 30}
    granted = [(one.index, one.leaf) for one in ENTRIES if one.type == "consent.granted.v1"]
    assert types["consent.granted.v1"] == counted(granted)
    assert counted(granted[:-1]) != counted(granted) != counted([*granted[:-2], granted[-1], granted[-2]])


def test_a_tag_that_is_not_there_is_shown_to_be_absent_in_both_ways(tree: TagTree) -> None:
    proofs = [tree.prove(tag) for tag in ABSENT]
    assert all(verify_tag_proof(proof, tree.root, 90) == {} for proof in proofs)
    assert {proof.other is None for proof in proofs} == {True, False}


def test_an_empty_map_holds_nothing() -> None:
    assert verify_tag_proof(TagProof("consent:1", None, None, ()), bytes(32), 0) == {}


@pytest.mark.parametrize("tag", ["consent:7", "log:all", *ABSENT[:6]])
def test_no_proof_of_one_tag_says_of_another_what_is_not_so(tree: TagTree, tag: str) -> None:
    """One empty subtree shows the absence of all whose way leads there; nothing else carries over."""
    shown = tree.prove(tag).as_json()
    for other in [f"consent:{n}" for n in range(160) if f"consent:{n}" != tag]:
        moved = TagProof.parse({**shown, "tag": other})
        try:
            assert verify_tag_proof(moved, tree.root, 90) == {} == (tree.prove(other).types or {})
        except Untrusted:
            assert moved != tree.prove(other)


@pytest.mark.parametrize("tag", ["consent:7", *ABSENT[:6]])
def test_presence_never_passes_for_absence_nor_the_other_way(tree: TagTree, tag: str) -> None:
    shown, granted = tree.prove(tag).as_json(), tree.prove("log:all").as_json()["types"]
    others = [None, {"key": "00" * 32, "record": "11" * 32}, {"key": "ff" * 32, "record": "11" * 32}]
    for types, other in [(granted, None), *((None, other) for other in others)]:
        if (types, other) != (shown["types"], shown["other"]):
            with pytest.raises(Untrusted):
                verify_tag_proof(TagProof.parse({**shown, "types": types, "other": other}), tree.root, 90)


def test_every_changed_digit_of_a_proof_is_seen(tree: TagTree) -> None:
    for tag in ("consent:7", *ABSENT[:3]):
        text = json.dumps(tree.prove(tag).as_json())
        for at, digit in enumerate(text):
            if at > text.index(",") and digit in "0123456789abcdef":
                changed = text[:at] + ("1" if digit == "0" else "0") + text[at + 1 :]
                with pytest.raises((Untrusted, ValueError)):  # ValueError: it is no JSON any more
                    verify_tag_proof(TagProof.parse(json.loads(changed)), tree.root, 90)


def test_a_way_that_goes_on_below_a_lone_key_is_refused(tree: TagTree) -> None:
    proof = tree.prove("consent:7")
    longer = TagProof(proof.tag, proof.types, None, (bytes(32), *proof.path))
    raises_code("tag_proof_malformed", longer.root)


def test_an_index_that_counts_what_it_cannot_have_seen_is_refused(tree: TagTree) -> None:
    raises_code("tag_proof_invalid", lambda: verify_tag_proof(tree.prove("log:all"), tree.root, 89))


MALFORMED: list[Any] = [
    None,
    [],
    {"tag": "consent:1", "types": None, "other": None},
    {"tag": "Consent:1", "types": None, "other": None, "path": []},
    {"tag": "consent:1", "types": {}, "other": None, "path": []},
    {"tag": "consent:1", "types": None, "other": {"key": "00" * 32}, "path": []},
    {"tag": "consent:1", "types": None, "other": None, "path": ["00" * 31]},
    {"tag": "consent:1", "types": None, "other": None, "path": ["11" * 32] * 257},
    {"tag": "consent:1", "types": None, "other": None, "path": "11"},
]


@pytest.mark.parametrize("value", MALFORMED)
def test_what_is_no_proof_is_called_malformed(value: Any) -> None:
    raises_code("tag_proof_malformed", lambda: TagProof.parse(value))


@pytest.mark.parametrize(
    "record",
    [
        {"chain": "00" * 32, "count": 0, "last": 0},
        {"chain": "00" * 32, "count": 2, "last": 0},
        {"chain": "00" * 32, "count": True, "last": 0},
        {"chain": "00" * 31, "count": 1, "last": 0},
        {"chain": "00" * 32, "count": 1, "last": 0, "more": 1},
    ],
)
def test_a_record_that_no_log_can_have_is_malformed(record: dict[str, Any]) -> None:
    raises_code("tag_record_malformed", lambda: parse_tag_types({"consent.granted.v1": record}))
    raises_code(
        "tag_record_malformed", lambda: parse_tag_types({"Consent": {"chain": "00" * 32, "count": 1, "last": 0}})
    )


def test_an_entry_without_type_and_tags_can_not_be_counted() -> None:
    for raw in (b"{}", b"no json", b'{"envelope":{"payload":"e30="}}'):
        raises_code("entry_malformed", lambda raw=raw: TaggedEntry.read(3, raw))


def test_the_bytes_are_the_frozen_ones(tree: TagTree) -> None:
    """Golden, and told by the naive writing of the same rules as well."""
    frozen = json.loads(VECTOR.read_text("ascii"))
    assert tree.root.hex() == frozen["root"] == naive_root(ENTRIES).hex()
    for tag, shown in frozen["proofs"].items():
        assert tree.prove(tag).as_json() == shown
        assert TagProof.parse(shown).root().hex() == frozen["root"]
    assert tag_record("log:all", {"a.b.v1": TypeRecord(2, 5, bytes(32))}).decode() == frozen["record"]
    assert naive_records(ENTRIES)["consent:7"] == frozen["proofs"]["consent:7"]["types"]
