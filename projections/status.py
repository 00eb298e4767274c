"""Which place each consent and clearance has in the public status lists: the order in which they entered the log.

A place says nothing about anybody; what stands there at an instant is worked out when a list is issued.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

from ledger.errors import NotFound
from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_FILES,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.consent import ConsentRequested

Listed = Literal["consents", "clearances"]
LIST_PLACES = 10_000  # statuses in one list: 2.5 kB before packing, worked out in about a second


class StatusPlaces(View):
    """Places in the order of the log, 0, 1, 2 …, for consents and for clearances apart. A place is never given anew."""

    name = "status"
    version = 1
    schema = """
    CREATE TABLE status_place (
      list TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (list, place)) WITHOUT ROWID;
    CREATE UNIQUE INDEX status_place_by_name ON status_place (list, name)
    """
    handled = frozenset({"consent.requested.v1", "consent.requested.v2", "clearance.issued.v1"})
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_GENERATIONS
        | OF_FILES
        | OF_HOLDERS
        | OF_MATTERS
        | OF_FINDINGS
        | frozenset(
            {
                "consent.granted.v1",
                "consent.granted.v2",
                "consent.refused.v1",
                "consent.withdrawn.v1",
                "consent.revoked.v1",
                "consent.invalidated.v1",
                "consent.expired.v1",
                "consent.renewed.v1",
                "consent.narrowed.v1",
                "consent.suspended.v1",
                "consent.resumed.v1",
                "consent.cut-approved.v1",
                "clearance.refused.v1",
                "clearance.revoked.v1",
                "clearance.revoked.v2",
                "placement.recorded.v1",
                "placement.observed.v1",
                "placement.ended.v1",
                "consent.expiring.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        if isinstance(said.body, ConsentRequested):
            _give(db, "consents", said.body.consent)
        elif isinstance(said.body, ClearanceIssued):
            _give(db, "clearances", said.body.clearance)

    def place(self, listed: Listed, name: str) -> int:
        """Raises NotFound `status_unknown`."""
        found = self._rows("SELECT place FROM status_place WHERE list = ? AND name = ?", (listed, name))
        if not found:
            raise NotFound("status_unknown", f"no list has a place for {name}", "Check the number.")
        place: int = found[0][0]
        return place

    def names(self, listed: Listed, number: int) -> list[str]:
        """What stands in one list, in the order of the places. Raises NotFound `status_list_unknown`."""
        first = number * LIST_PLACES
        sql = "SELECT name FROM status_place WHERE list = ? AND place >= ? AND place < ? ORDER BY place"
        found = [name for (name,) in self._rows(sql, (listed, first, first + LIST_PLACES))]
        if not found and number:
            raise NotFound("status_list_unknown", f"there is no list {number} of {listed}", "See the reference.")
        return found


def _give(db: sqlite3.Connection, listed: Listed, name: str) -> None:
    sql = "INSERT INTO status_place SELECT ?, COALESCE(MAX(place) + 1, 0), ? FROM status_place WHERE list = ?"
    db.execute(sql, (listed, name, listed))
