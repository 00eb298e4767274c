"""The auditor's own tree against the one that the log keeps, around every size where something changes."""

from __future__ import annotations

import sqlite3

import pytest

from ledger.proof.merkle import EMPTY_ROOT, hashes_to_append, leaf_hash, tree_root
from ops.auditing.report import AuditCheck
from ops.auditing.tree import TreeAudit

SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 1_000)


class Tiles:
    """Tiles in the log's own table."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def tile(self, level: int, index: int) -> bytes:
        row = self.db.execute("SELECT hashes FROM tile WHERE level = ? AND number = ?", (level, index)).fetchone()
        return row[0] if row else b""


def entry(index: int) -> bytes:
    return b"entry %d" % index


@pytest.fixture
def tiles() -> Tiles:
    return Tiles(sqlite3.connect(":memory:"))


def kept(tiles: Tiles, size: int) -> bytes:
    """Fills the table with the tiles of a log of this size; its root."""
    tiles.db.execute("CREATE TABLE tile (level INTEGER, number INTEGER, hashes BLOB, PRIMARY KEY (level, number))")
    changed = hashes_to_append(0, tiles, [leaf_hash(entry(index)) for index in range(size)])
    rows = [(level, number, hashes) for (level, number), hashes in changed.items()]
    tiles.db.executemany("INSERT INTO tile VALUES (?, ?, ?)", rows)
    return tree_root(size, tiles)


def audited(tiles: Tiles, entries: list[bytes], signed_root: bytes) -> AuditCheck:
    tree, check = TreeAudit(tiles.db), AuditCheck("tree", "")
    for content in entries:
        tree.add(content)
    tree.tell(check, tree.root(), signed_root)
    tiles.db.close()
    return check


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_tree_has_no_finding(tiles: Tiles, size: int) -> None:
    root = kept(tiles, size)
    check = audited(tiles, [entry(index) for index in range(size)], root)
    assert check.findings == [] and check.checked == sum(-(-(size >> (8 * level)) // 256) for level in range(4))


def test_an_empty_log_has_the_empty_root(tiles: Tiles) -> None:
    kept(tiles, 0)
    tree = TreeAudit(tiles.db)
    assert tree.root() == EMPTY_ROOT
    tiles.db.close()


@pytest.mark.parametrize(("level", "number"), [(0, 0), (0, 1), (0, 2), (1, 0)])
def test_an_altered_tile_is_named_whichever_it_is(tiles: Tiles, level: int, number: int) -> None:
    root = kept(tiles, 600)
    sql = "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = ? AND number = ?"
    tiles.db.execute(sql, (level, number))
    check = audited(tiles, [entry(index) for index in range(600)], root)
    assert [(one.code, one.item) for one in check.findings] == [("tile_altered", f"tile {level}/{number}")]


def test_an_altered_entry_is_named_and_no_tile_is_blamed_at_its_level(tiles: Tiles) -> None:
    root = kept(tiles, 600)
    entries = [entry(index) for index in range(600)]
    entries[300] = b"something else"
    check = audited(tiles, entries, root)
    assert ("entry_altered", "entry 300") in [(one.code, one.item) for one in check.findings]
    assert not any(one.item.startswith("tile 0/") for one in check.findings)


def test_tiles_of_a_longer_log_are_extra(tiles: Tiles) -> None:
    root = kept(tiles, 600)
    sql = "INSERT INTO tile VALUES (0, 3, zeroblob(32)), (2, 0, zeroblob(32))"
    tiles.db.execute(sql)
    check = audited(tiles, [entry(index) for index in range(600)], root)
    assert [(one.code, one.item) for one in check.findings] == [("tile_extra", "tile 0/3"), ("tile_extra", "tile 2/0")]


def test_a_missing_row_is_stood_in_for_by_its_tile(tiles: Tiles) -> None:
    root = kept(tiles, 300)
    tree, check = TreeAudit(tiles.db), AuditCheck("tree", "")
    for index in range(300):
        tree.add_missing(index) if index in (0, 255, 256, 299) else tree.add(entry(index))
    assert tree.root() == root
    tree.tell(check, root, root)
    assert check.findings == []
    tiles.db.close()
