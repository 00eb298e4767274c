"""Where files come from, what came of them, and which consents they hang on.

The consents of a file are carried along as it enters (a child takes its parents', an import its generation's), so that
"everything under this consent" is one index range, whatever the depth of the family. What an end still has to take along
stands in a table of its own: a worker's round costs what is left to do, never what was ever done.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import TooLarge
from ledger.rules.endings import ending_of
from ledger.rules.lineage import FAMILY_ASSETS_MAX
from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_FINDINGS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.statements.asset import AssetDerived, AssetFlagged, AssetImported
from schemas.statements.consent_changes import ConsentRenewed
from schemas.statements.generation import GenerationRequested


@dataclass(frozen=True)
class Edge:
    """`child` was made from `parent`, as entry `entry_index` says."""

    child: str
    parent: str
    relation: str
    entry_index: int


@dataclass(frozen=True)
class Origin:
    """A generation in a file's family: the brief it was under and the cameos in it, each (person, consent)."""

    generation: str
    brief: str
    brief_version: int
    entry_index: int
    cameos: tuple[tuple[str, str], ...]


_TO_FLAG = """INSERT INTO lineage_to_flag SELECT u.idx, u.asset, u.consent, e.detail
  FROM lineage_under AS u JOIN lineage_ended AS e USING (consent)"""
_UNFLAGGED = """NOT EXISTS (SELECT 1 FROM lineage_flag AS f
  WHERE f.asset = u.asset AND f.cause = 'consent-ended' AND f.consent = u.consent)"""


_LIFT = """DELETE FROM lineage_flag WHERE cause = 'consent-ended' AND consent = ?1
  AND asset IN (SELECT asset FROM lineage_under WHERE consent = ?1)"""


