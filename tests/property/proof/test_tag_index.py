"""The tag index against the naive writing of its rules, for logs that nobody thought of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Untrusted
from ledger.proof.tagproof import TagProof, verify_tag_proof
from ledger.proof.tagrecord import TaggedEntry
from projections import tag_tree
from projections.tag_tree import SCHEMA, TagTree
from tests.depth_of import times
from tests.tags_of import entry, naive_records, naive_root

TAGS = [f"consent:{n}" for n in range(60)]
TYPES = ["consent.granted.v1", "consent.withdrawn.v1", "review.approved.v1"]
said = st.tuples(st.sampled_from(TYPES), st.lists(st.sampled_from(TAGS), max_size=4, unique=True))


@settings(max_examples=times(25), deadline=None)
@given(st.lists(said, max_size=80), st.lists(st.integers(0, 80), max_size=4), st.integers(1, 9), st.data())
def test_the_index_equals_its_definition_and_proves_every_tag_there_or_not(
    story: list[tuple[str, list[str]]], cuts: list[int], bucket: int, data: st.DataObject
) -> None:
    entries = [entry(n, kind, *tags) for n, (kind, tags) in enumerate(story)]
    bounds = sorted({0, *(min(cut, len(entries)) for cut in cuts), len(entries)})
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as db,
        patch.object(tag_tree, "BUCKET_KEYS_MAX", bucket),
    ):
        db.executescript(SCHEMA)
        for low, high in pairwise(bounds):  # whatever the pages, and each from the tables alone
            TagTree(db).take(entries[low:high])
        tree = TagTree(db)
        assert tree.root == naive_root(entries)
        _check_proofs(tree, entries, data)


def _check_proofs(tree: TagTree, entries: list[TaggedEntry], data: st.DataObject) -> None:
    records = naive_records(entries)
    for tag in TAGS:
        proof = TagProof.parse(tree.prove(tag).as_json())
        types = verify_tag_proof(proof, tree.root, len(entries))
        assert {name: one.as_json() for name, one in types.items()} == records.get(tag, {})
        other = data.draw(st.sampled_from(TAGS))
        try:
            moved = TagProof.parse({**proof.as_json(), "tag": other})
            assert verify_tag_proof(moved, tree.root, len(entries)) == {} or other == tag
            assert (other in records) == (tag in records)
        except Untrusted:
            assert other != tag
