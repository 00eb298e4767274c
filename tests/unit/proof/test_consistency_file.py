"""A consistency proof as a file: one spelling, between two sizes (SPEC S7.24)."""

from __future__ import annotations

import pytest

from ledger.errors import Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.consistency import Consistency, consistency_file
from ledger.proof.merkle import leaf_hash, root_of
from tests.house_of import raises_code

LEAVES = [leaf_hash(bytes([number])) for number in range(7)]
OLD, NEW = (Checkpoint("log", size, root_of(LEAVES[:size])) for size in (4, 7))
GOOD = consistency_file(4, 7, [root_of(LEAVES[4:7])])


def test_it_shows_that_the_larger_log_begins_with_the_smaller() -> None:
    Consistency.parse(GOOD).require(OLD, NEW)
    Consistency.parse(consistency_file(7, 7, [])).require(NEW, NEW)


def test_of_another_history_or_between_other_sizes_it_shows_nothing() -> None:
    other = Checkpoint("log", 4, b"\x01" * 32)
    raises_code("consistency_proof_invalid", lambda: Consistency.parse(GOOD).require(other, NEW))
    raises_code("consistency_proof_invalid", lambda: Consistency.parse(GOOD).require(NEW, NEW))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\n",
        GOOD.replace(b"4 7", b"04 7"),
        GOOD.replace(b"4 7", b"4  7"),
        GOOD.replace(b"4 7", b"4"),
        GOOD.replace(b"/1\n", b"/2\n"),
        GOOD[:-10] + b"\n",
        GOOD.replace(b"\n", b"\r\n"),
        b"\xff" + GOOD,
        consistency_file(4, 7, [b"\x00" * 32] * 65),
        consistency_file(4, 7, [b"\x00" * 31]),
    ],
)
def test_there_is_no_other_spelling(raw: bytes) -> None:
    assert isinstance(raises_code("consistency_malformed", lambda: Consistency.parse(raw)), Untrusted)