class Lineage(View):
    """Edges, origins and flags. Parents always stand in the log before their children, so nothing waits for anything."""

    name = "lineage"
    version = 3
    schema = """
    CREATE TABLE lineage_asset (asset TEXT PRIMARY KEY, idx INTEGER NOT NULL, generation TEXT) WITHOUT ROWID;
    CREATE TABLE lineage_edge (
      child TEXT NOT NULL, parent TEXT NOT NULL, relation TEXT NOT NULL, idx INTEGER NOT NULL,
      PRIMARY KEY (child, parent)) WITHOUT ROWID;
    CREATE INDEX lineage_edge_by_parent ON lineage_edge (parent, child);
    CREATE TABLE lineage_generation (
      generation TEXT PRIMARY KEY, brief TEXT NOT NULL, brief_version INTEGER NOT NULL, idx INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE lineage_cameo (
      generation TEXT NOT NULL, person TEXT NOT NULL, consent TEXT NOT NULL,
      PRIMARY KEY (generation, person, consent)) WITHOUT ROWID;
    CREATE TABLE lineage_under (
      consent TEXT NOT NULL, idx INTEGER NOT NULL, asset TEXT NOT NULL, PRIMARY KEY (consent, idx, asset)) WITHOUT ROWID;
    CREATE INDEX lineage_under_by_asset ON lineage_under (asset, consent);
    CREATE TABLE lineage_flag (
      asset TEXT NOT NULL, cause TEXT NOT NULL, consent TEXT NOT NULL, idx INTEGER NOT NULL,
      PRIMARY KEY (asset, cause, consent)) WITHOUT ROWID;
    CREATE TABLE lineage_ended (consent TEXT PRIMARY KEY, ended_by INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE lineage_to_flag (
      idx INTEGER NOT NULL, asset TEXT NOT NULL, consent TEXT NOT NULL, detail TEXT NOT NULL,
      PRIMARY KEY (idx, asset, consent)) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "generation.requested.v1",
            "asset.imported.v1",
            "asset.derived.v1",
            "asset.flagged.v1",
            "asset.flagged.v2",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "consent.invalidated.v1",
            "consent.renewed.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_CLEARANCES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "consent.requested.v1",
                "consent.granted.v1",
                "consent.requested.v2",
                "consent.granted.v2",
                "consent.refused.v1",
                "consent.narrowed.v1",
                "consent.suspended.v1",
                "consent.resumed.v1",
                "consent.cut-approved.v1",
                "brief.drafted.v1",
                "brief.approved.v1",
                "generation.failed.v1",
                "asset.examined.v1",
                "review.approved.v1",
                "review.rejected.v1",
                "consent.expiring.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, GenerationRequested):
            _generation(db, said.index, body)
        elif isinstance(body, AssetImported):
            db.execute("INSERT INTO lineage_asset VALUES (?, ?, ?)", (body.asset, said.index, body.generation))
            sql = "INSERT INTO lineage_under SELECT DISTINCT consent, ?, ? FROM lineage_cameo WHERE generation = ?"
            db.execute(sql, (said.index, body.asset, body.generation))
            db.execute(f"{_TO_FLAG} WHERE u.asset = ?", (body.asset,))
        elif isinstance(body, AssetDerived):
            _derivation(db, said.index, body)
        elif isinstance(body, AssetFlagged):
            _flag(db, said.index, body)
        elif (ending := ending_of(said)) is not None:
            db.execute(
                "INSERT OR IGNORE INTO lineage_ended VALUES (?, ?, ?)",
                (ending.consent, ending.entry_index, ending.detail),
            )
            db.execute(f"{_TO_FLAG} WHERE u.consent = ? AND {_UNFLAGGED}", (ending.consent,))
        elif isinstance(body, ConsentRenewed):  # it runs again: what was not flagged by now has no reason to be
            db.execute("DELETE FROM lineage_ended WHERE consent = ?", (body.consent,))
            db.execute("DELETE FROM lineage_to_flag WHERE consent = ?", (body.consent,))
            db.execute(_LIFT, (body.consent,))

    # -- the family ----------------------------------------------------------------------------------------------

    def ancestors(self, asset: str) -> list[str]:
        """Everything the file was made from, newest first, so no file stands before one made from it; not itself.

        Raises TooLarge `family_too_large` past FAMILY_ASSETS_MAX, as the rules do.
        """
        return self._walk(asset, "SELECT parent FROM walk CROSS JOIN lineage_edge ON child = walk.asset", "DESC")

    def descendants(self, asset: str) -> list[str]:
        """Everything made from the file, oldest first, so no file stands before its parents; not itself."""
        return self._walk(asset, "SELECT child FROM walk CROSS JOIN lineage_edge ON parent = walk.asset", "ASC")

    def family(self, asset: str) -> list[str]:
        """Ancestors oldest first, the file, its descendants: the line of the file, without its siblings."""
        return [*reversed(self.ancestors(asset)), asset, *self.descendants(asset)]

    def roots(self, asset: str) -> list[str]:
        """Those of the file and its ancestors that were made from nothing here, oldest first."""
        line = [*reversed(self.ancestors(asset)), asset]
        made = {child for (child,) in self._among("SELECT DISTINCT child FROM lineage_edge WHERE child IN", line)}
        return [name for name in line if name not in made]

    def edges(self, assets: Sequence[str]) -> list[Edge]:
        """The edges by which these files were made, in the order in which they were said."""
        columns = "SELECT child, parent, relation, idx FROM lineage_edge WHERE child IN"
        return [Edge(*row) for row in self._among(columns, assets, "ORDER BY idx, parent")]

    def origins(self, assets: Sequence[str]) -> list[Origin]:
        """The generations that these files came from, in the order in which they were requested."""
        sql = """SELECT generation, brief, brief_version, idx FROM lineage_generation WHERE generation IN
                 (SELECT generation FROM lineage_asset WHERE asset IN"""
        found = self._among(sql, assets, ") ORDER BY idx")
        cameos = "SELECT person, consent FROM lineage_cameo WHERE generation = ?"
        return [
            Origin(
                name, under, number, index, tuple((person, consent) for person, consent in self._rows(cameos, (name,)))
            )
            for name, under, number, index in found
        ]

    def _walk(self, asset: str, step: str, order: str) -> list[str]:
        # UNION drops repeats, so a diamond costs its edges and not its paths; a depth column would bring the paths back
        sql = f"""WITH RECURSIVE walk (asset) AS (VALUES (?) UNION {step} LIMIT ?)
                  SELECT asset FROM walk LEFT JOIN lineage_asset USING (asset) ORDER BY idx {order}, asset"""
        found = [name for (name,) in self._rows(sql, (asset, FAMILY_ASSETS_MAX + 1))]
        if len(found) > FAMILY_ASSETS_MAX:
            raise TooLarge("family_too_large", f"{asset} has more than {FAMILY_ASSETS_MAX} relatives")
        return [name for name in found if name != asset]

    # -- consents ------------------------------------------------------------------------------------------------

    def assets_under_consent(self, consent: str) -> list[str]:
        """Files of the generations that used the consent and everything made from them, in the order they came."""
        sql = "SELECT asset FROM lineage_under WHERE consent = ? ORDER BY idx, asset"
        return [asset for (asset,) in self._rows(sql, (consent,))]

    def consents_of(self, asset: str) -> list[str]:
        """Every consent that the file or an ancestor rests on, sorted."""
        sql = "SELECT consent FROM lineage_under WHERE asset = ? ORDER BY consent"
        return [consent for (consent,) in self._rows(sql, (asset,))]

    def under(self, consent: str, *, after: int = -1, limit: int) -> list[tuple[int, str, int | None]]:
        """(entry it came by, file, entry of the flag for the consent's end) of everything under it, in the order it came."""
        sql = """SELECT u.idx, u.asset, f.idx FROM lineage_under AS u LEFT JOIN lineage_flag AS f
                 ON f.asset = u.asset AND f.cause = 'consent-ended' AND f.consent = u.consent
                 WHERE u.consent = ? AND u.idx > ? ORDER BY u.idx LIMIT ?"""
        return [(index, asset, flag) for index, asset, flag in self._rows(sql, (consent, after, limit))]

    def count_under(self, consent: str) -> tuple[int, int]:
        """(files under the consent, those of them that carry the flag for its end)."""
        sql = f"SELECT COUNT(*), COALESCE(SUM(NOT {_UNFLAGGED}), 0) FROM lineage_under AS u WHERE consent = ?"
        ((files, flagged),) = self._rows(sql, (consent,))
        return files, flagged

    def to_flag(self, limit: int) -> list[tuple[str, str, str]]:
        """(asset, consent, why) of files under an ended consent without a flag for its end, oldest file first."""
        sql = "SELECT asset, consent, detail FROM lineage_to_flag ORDER BY idx, asset, consent LIMIT ?"
        return [(asset, consent, detail) for asset, consent, detail in self._rows(sql, (limit,))]

    def _among(self, sql: str, names: Sequence[str], rest: str = "") -> list[tuple[Any, ...]]:
        return self._rows(f"{sql} (SELECT value FROM json_each(?)) {rest}", (json.dumps(list(names)),))


def _generation(db: sqlite3.Connection, index: int, body: GenerationRequested) -> None:
    row = (body.generation, body.brief, body.brief_version, index)
    db.execute("INSERT INTO lineage_generation VALUES (?, ?, ?, ?)", row)
    cameos = {(body.generation, cameo.person, cameo.consent) for cameo in body.cameos}
    db.executemany("INSERT INTO lineage_cameo VALUES (?, ?, ?)", sorted(cameos))


def _derivation(db: sqlite3.Connection, index: int, body: AssetDerived) -> None:
    db.execute("INSERT INTO lineage_asset VALUES (?, ?, NULL)", (body.asset, index))
    for parent in dict.fromkeys(body.parents):
        db.execute("INSERT INTO lineage_edge VALUES (?, ?, ?, ?)", (body.asset, parent, body.relation, index))
    sql = """INSERT INTO lineage_under SELECT DISTINCT consent, ?, ? FROM lineage_under WHERE asset IN
             (SELECT parent FROM lineage_edge WHERE child = ?)"""
    db.execute(sql, (index, body.asset, body.asset))
    db.execute(f"{_TO_FLAG} WHERE u.asset = ?", (body.asset,))


def _flag(db: sqlite3.Connection, index: int, body: AssetFlagged) -> None:
    db.execute("INSERT INTO lineage_flag VALUES (?, ?, ?, ?)", (body.asset, body.cause, body.consent or "", index))
    if body.cause == "consent-ended" and body.consent is not None:
        sql = """DELETE FROM lineage_to_flag WHERE asset = ?1 AND consent = ?2 AND idx IN
                 (SELECT idx FROM lineage_under WHERE asset = ?1 AND consent = ?2)"""
        db.execute(sql, (body.asset, body.consent))
