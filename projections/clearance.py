"""Clearances of each file: what was asked, what the answer was, and whether it still stands at an instant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ledger.errors import NotFound
from ledger.rules.endings import ending_of
from ledger.rules.medium import medium_found
from ledger.rules.weighing_consents import TRAINING
from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from schemas.base import format_instant, parse_instant
from schemas.statements.asset import AssetExamined
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRevoked
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed

Standing = Literal["issued", "refused", "revoked"]


@dataclass(frozen=True)
class Revocation:
    """A yes that no longer stands, from `recorded_at` on."""

    cause: str
    consent: str | None
    entry_index: int
    recorded_at: datetime


@dataclass(frozen=True)
class ClearanceView:
    """The question, the answer and what became of it. The window's `valid_until` is exclusive."""

    clearance: str
    asset: str
    issued: bool
    use: str
    channel: str
    territory: str
    valid_from: datetime
    valid_until: datetime
    decided_at: datetime
    consents: tuple[str, ...]
    entry_index: int
    recorded_at: datetime
    revocation: Revocation | None

    def standing(self, at: datetime) -> Standing:
        """What the answer amounted to at an instant, whatever its window."""
        if self.revocation is not None and self.revocation.recorded_at <= at:
            return "revoked"
        return "issued" if self.issued else "refused"

    def in_force(self, at: datetime) -> bool:
        """A yes, known by then, not revoked by then, whose window holds the instant."""
        known = self.recorded_at <= at and self.valid_from <= at < self.valid_until
        return known and self.standing(at) == "issued"


_COLUMNS = """SELECT d.clearance, d.asset, d.issued, d.use, d.channel, d.territory, d.valid_from, d.valid_until,
  d.decided_at, d.consents, d.idx, d.recorded_at, r.cause, r.consent, r.idx, r.recorded_at
  FROM clearance_decision AS d LEFT JOIN clearance_revocation AS r USING (clearance)"""


class Clearances(View):
    """By number, by file, and by the consent that a clearance rests on."""

    name = "clearance"
    version = 5
    schema = """
    CREATE TABLE clearance_decision (
      clearance TEXT PRIMARY KEY, asset TEXT NOT NULL, issued INTEGER NOT NULL, use TEXT NOT NULL, channel TEXT NOT NULL,
      territory TEXT NOT NULL, valid_from TEXT NOT NULL, valid_until TEXT NOT NULL, decided_at TEXT NOT NULL,
      consents TEXT NOT NULL, idx INTEGER NOT NULL, recorded_at TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX clearance_decision_by_asset ON clearance_decision (asset, idx);
    CREATE TABLE clearance_consent (
      consent TEXT NOT NULL, clearance TEXT NOT NULL, PRIMARY KEY (consent, clearance)) WITHOUT ROWID;
    CREATE TABLE clearance_revocation (
      clearance TEXT PRIMARY KEY, cause TEXT NOT NULL, consent TEXT, idx INTEGER NOT NULL, recorded_at TEXT NOT NULL)
      WITHOUT ROWID;
    CREATE TABLE clearance_medium (asset TEXT PRIMARY KEY, medium TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE clearance_to_revoke (
      clearance TEXT NOT NULL, consent TEXT NOT NULL, lasting INTEGER NOT NULL, idx INTEGER NOT NULL, asset TEXT NOT NULL,
      detail TEXT NOT NULL, PRIMARY KEY (clearance, consent, lasting)) WITHOUT ROWID;
    CREATE INDEX clearance_to_revoke_by_consent ON clearance_to_revoke (consent) WHERE lasting = 0;
    CREATE INDEX clearance_to_revoke_by_age ON clearance_to_revoke (idx)
    """
    handled = frozenset(
        {
            "clearance.issued.v1",
            "clearance.refused.v1",
            "clearance.revoked.v1",
            "clearance.revoked.v2",
            "consent.withdrawn.v1",
            "consent.revoked.v1",
            "consent.expired.v1",
            "consent.invalidated.v1",
            "consent.renewed.v1",
            "consent.narrowed.v1",
            "asset.examined.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_PEOPLE
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_GENERATIONS
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
                "consent.suspended.v1",
                "consent.resumed.v1",
                "consent.cut-approved.v1",
                "asset.imported.v1",
                "asset.derived.v1",
                "asset.flagged.v1",
                "asset.flagged.v2",
                "review.approved.v1",
                "review.rejected.v1",
                "placement.recorded.v1",
                "placement.observed.v1",
                "placement.ended.v1",
                "consent.expiring.v1",
            }
        )
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, ClearanceDecided):
            _decision(db, said, body)
        elif isinstance(body, ClearanceRevoked):
            row = (body.clearance, body.cause, body.consent, said.index, format_instant(said.recorded_at))
            db.execute("INSERT INTO clearance_revocation VALUES (?, ?, ?, ?, ?)", row)
            db.execute("DELETE FROM clearance_to_revoke WHERE clearance = ?", (body.clearance,))
        elif (ending := ending_of(said)) is not None:
            db.execute(_TO_REVOKE, (False, ending.detail, ending.consent))
        elif isinstance(body, ConsentNarrowed):
            _narrowed(db, said, body)
        elif isinstance(
            body, ConsentRenewed
        ):  # it runs again: what was not revoked by now stands, unless it was taken back
            db.execute("DELETE FROM clearance_to_revoke WHERE consent = ? AND lasting = 0", (body.consent,))
        elif isinstance(body, AssetExamined):
            db.execute("REPLACE INTO clearance_medium VALUES (?, ?)", (body.asset, medium_found(body)))

    def clearance(self, clearance: str) -> ClearanceView:
        """Raises NotFound `clearance_unknown`."""
        found = self._found("WHERE d.clearance = ?", (clearance,))
        if not found:
            raise NotFound("clearance_unknown", f"no clearance {clearance} was decided")
        return found[0]

    def clearances(self, names: Sequence[str]) -> list[ClearanceView]:
        """Several at once, by number, in no order; unknown ones are left out."""
        return self._found("WHERE d.clearance IN (SELECT value FROM json_each(?))", (json.dumps(list(names)),))

    def media(self, assets: Sequence[str]) -> dict[str, str]:
        """What each file was found to be (SPEC S5.18), as far as it was examined."""
        sql = "SELECT asset, medium FROM clearance_medium WHERE asset IN (SELECT value FROM json_each(?))"
        return dict(self._rows(sql, (json.dumps(list(assets)),)))

    def of_asset(self, asset: str) -> list[ClearanceView]:
        """Every answer about exactly this file, oldest first."""
        return self._found("WHERE d.asset = ? ORDER BY d.idx", (asset,))

    def in_force_after(self, at: datetime, after: int, limit: int) -> list[ClearanceView]:
        """Clearances that were not revoked and whose window has not passed, in the log's order; `after` is an entry index."""
        where = "WHERE d.issued AND r.clearance IS NULL AND d.valid_until > ? AND d.idx > ? ORDER BY d.idx LIMIT ?"
        return self._found(where, (format_instant(at), after, limit))

    def standing(self, asset: str, at: datetime) -> list[ClearanceView]:
        """The clearances of this file that were in force at an instant, oldest first."""
        return [view for view in self.of_asset(asset) if view.in_force(at)]

    def count_under(self, consent: str) -> tuple[int, int]:
        """(clearances that rest on the consent, those of them that were revoked)."""
        sql = """SELECT COUNT(*), COUNT(r.clearance) FROM clearance_consent AS c JOIN clearance_decision AS d USING (clearance)
                 LEFT JOIN clearance_revocation AS r USING (clearance) WHERE c.consent = ? AND d.issued"""
        ((issued, revoked),) = self._rows(sql, (consent,))
        return issued, revoked

    def to_revoke(self, limit: int) -> list[tuple[str, str, str, str]]:
        """(clearance, asset, consent, why) of every yes that rests on an ended consent and stands, oldest first.

        Windows that have passed are among them: they end no later than their consents, and the record of the end is due.
        """
        sql = "SELECT clearance, asset, consent, detail FROM clearance_to_revoke ORDER BY idx LIMIT ?"
        rows = {row[0]: row for row in reversed(self._rows(sql, (limit,)))}  # once each, however many consents ended
        return [(clearance, asset, consent, why) for clearance, asset, consent, why in reversed(rows.values())]

    def _found(self, where: str, parameters: Sequence[object]) -> list[ClearanceView]:
        return [_view(row) for row in self._rows(f"{_COLUMNS} {where}", parameters)]


