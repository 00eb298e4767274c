"""Proofs from tiles against RFC 6962 written out as the RFC writes it, and canonical JSON against another library."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError, Misuse, Untrusted
from ledger.proof.canonical import JSON_DEPTH_MAX, JSON_INT_MAX, canonical, parse_json
from ledger.proof.dsse import Envelope
from ledger.proof.merkle import (
    consistency_proof,
    hashes_to_append,
    inclusion_proof,
    leaf_hash,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from ledger.proof.note import open_note
from ledger.proof.tlogproof import parse_proof
from tests.depth_of import times

LEAVES = 600
BOUNDARY = 65_536  # leaves at which tiles begin a third level


class Tiles(dict[tuple[int, int], bytes]):
    def tile(self, level: int, index: int) -> bytes:
        return self[level, index]

    def append(self, size: int, leaves: list[bytes]) -> None:
        self.update(hashes_to_append(size, self, leaves))


def leaves_from(start: int, count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(start, start + count)]


ALL = leaves_from(0, LEAVES)


@cache
def mth(low: int, high: int) -> bytes:
    """MTH(D[low:high]), RFC 6962 section 2.1."""
    if high - low <= 1:
        return ALL[low] if high > low else hashlib.sha256().digest()
    k = low + largest_power_below(high - low)
    return hashlib.sha256(b"\x01" + mth(low, k) + mth(k, high)).digest()


def path(m: int, low: int, high: int) -> list[bytes]:
    """PATH(m, D[low:high]), RFC 6962 section 2.1.1; m counts from low."""
    if high - low == 1:
        return []
    k = largest_power_below(high - low)
    if m < k:
        return [*path(m, low, low + k), mth(low + k, high)]
    return [*path(m - k, low + k, high), mth(low, low + k)]


def subproof(m: int, low: int, high: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[low:high], b), RFC 6962 section 2.1.2."""
    if m == high - low:
        return [] if whole else [mth(low, high)]
    k = largest_power_below(high - low)
    if m <= k:
        return [*subproof(m, low, low + k, whole), mth(low + k, high)]
    return [*subproof(m - k, low + k, high, False), mth(low, low + k)]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    """More leaves than any proof asks for, appended in uneven batches: the store has always grown since."""
    grown, size = Tiles(), 0
    for count in (1, 2, 252, 1, 1, 3, 255, 85):
        grown.append(size, ALL[size : size + count])
        size += count
    assert size == LEAVES
    return grown


def test_every_root_equals_the_rfc(tiles: Tiles) -> None:
    for size in range(LEAVES + 1):
        assert tree_root(size, tiles) == root_of(ALL[:size]) == mth(0, size)


def test_every_inclusion_proof_up_to_40_and_around_each_tile_edge_equals_the_rfc(tiles: Tiles) -> None:
    for size in [*range(1, 41), 255, 256, 257, 511, 512, 513, 600]:
        for index in range(size):
            proof = inclusion_proof(index, size, tiles)
            assert proof == path(index, 0, size)
            verify_inclusion(index, size, ALL[index], proof, mth(0, size))


@settings(max_examples=times(200), deadline=None)
@given(data=st.data())
def test_any_inclusion_proof_equals_the_rfc_and_fits_nowhere_else(tiles: Tiles, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LEAVES))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, tiles)
    assert proof == path(index, 0, size)
    verify_inclusion(index, size, ALL[index], proof, mth(0, size))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    with pytest.raises(Untrusted):
        verify_inclusion(other, size, ALL[index], proof, mth(0, size))


@settings(max_examples=times(200), deadline=None)
@given(new=st.integers(1, LEAVES), data=st.data())
def test_any_consistency_proof_equals_the_rfc(tiles: Tiles, new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, tiles)
    assert proof == subproof(old, 0, new, True)
    verify_consistency(old, new, proof, mth(0, old), mth(0, new))


@settings(max_examples=times(100), deadline=None)
@given(new=st.integers(2, LEAVES), data=st.data())
def test_one_bit_of_a_proof_or_root_is_enough_to_reject_it(tiles: Tiles, new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    parts = [mth(0, old), mth(0, new), *consistency_proof(old, new, tiles)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(Untrusted):
        verify_consistency(old, new, parts[2:], parts[0], parts[1])
    parts = [ALL[old], mth(0, new), *inclusion_proof(old, new, tiles)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(Untrusted):
        verify_inclusion(old, new, parts[0], parts[2:], parts[1])


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


@settings(max_examples=times(20), deadline=None)
@given(batches=st.lists(st.integers(0, 300), max_size=8))
def test_tiles_do_not_depend_on_how_leaves_were_batched(batches: list[int]) -> None:
    total = sum(batches)
    leaves, grown, size = leaves_from(0, total), Tiles(), 0
    for count in batches:
        grown.append(size, leaves[size : size + count])
        size += count
    whole = Tiles()
    whole.append(0, leaves)
    assert grown == whole


def test_proofs_hold_across_the_third_level_of_tiles() -> None:
    total = BOUNDARY + 300
    leaves, tiles = leaves_from(0, total), Tiles()
    tiles.append(0, leaves[: BOUNDARY - 1])
    tiles.append(BOUNDARY - 1, leaves[BOUNDARY - 1 : BOUNDARY + 1])
    tiles.append(BOUNDARY + 1, leaves[BOUNDARY + 1 :])
    sizes = [BOUNDARY - 1, BOUNDARY, BOUNDARY + 1, BOUNDARY + 256, total]
    roots = {size: root_of(leaves[:size]) for size in sizes}
    for size in sizes:
        assert tree_root(size, tiles) == roots[size]
        for index in (0, 255, 256, 40_000, BOUNDARY - 257, BOUNDARY - 2, size - 1):
            verify_inclusion(index, size, leaves[index], inclusion_proof(index, size, tiles), roots[size])
        for old in (1, 256, 40_000, BOUNDARY - 256):
            verify_consistency(old, size, consistency_proof(old, size, tiles), root_of(leaves[:old]), roots[size])
    for old, new in pairwise(sizes):
        verify_consistency(old, new, consistency_proof(old, new, tiles), roots[old], roots[new])


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-JSON_INT_MAX, JSON_INT_MAX) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5), max_leaves=30
)


@settings(max_examples=times(300), deadline=None)
@given(value=VALUES)
def test_canonical_json_equals_rfc8785_and_reads_back(value: Any) -> None:
    written = canonical(value)
    assert written == rfc8785.dumps(value)
    assert parse_json(written) == value


@settings(max_examples=times(100), deadline=None)
@given(raw=st.binary(max_size=200) | st.text(alphabet='[]{}":,\\u0aeE.-+ntf1', max_size=80).map(str.encode))
def test_junk_fails_as_misuse_or_untrusted_and_in_no_other_way(raw: bytes) -> None:
    for read in (parse_json, Envelope.parse, parse_proof, lambda raw: open_note(raw, [])):
        try:
            read(raw)
        except (Misuse, Untrusted) as error:
            assert isinstance(error, LedgerError) and error.code


@settings(max_examples=times(80), deadline=None)
@given(depth=st.integers(1, 3 * JSON_DEPTH_MAX), opening=st.sampled_from([b"[", b'{"a":']), pad=st.integers(0, 60))
def test_depth_is_counted_by_nesting_only(depth: int, opening: bytes, pad: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    raw = b'[["[[{{\\"", ' + b"[]," * pad + opening * depth + b"0" + closing * depth + b"]]"
    if depth + 2 <= JSON_DEPTH_MAX:
        parse_json(raw)
    else:
        with pytest.raises(Misuse, match="json_too_deep"):
            parse_json(raw)
