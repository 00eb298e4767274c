"""The map in memory gives the root that the definition gives (SPEC S7.13), whatever came when."""

from __future__ import annotations

import random

from ledger.log.indexaudit import TagTrie
from ledger.proof.merkle import leaf_hash
from ledger.proof.tagmap import EMPTY_SUBTREE, key_bits, record_digest, subtree_root, tag_key, tag_leaf
from ledger.proof.tagrecord import TaggedEntry, TypeRecord, tag_record


def test_of_nothing_it_is_empty() -> None:
    assert TagTrie().root() == EMPTY_SUBTREE


def test_it_is_the_root_by_definition_after_every_step() -> None:
    drawn, trie = random.Random(7), TagTrie()
    records: dict[str, dict[str, TypeRecord]] = {}
    for index in range(150):
        tags = tuple(f"asset:{drawn.randrange(60)}" for _ in range(drawn.randrange(3)))
        entry = TaggedEntry(
            index, leaf_hash(bytes([index])), f"a.b{'c' * drawn.randrange(2)}.v1", tuple(dict.fromkeys(tags))
        )
        trie.take(entry)
        for tag in entry.tags:
            types = records.setdefault(tag, {})
            types[entry.type] = types.get(entry.type, TypeRecord()).then(index, entry.leaf)
        if index % 3 == 0:
            leaves = sorted(_leaf(tag, types) for tag, types in records.items())
            assert trie.root() == subtree_root(leaves)


def _leaf(tag: str, types: dict[str, TypeRecord]) -> tuple[str, bytes]:
    return key_bits(tag_key(tag)), tag_leaf(tag_key(tag), record_digest(tag_record(tag, types)))