_TO_REVOKE = """INSERT OR IGNORE INTO clearance_to_revoke
  SELECT d.clearance, c.consent, ?, d.idx, d.asset, ? FROM clearance_consent AS c
  JOIN clearance_decision AS d USING (clearance) LEFT JOIN clearance_revocation AS r USING (clearance)
  WHERE c.consent = ? AND d.issued AND r.clearance IS NULL"""


def _narrowed(db: sqlite3.Connection, said: Said, body: ConsentNarrowed) -> None:
    """Those that are for something that was taken back; a yes for the world goes with any country of it."""
    places = [*body.territories, *(["WORLD"] if body.territories else [])]
    uses = [*body.uses, *(TRAINING if body.training_use else ())]
    taken = [json.dumps(list(values)) for values in (uses, body.channels, places, body.media)]
    of_these = " OR ".join(f"d.{name} IN (SELECT value FROM json_each(?))" for name in ("use", "channel", "territory"))
    of_these += " OR d.asset IN (SELECT asset FROM clearance_medium WHERE medium IN (SELECT value FROM json_each(?)))"
    detail = f"entry {said.index} took this use, channel, territory or medium out of consent {body.consent}"
    db.execute(f"{_TO_REVOKE} AND ({of_these})", (True, detail, body.consent, *taken))


def _decision(db: sqlite3.Connection, said: Said, body: ClearanceDecided) -> None:
    asked = body.question
    row = (
        body.clearance,
        asked.asset,
        isinstance(body, ClearanceIssued),
        asked.use,
        asked.channel,
        asked.territory,
        format_instant(asked.valid_from),
        format_instant(asked.valid_until),
        format_instant(body.decided_at),
        json.dumps(body.consents),
        said.index,
        format_instant(said.recorded_at),
    )
    db.execute(f"INSERT INTO clearance_decision VALUES ({', '.join('?' * len(row))})", row)
    pairs = [(consent, body.clearance) for consent in dict.fromkeys(body.consents)]
    db.executemany("INSERT INTO clearance_consent VALUES (?, ?)", pairs)


def _view(row: Sequence[Any]) -> ClearanceView:
    clearance, asset, issued, use, channel, territory, *rest = row
    valid_from, valid_until, decided_at, consents, index, recorded_at, cause, consent, revoked_by, revoked_at = rest
    revocation = None if cause is None else Revocation(cause, consent, revoked_by, parse_instant(revoked_at))
    window = (parse_instant(valid_from), parse_instant(valid_until), parse_instant(decided_at))
    question = (clearance, asset, bool(issued), use, channel, territory, *window)
    return ClearanceView(*question, tuple(json.loads(consents)), index, parse_instant(recorded_at), revocation)
