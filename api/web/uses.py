"""Every use of a likeness under one consent, for the person's own page: files, clearances, and where each was shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.services.services import Services
from ledger.history import History, bodies
from ledger.rules.lineage import arrival
from schemas.base import format_instant
from schemas.statements.asset import AssetImported
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked
from schemas.statements.placement import PlacementEnded, PlacementRecorded

FILES_SHOWN = 50  # titles on one page; the number of all of them stands above
PLACES_SHOWN = 200  # clearances, and placements, the newest first


@dataclass(frozen=True)
class Use:
    """One line: what it is, and how it stands now (`tone` colours it)."""

    what: str
    since: str
    standing: str
    tone: str
    url: str | None = None


@dataclass(frozen=True)
class Uses:
    """`files_total` counts what is not listed too."""

    files_total: int
    files: tuple[str, ...]
    cleared: tuple[Use, ...]
    shown: tuple[Use, ...]


def uses_of(services: Services, consent: str, at: datetime) -> Uses:
    """From the log and the lineage. O(files, clearances and placements under this consent)."""
    history, files = services.ledger.history(), services.views.lineage.assets_under_consent(consent)
    return Uses(
        len(files),
        tuple(_title(history, asset) for asset in files[:FILES_SHOWN]),
        tuple(_cleared(history, consent, at)[:PLACES_SHOWN]),
        tuple(_shown(history, consent)[:PLACES_SHOWN]),
    )


def _title(history: History, asset: str) -> str:
    said = arrival(history, asset)
    named = said.body.title if said is not None and isinstance(said.body, AssetImported) else None
    return f"{named or 'a version made from it'} ({asset[:12]}…)"


def _cleared(history: History, consent: str, at: datetime) -> list[Use]:
    tag = f"consent:{consent}"
    revoked = {body.clearance for _, body in bodies(history.about(tag, ClearanceRevoked), ClearanceRevoked)}
    return [
        _clearance(body, revoked, at)
        for _, body in reversed(bodies(history.about(tag, ClearanceIssued), ClearanceIssued))
    ]


def _clearance(body: ClearanceIssued, revoked: set[str], at: datetime) -> Use:
    asked = body.question
    if body.clearance in revoked:
        standing, tone = "revoked", "deny"
    elif at >= asked.valid_until:
        standing, tone = "over", "unknown"
    else:
        standing, tone = f"until {_day(asked.valid_until)}", "allow"
    return Use(f"{asked.use}, {asked.channel}, {asked.territory}", format_instant(asked.valid_from), standing, tone)


def _shown(history: History, consent: str) -> list[Use]:
    tag = f"consent:{consent}"
    ended = {body.placement: body for _, body in bodies(history.about(tag, PlacementEnded), PlacementEnded)}
    found = reversed(bodies(history.about(tag, PlacementRecorded), PlacementRecorded))
    return [_placement(body, ended.get(body.placement)) for _, body in found]


def _placement(body: PlacementRecorded, end: PlacementEnded | None) -> Use:
    where = f"{body.platform}, {body.channel}, {body.territory}"
    standing = f"{end.outcome.replace('-', ' ')} on {_day(end.ended_at)}" if end else "still there"
    return Use(where, format_instant(body.starts_at), standing, "unknown" if end else "allow", body.url)


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
