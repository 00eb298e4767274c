"""The tag index's map: every tag's record, under one root that depends on nothing but the records (SPEC S7.13).

A binary tree over SHA-256(tag), cut off where a subtree holds one key only: its shape depends on the keys, never on the order
in which they came. So anybody who has a log's first entries computes the same root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ledger.proof.merkle import HASH_BYTES

TAG_KEY_BITS = 256
EMPTY_SUBTREE = bytes(HASH_BYTES)  # no SHA-256 that anybody knows a preimage of

_RECORD, _LEAF, _NODE = b"\x11", b"\x12", b"\x13"  # 0x00 and 0x01 are the log's tree's, 0x10 the chains'


_Leaf = tuple[str, bytes]


def tag_key(tag: str) -> bytes:
    """Where the tag stands in the map."""
    return hashlib.sha256(tag.encode("ascii")).digest()


def key_bits(key: bytes) -> str:
    """The way from the root to the key, one character a step: 0 left, 1 right; the most significant bit first."""
    return format(int.from_bytes(key, "big"), f"0{TAG_KEY_BITS}b")


def record_digest(record: bytes) -> bytes:
    return hashlib.sha256(_RECORD + record).digest()


def tag_leaf(key: bytes, digest: bytes) -> bytes:
    """A subtree that holds this key alone, at whatever depth."""
    return hashlib.sha256(_LEAF + key + digest).digest()


def tag_node(left: bytes, right: bytes) -> bytes:
    """A subtree of two keys or more."""
    return hashlib.sha256(_NODE + left + right).digest()


def subtree_root(leaves: Sequence[tuple[str, bytes]], depth: int = 0) -> bytes:
    """The hash of the subtree that holds these (key bits, leaf), sorted, which have their first `depth` bits in common.

    Depth 0 and all leaves: the root of the whole map.
    """
    if len(leaves) < 2:
        return leaves[0][1] if leaves else EMPTY_SUBTREE
    low, high = halves(leaves, depth)
    return tag_node(subtree_root(low, depth + 1), subtree_root(high, depth + 1))


def halves(leaves: Sequence[_Leaf], depth: int) -> tuple[Sequence[_Leaf], Sequence[_Leaf]]:
    """Those whose bit at `depth` is 0, and those whose bit is 1."""
    cut = len(leaves)
    while cut and leaves[cut - 1][0][depth] == "1":
        cut -= 1
    return leaves[:cut], leaves[cut:]
