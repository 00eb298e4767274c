"""The tree's right edge in memory gives the tiles, roots and proofs that the whole tree gives."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Untrusted
from ledger.proof.merkle import (
    EMPTY_ROOT,
    hashes_to_append,
    inclusion_proof,
    root_of,
    tree_root,
    verify_inclusion,
)  # fmt: skip
from ledger.store.frontier import Frontier

LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(1_800)]


class Tiles(dict[tuple[int, int], bytes]):
    def tile(self, level: int, index: int) -> bytes:
        return self.get((level, index), b"")


@settings(deadline=None)  # up to 1,800 leaves an example: a busy machine takes its time
@given(st.lists(st.integers(1, 300), min_size=1, max_size=6), st.booleans())
def test_appends_of_any_size_give_the_tree_of_all_leaves(parts: list[int], reread: bool) -> None:
    tiles, frontier, size = Tiles(), Frontier(0), 0
    for part in parts:
        fresh = LEAVES[size : size + part]
        growth = frontier.grown(fresh)
        assert growth.tiles == hashes_to_append(size, tiles, fresh)
        tiles.update(growth.tiles)
        size += part
        frontier = Frontier.read(size, tiles) if reread else growth.frontier
        assert (frontier.size, frontier.root) == (size, tree_root(size, tiles))
        assert frontier == growth.frontier
        for index in {size - part, size - 1, size - part // 2 - 1}:
            assert growth.path(index) == inclusion_proof(index, size, tiles)
            verify_inclusion(index, size, LEAVES[index], growth.path(index), frontier.root)
    assert frontier.root == root_of(LEAVES[:size])


def test_the_empty_tree_has_its_root() -> None:
    assert Frontier(0).root == Frontier.read(0, Tiles()).root == EMPTY_ROOT


def test_a_tile_that_is_too_short_is_told() -> None:
    tiles = Tiles(Frontier(0).grown(LEAVES[:5]).tiles)
    tiles[0, 0] = tiles[0, 0][:-32]
    with pytest.raises(Untrusted, match="tile_incomplete"):
        Frontier.read(5, tiles)


def test_what_a_tile_holds_past_the_size_is_not_looked_at() -> None:
    """An append that never committed may have left it."""
    tiles = Tiles(Frontier(0).grown(LEAVES[:9]).tiles)
    assert Frontier.read(5, tiles) == Frontier(0).grown(LEAVES[:5]).frontier
