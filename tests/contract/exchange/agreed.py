"""Consents in the states that matter to an export, folded by the rules themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.rules.consent_states import ConsentState, fold
from schemas.base import Body
from schemas.statements.consent import ConsentGranted, ConsentRequested, ConsentScope, ConsentWithdrawn
from schemas.statements.consent_changes import ConsentNarrowed, ConsentSuspended

AT = datetime(2026, 10, 15, 12, 0, tzinfo=UTC)
CONSENT = ConsentScope.example().consent  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Told:
    index: int
    recorded_at: datetime
    body: Body


def state(*later: Body, given: bool = True, at: datetime = AT, **terms: Any) -> ConsentState:
    """Asked for, given unless told otherwise, and then what came `later`."""
    scope = ConsentRequested.example().as_json() | terms
    said: list[Body] = [ConsentRequested.model_validate(scope)]
    said += [ConsentGranted.model_validate(scope)] if given else []
    told = [Told(7 + n, datetime(2026, 10, 1, 9, n, tzinfo=UTC), body) for n, body in enumerate([*said, *later])]
    return fold(CONSENT, told, (), at)


def narrowed() -> ConsentNarrowed:
    return ConsentNarrowed(consent=CONSENT, person="p-7f3a", territories=("FR",), reason="private words")


def withdrawn() -> ConsentWithdrawn:
    return ConsentWithdrawn(consent=CONSENT, person="p-7f3a", reason="private words")


def suspended() -> ConsentSuspended:
    return ConsentSuspended.example()
