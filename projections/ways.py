"""The ways in which files use rights, carried from parents to children, for whichever view keeps the two tables.

`{view}_edge (parent, child)` and `{view}_way (asset, right, licence)`; a licence of `''` means: as the right's holder. Several
views keep their own, because each of them is thrown away and rebuilt by itself.
"""

from __future__ import annotations

import json
import sqlite3

from schemas.statements.asset import AssetDerived
from schemas.statements.licence import Source
from schemas.statements.right import RightUsed


def tables(view: str) -> str:
    """To be part of the view's schema."""
    return f"""
    CREATE TABLE {view}_edge (parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (parent, child)) WITHOUT ROWID;
    CREATE TABLE {view}_way (
      asset TEXT NOT NULL, right TEXT NOT NULL, licence TEXT NOT NULL, PRIMARY KEY (asset, right, licence)) WITHOUT ROWID;
    CREATE INDEX {view}_way_by_licence ON {view}_way (licence, asset);
    CREATE INDEX {view}_way_by_right ON {view}_way (right, asset)"""


def family(view: str) -> str:
    """A file (the one parameter, `?1`) and all that was made from it, as the table `walk (asset)`."""
    return f"""WITH RECURSIVE walk (asset) AS (VALUES (?1) UNION
      SELECT e.child FROM walk CROSS JOIN {view}_edge AS e ON e.parent = walk.asset)"""


def derived(db: sqlite3.Connection, view: str, body: AssetDerived) -> None:
    """A child rests on what its parents rest on."""
    parents = tuple(dict.fromkeys(body.parents))
    db.executemany(f"INSERT INTO {view}_edge VALUES (?, ?)", [(parent, body.asset) for parent in parents])
    sql = f"""INSERT OR IGNORE INTO {view}_way SELECT ?, right, licence FROM {view}_way
              WHERE asset IN (SELECT value FROM json_each(?))"""
    db.execute(sql, (body.asset, json.dumps(parents)))


def used(db: sqlite3.Connection, view: str, body: RightUsed) -> None:
    """A way more, for the file and all that was made from it."""
    sql = f"INSERT OR IGNORE INTO {view}_way {family(view)} SELECT asset, ?2, ?3 FROM walk"
    db.execute(sql, (body.asset, body.right, body.licence or ""))


def revision_of(source: Source) -> str:
    """A contract's revision as one word; no part of it can hold a slash."""
    return f"{source.system}/{source.ref}/{source.revision}"


def source_of(revision: str) -> Source:
    """The way back."""
    system, ref, number = revision.split("/")
    return Source(system=system, ref=ref, revision=number)
