"""What rests on rights and licences: files and all that is made from them, their clearances, and what an end leaves to do.

A file may use a right in several ways; while one of them is open the end of another flags nothing. Clearances are weighed
anew by whoever runs the cascade: here stands only that they have to be, until they are revoked or upheld (SPEC S10.8).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.statement import Said
from projections.database import View
from projections.licensedsteps import VIEW, change
from projections.topics import (
    OF_ACTORS,
    OF_CONSENTS,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_THE_LOG,
)
from projections.ways import source_of, tables
from schemas.base import format_instant, parse_instant
from schemas.statements.asset import AssetFlagged
from schemas.statements.basis import OnBasis
from schemas.statements.clearance import ClearanceRevoked, ClearanceUpheld
from schemas.statements.right import RightExpired

_UNDER = """SELECT w.asset, EXISTS (SELECT 1 FROM licensed_flagged AS f
  WHERE f.asset = w.asset AND f.basis IN (w.licence, l.basis)) AS flagged
  FROM licensed_way AS w LEFT JOIN licensed_licence AS l ON l.licence = w.licence WHERE w.licence = ?1"""
_CAUSES = {"licence": "licence-ended", "contract": "contract-changed", "right": "right-ended"}


@dataclass(frozen=True)
class Touched:
    """A clearance or a file whose licence or right ended, or whose contract changed, by entry `about`."""

    about: int
    name: str
    asset: str
    kind: str
    basis: str
    detail: str

    def upheld(self) -> ClearanceUpheld:
        return ClearanceUpheld.model_validate(
            {"clearance": self.name, "asset": self.asset, "about": self.about, **self._basis()}
        )

    def revoked(self, detail: str) -> ClearanceRevoked:
        shape = {"clearance": self.name, "asset": self.asset, "cause": _CAUSES[self.kind], "detail": detail}
        return ClearanceRevoked.model_validate({**shape, **self._basis()})

    def flagged(self) -> AssetFlagged:
        shape = {"asset": self.asset, "cause": _CAUSES[self.kind], "detail": self.detail}
        return AssetFlagged.model_validate({**shape, **self._basis()})

    def _basis(self) -> dict[str, object]:
        return {self.kind: source_of(self.basis) if self.kind == "contract" else self.basis}

    def as_basis(self) -> OnBasis:
        return self.flagged()


class Licensed(View):
    """Ways in which files use rights, carried along the family; and two lists of what is left to do."""

    name = VIEW
    version = 2
    schema = f"""{tables(VIEW)};
    CREATE TABLE licensed_right (right TEXT PRIMARY KEY, valid_until TEXT, over INTEGER, why TEXT) WITHOUT ROWID;
    CREATE INDEX licensed_right_by_end ON licensed_right (valid_until) WHERE over IS NULL;
    CREATE TABLE licensed_licence (
      licence TEXT PRIMARY KEY, right TEXT NOT NULL, contract TEXT, over INTEGER, kind TEXT, basis TEXT,
      why TEXT) WITHOUT ROWID;
    CREATE INDEX licensed_licence_by_contract ON licensed_licence (contract) WHERE contract IS NOT NULL;
    CREATE TABLE licensed_clearance (
      asset TEXT NOT NULL, clearance TEXT NOT NULL, revoked INTEGER NOT NULL,
      PRIMARY KEY (asset, clearance)) WITHOUT ROWID;
    CREATE TABLE licensed_flagged (asset TEXT NOT NULL, basis TEXT NOT NULL, PRIMARY KEY (asset, basis)) WITHOUT ROWID;
    CREATE TABLE licensed_to_weigh (
      about INTEGER NOT NULL, clearance TEXT NOT NULL, asset TEXT NOT NULL, kind TEXT NOT NULL, basis TEXT NOT NULL,
      why TEXT NOT NULL, PRIMARY KEY (about, clearance)) WITHOUT ROWID;
    CREATE INDEX licensed_to_weigh_by_clearance ON licensed_to_weigh (clearance);
    CREATE TABLE licensed_to_flag (
      about INTEGER NOT NULL, asset TEXT NOT NULL, right TEXT NOT NULL, kind TEXT NOT NULL, basis TEXT NOT NULL,
      why TEXT NOT NULL, PRIMARY KEY (about, asset, right)) WITHOUT ROWID;
    CREATE INDEX licensed_to_flag_by_asset ON licensed_to_flag (asset)
    """
    handled = frozenset(
        {
            "asset.derived.v1",
            "asset.right-used.v1",
            "asset.flagged.v2",
            "right.recorded.v1",
            "right.expired.v1",
            "licence.granted.v1",
            "licence.ended.v1",
            "licence.expired.v1",
            "contract.term-recorded.v1",
            "clearance.issued.v1",
            "clearance.revoked.v1",
            "clearance.revoked.v2",
            "clearance.upheld.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_CONSENTS
        | OF_GENERATIONS
        | OF_HOLDERS
        | OF_LIKENESS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "asset.imported.v1",
                "asset.examined.v1",
                "asset.flagged.v1",
                "review.approved.v1",
                "review.rejected.v1",
                "clearance.refused.v1",
                "right.transferred.v1",
                "guardrail.entry-added.v1",
                "guardrail.entry-lifted.v1",
                "guardrail.screened.v1",
                "guardrail.matched.v1",
                "guardrail.matched.v2",
                "guardrail.swept.v1",
                "rightsreview.opened.v1",
                "rightsreview.decided.v1",
                "generation.moderated.v1",
                "contract.reevaluated.v1",
                "registry.answered.v1",
                "placement.recorded.v1",
                "placement.observed.v1",
                "placement.ended.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        change(db, said)

    def to_weigh(self, limit: int) -> list[Touched]:
        """Clearances that have to be weighed anew, the oldest end first."""
        sql = (
            "SELECT about, clearance, asset, kind, basis, why FROM licensed_to_weigh ORDER BY about, clearance LIMIT ?"
        )
        return [Touched(*row) for row in self._rows(sql, (limit,))]

    def to_flag(self, limit: int) -> list[Touched]:
        """Files of which no way of using a right is open any more, without a flag for the end that closed the last one."""
        sql = "SELECT about, asset, asset, kind, basis, why FROM licensed_to_flag ORDER BY about, asset LIMIT ?"
        return [Touched(*row) for row in self._rows(sql, (limit,))]

    def rights_due(self, at: datetime, limit: int) -> list[RightExpired]:
        """Rights that time ended by `at` and whose end nobody recorded."""
        sql = """SELECT right, valid_until FROM licensed_right
                 WHERE over IS NULL AND valid_until <= ? ORDER BY valid_until LIMIT ?"""
        rows = self._rows(sql, (format_instant(at), limit))
        return [RightExpired.model_validate({"right": right, "expired_at": until}) for right, until in rows]

    def rights_ending(self, at: datetime, within: timedelta, limit: int) -> list[tuple[str, datetime]]:
        """Rights that stand at `at` and that time ends by `at + within`, soonest first."""
        sql = """SELECT right, valid_until FROM licensed_right
                 WHERE over IS NULL AND valid_until > ? AND valid_until <= ? ORDER BY valid_until, right LIMIT ?"""
        rows = self._rows(sql, (format_instant(at), format_instant(at + within), limit))
        return [(right, parse_instant(until)) for right, until in rows]

    def count_under(self, licence: str) -> tuple[int, int]:
        """(files that rest on the licence, those of them that carry the flag for its end or for its contract's)."""
        sql = f"SELECT COUNT(*), COALESCE(SUM(flagged), 0) FROM ({_UNDER})"
        ((files, flagged),) = self._rows(sql, (licence,))
        return files, flagged

    def files_under(self, licence: str, limit: int) -> list[tuple[str, bool]]:
        """(file, whether it carries that flag), in the order of their digests."""
        return [
            (asset, bool(flagged)) for asset, flagged in self._rows(f"{_UNDER} ORDER BY 1 LIMIT ?2", (licence, limit))
        ]

    def clearances_under(self, licence: str) -> tuple[int, int]:
        """(clearances of files that rest on the licence, those of them that were revoked, for whatever cause)."""
        sql = """SELECT COUNT(*), COALESCE(SUM(c.revoked), 0) FROM licensed_way AS w
                 JOIN licensed_clearance AS c ON c.asset = w.asset WHERE w.licence = ?"""
        ((issued, revoked),) = self._rows(sql, (licence,))
        return issued, revoked

    def left_under(self, licence: str) -> int:
        """Clearances that have to be weighed anew and files that have to be flagged, among those that rest on the licence."""
        rows = "SELECT COUNT(*) FROM licensed_way AS w JOIN {} AS t ON t.asset = w.asset WHERE w.licence = ?1"
        sql = " + ".join(f"({rows.format(name)})" for name in ("licensed_to_weigh", "licensed_to_flag"))
        return int(self._rows(f"SELECT {sql}", (licence,))[0][0])
