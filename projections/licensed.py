"""What rests on licences: files and all that is made from them, their clearances, and what the end of a licence leaves to do.

A file may use a right in several ways; while one of them is open the end of another flags nothing. Clearances are weighed
anew by whoever runs the cascade: here stands only that they have to be, until they are revoked or upheld (SPEC S10.8).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ledger.statement import Said
from projections.database import View
from projections.licensedsteps import change, contract_of
from projections.topics import OF_RIGHTS
from schemas.statements.asset import AssetFlagged
from schemas.statements.basis import OnBasis
from schemas.statements.clearance import ClearanceRevoked, ClearanceUpheld


@dataclass(frozen=True)
class Touched:
    """A clearance or a file whose licence ended, or whose contract changed, by entry `about`."""

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
        shape = {"clearance": self.name, "asset": self.asset, "cause": self._cause, "detail": detail}
        return ClearanceRevoked.model_validate({**shape, **self._basis()})

    def flagged(self) -> AssetFlagged:
        shape = {"asset": self.asset, "cause": self._cause, "detail": self.detail}
        return AssetFlagged.model_validate({**shape, **self._basis()})

    @property
    def _cause(self) -> str:
        return "licence-ended" if self.kind == "licence" else "contract-changed"

    def _basis(self) -> dict[str, object]:
        return {self.kind: self.basis if self.kind == "licence" else contract_of(self.basis)}

    def as_basis(self) -> OnBasis:
        return self.upheld()


class Licensed(View):
    """Ways in which files use rights, carried along the family; and two lists of what is left to do."""

    name = "licensed"
    version = 1
    schema = """
    CREATE TABLE licensed_edge (parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (parent, child)) WITHOUT ROWID;
    CREATE TABLE licensed_way (
      asset TEXT NOT NULL, right TEXT NOT NULL, licence TEXT NOT NULL, PRIMARY KEY (asset, right, licence)) WITHOUT ROWID;
    CREATE INDEX licensed_way_by_licence ON licensed_way (licence, asset);
    CREATE TABLE licensed_licence (
      licence TEXT PRIMARY KEY, right TEXT NOT NULL, contract TEXT, over INTEGER, kind TEXT, basis TEXT,
      why TEXT) WITHOUT ROWID;
    CREATE INDEX licensed_licence_by_contract ON licensed_licence (contract) WHERE contract IS NOT NULL;
    CREATE TABLE licensed_clearance (
      asset TEXT NOT NULL, clearance TEXT NOT NULL, PRIMARY KEY (asset, clearance)) WITHOUT ROWID;
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
    ignored: frozenset[str] = (
        frozenset(
            {
                "actor.admitted.v1",
                "actor.enrolled.v1",
                "actor.key-revoked.v1",
                "actor.key-rotated.v1",
                "actor.passkey-added.v1",
                "asset.examined.v1",
                "asset.flagged.v1",
                "asset.imported.v1",
                "brief.approved.v1",
                "brief.drafted.v1",
                "clearance.refused.v1",
                "consent.cut-approved.v1",
                "consent.expired.v1",
                "consent.expiring.v1",
                "consent.granted.v1",
                "consent.granted.v2",
                "consent.invalidated.v1",
                "consent.narrowed.v1",
                "consent.refused.v1",
                "consent.renewed.v1",
                "consent.requested.v1",
                "consent.requested.v2",
                "consent.resumed.v1",
                "consent.revoked.v1",
                "consent.suspended.v1",
                "consent.withdrawn.v1",
                "evidence.exported.v1",
                "field.disclosed.v1",
                "generation.failed.v1",
                "generation.requested.v1",
                "hold.placed.v1",
                "hold.released.v1",
                "holder.endpoint-disabled.v1",
                "holder.registered.v1",
                "log.indexed.v1",
                "log.keys-rotated.v1",
                "log.opened.v1",
                "notice.acknowledged.v1",
                "notice.attempted.v1",
                "notice.delivered.v1",
                "notice.failed.v1",
                "notice.issued.v1",
                "notice.overdue.v1",
                "person.engagement-ended.v1",
                "person.registered.v1",
                "person.registered.v2",
                "person.speaker-changed.v1",
                "placement.ended.v1",
                "placement.observed.v1",
                "placement.recorded.v1",
                "review.approved.v1",
                "review.rejected.v1",
                "rulepack.adopted.v1",
                "subject.erased.v1",
                "subject.erasure-begun.v1",
                "subject.erasure-requested.v1",
                "trust.list-imported.v1",
            }
        )
        | OF_RIGHTS - handled
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

    def count_under(self, licence: str) -> tuple[int, int]:
        """(files that rest on the licence, those of them that carry the flag for its end)."""
        sql = """SELECT COUNT(DISTINCT w.asset), COUNT(DISTINCT f.asset) FROM licensed_way AS w
                 LEFT JOIN licensed_flagged AS f ON f.asset = w.asset AND f.basis = w.licence WHERE w.licence = ?"""
        ((files, flagged),) = self._rows(sql, (licence,))
        return files, flagged
