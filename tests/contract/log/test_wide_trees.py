"""The auditor's own tree where a third level begins: the unit tests' question about more leaves than they may take."""

from __future__ import annotations

import sqlite3

import pytest

from tests.unit.ops.test_tree_audit import Tiles, audited, entry, kept


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537])
def test_a_whole_tree_of_three_levels_has_no_finding(size: int) -> None:
    tiles = Tiles(sqlite3.connect(":memory:"))
    root = kept(tiles, size)
    check = audited(tiles, [entry(index) for index in range(size)], root)
    assert check.findings == [] and check.checked == sum(-(-(size >> (8 * level)) // 256) for level in range(4))
