"""The tree against certificate-transparency's own vectors, and proofs that must fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Misuse, Untrusted
from ledger.proof.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    hashes_to_append,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "proof" / "merkle.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


class Tiles(dict[tuple[int, int], bytes]):
    """Tiles in memory that count how often they are read, and fail when a written hash would change."""

    reads = 0

    def tile(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self[level, index]

    def append(self, size: int, leaves: list[bytes]) -> None:
        for place, content in hashes_to_append(size, self, leaves).items():
            assert content.startswith(self.get(place, b""))
            self[place] = content


@pytest.fixture
def tiles() -> Tiles:
    grown = Tiles()
    for size, leaf in enumerate(LEAVES):
        grown.append(size, [leaf])
    return grown


def hashes(row: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(one) for one in row["proof"]]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(tiles: Tiles, size: int) -> None:
    assert root_of(LEAVES[:size]) == tree_root(size, tiles) == ROOTS[size]


@pytest.mark.parametrize("row", VECTORS["inclusion"], ids=lambda row: f"{row['index']}-of-{row['size']}")
def test_inclusion_proofs_are_those_of_certificate_transparency(tiles: Tiles, row: dict[str, Any]) -> None:
    index, size = row["index"], row["size"]
    assert inclusion_proof(index, size, tiles) == hashes(row)
    verify_inclusion(index, size, LEAVES[index], hashes(row), ROOTS[size])


@pytest.mark.parametrize("row", VECTORS["consistency"], ids=lambda row: f"{row['old']}-to-{row['new']}")
def test_consistency_proofs_are_those_of_certificate_transparency(tiles: Tiles, row: dict[str, Any]) -> None:
    old, new = row["old"], row["new"]
    assert consistency_proof(old, new, tiles) == hashes(row)
    verify_consistency(old, new, hashes(row), ROOTS[old], ROOTS[new])


def test_256_leaves_fill_one_tile_and_begin_the_next_level() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(256)]
    changed = hashes_to_append(0, Tiles(), leaves)
    assert changed == {(0, 0): b"".join(leaves), (1, 0): root_of(leaves)}


def test_70000_leaves_lie_in_the_tiles_that_tlog_tiles_counts() -> None:
    tiles = Tiles()
    leaf = leaf_hash(b"")
    tiles.append(0, [leaf] * 60_000)
    tiles.append(60_000, [leaf] * 10_000)
    widths = {place: len(content) // 32 for place, content in tiles.items()}
    assert [widths[0, index] for index in range(274)] == [256] * 273 + [112]
    assert (widths[1, 0], widths[1, 1], widths[2, 0], len(widths)) == (256, 17, 1, 277)


def test_leftovers_of_an_append_that_never_committed_are_overwritten(tiles: Tiles) -> None:
    tiles[0, 0] += leaf_hash(b"never committed")
    extra = leaf_hash(b"committed")
    assert hashes_to_append(8, tiles, [extra]) == {(0, 0): b"".join([*LEAVES, extra])}


def test_nothing_to_append_changes_nothing() -> None:
    assert hashes_to_append(0, Tiles(), []) == {}


def test_proof_at_a_million_leaves_reads_a_handful_of_tiles() -> None:
    """Only the tiles of one path exist, so a read of any other would fail."""
    size, index = 1_000_000, 654_321
    tiles = Tiles()
    for number in (index, size - 1, 0):
        for level in range(3):
            tile = number >> (8 * (level + 1))
            tiles[level, tile] = b"".join(leaf_hash(b"%d/%d/%d" % (level, tile, n)) for n in range(256))
    inclusion_proof(index, size, tiles)
    assert tiles.reads <= 5


def test_tile_with_too_few_hashes_is_untrusted(tiles: Tiles) -> None:
    tiles[0, 0] = tiles[0, 0][:-1]
    with pytest.raises(Untrusted, match="tile_incomplete"):
        tree_root(8, tiles)


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_no_inclusion_proof_outside_the_tree(tiles: Tiles, index: int, size: int) -> None:
    with pytest.raises(Misuse, match="merkle_range"):
        inclusion_proof(index, size, tiles)
    with pytest.raises(Untrusted, match="inclusion_proof_invalid"):
        verify_inclusion(index, size, LEAVES[0], [], ROOTS[1])


@pytest.mark.parametrize(("old", "new"), [(-1, 8), (8, 7)])
def test_no_consistency_proof_backwards(tiles: Tiles, old: int, new: int) -> None:
    with pytest.raises(Misuse, match="merkle_range"):
        consistency_proof(old, new, tiles)
    with pytest.raises(Untrusted, match="consistency_proof_invalid"):
        verify_consistency(old, new, [], ROOTS[1], ROOTS[1])


def test_every_tree_extends_the_empty_one_and_itself_with_an_empty_proof(tiles: Tiles) -> None:
    assert consistency_proof(0, 8, tiles) == consistency_proof(8, 8, tiles) == []
    verify_consistency(0, 8, [], EMPTY_ROOT, ROOTS[8])
    verify_consistency(8, 8, [], ROOTS[8], ROOTS[8])
    for old, old_root, proof in ((0, ROOTS[1], []), (0, EMPTY_ROOT, [ROOTS[1]]), (8, ROOTS[7], [])):
        with pytest.raises(Untrusted, match="consistency_proof_invalid"):
            verify_consistency(old, 8, proof, old_root, ROOTS[8])


@pytest.mark.parametrize("old", range(1, 8))
def test_consistency_proof_for_other_sizes_or_lengths_fails(tiles: Tiles, old: int) -> None:
    proof = consistency_proof(old, 8, tiles)
    for wrong in (proof[:-1], [*proof, ROOTS[3]], [], [b"short", *proof[1:]]):
        with pytest.raises(Untrusted, match="consistency_proof_invalid"):
            verify_consistency(old, 8, wrong, ROOTS[old], ROOTS[8])
    with pytest.raises(Untrusted, match="consistency_proof_invalid"):
        verify_consistency(old, 8, proof, ROOTS[old - 1], ROOTS[8])


@pytest.mark.parametrize(("old", "new"), [(1, 2), (2, 4), (2, 3), (4, 8)])
def test_consistency_proof_does_not_carry_over_to_a_larger_claimed_size(tiles: Tiles, old: int, new: int) -> None:
    """The roots and hashes are right; only the claimed size is not, so the path ends below that tree's root."""
    proof = consistency_proof(old, new, tiles)
    verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
    for claimed in (new * 2 + 1, new * 16):
        with pytest.raises(Untrusted, match="consistency_proof_invalid"):
            verify_consistency(old, claimed, proof, ROOTS[old], ROOTS[new])


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_inclusion_proof_does_not_carry_over_to_a_larger_claimed_size(tiles: Tiles, size: int) -> None:
    proof = inclusion_proof(0, size, tiles)
    for claimed in (size * 2 + 1, size * 16):
        with pytest.raises(Untrusted, match="inclusion_proof_invalid"):
            verify_inclusion(0, claimed, LEAVES[0], proof, ROOTS[size])


def test_inner_node_is_no_leaf() -> None:
    """The 0x00 and 0x01 prefixes: a node's preimage hashed as an entry is another hash."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])
    with pytest.raises(Untrusted):
        verify_inclusion(0, 1, leaf_hash(LEAVES[0] + LEAVES[1]), [], ROOTS[2])
