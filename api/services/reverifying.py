"""Re-verification: every clearance that stands is weighed again, its file's manifest read again where lists or dates changed.

Ends of consents are not told here: they revoke clearances, which is told already (SPEC S10). Everything else that turns an
answer is said once, whoever looks and however often: the rule sees to it. A crash between two statements is made good by the
next round, because what was told is compared with what is, and not with what was done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.services.intake import say_examination
from api.services.looking import recorded_c2pa, still_says
from api.services.reexamining import with_c2pa
from api.services.services import Services
from ledger.errors import NotFound, Refused
from ledger.history import History
from ledger.media.findings import CHEAP, Examination
from ledger.rules.lineage import examination
from ledger.rules.reverification import outlook, told
from projections.clearance import ClearanceView
from schemas.statements.clearance import ClearanceIssued
from schemas.statements.reverification import ClearanceReverified

PAGE_ROWS: Final = 200  # clearances read at a time; the log may hold a million
_SAID_BY_OTHERS: Final = "consent"  # codes of rules about consents begin with it
_SETTLED: Final = frozenset({"reverified_already", "verdict_differs", "clearance_revoked_already", "clearance_unknown"})


@dataclass(frozen=True)
class Changed:
    """One clearance that would be answered otherwise now, as it was told."""

    clearance: ClearanceView
    said: ClearanceReverified
    entry_index: int

    def as_json(self) -> dict[str, Any]:
        view = self.clearance
        asked = {"use": view.use, "channel": view.channel, "territory": view.territory}
        return {**self.said.as_json(), **asked, "entry_index": self.entry_index}


def reverify(services: Services) -> Iterator[Changed]:
    """Each change as soon as it is said. Raises Unavailable."""
    services.views.catch_up()
    at, after = services.clock.now(), -1
    while page := services.views.clearance.in_force_after(at, after, PAGE_ROWS):
        for view in page:
            if (changed := _one(services, view, at)) is not None:
                yield changed
        after = page[-1].entry_index


def _one(services: Services, view: ClearanceView, at: datetime) -> Changed | None:
    _read_again(services, services.ledger.history(), view.asset, at)
    history = services.ledger.history()
    said = history.last(f"clearance:{view.clearance}", ClearanceIssued)
    if said is None or not isinstance(said.body, ClearanceIssued):
        return None
    now = outlook(history, said.body, at)
    if now == told(history, said.index, said.body) or any(code.startswith(_SAID_BY_OTHERS) for code in now.codes):
        return None
    body = ClearanceReverified(clearance=view.clearance, asset=view.asset, **now.__dict__)
    try:
        return Changed(view, body, services.ledger.say(body).index)
    except Refused as refused:
        if refused.code in _SETTLED:  # somebody else said it, or it changed again: the next round sees
            return None
        raise


def _read_again(services: Services, history: History, asset: str, at: datetime) -> None:
    """A new examination where the old one's C2PA report would be another now. What else was found stays as it was found."""
    report = recorded_c2pa(services, history, asset)
    if report is None or still_says(services, history, report, at):
        return
    try:
        found = services.examiner.examine(services.blobs.path(asset), extractors=CHEAP)
    except NotFound:  # erased, or kept elsewhere: nothing can be read again
        return
    if found.c2pa.state == "not_checked" or still_says(services, history, report, at):  # its engine is known by now
        return
    examined = examination(history, asset)
    if examined is None:
        return
    before = Examination.from_json(json.loads(services.blobs.get(examined[1].examination_sha256)))
    say_examination(services, with_c2pa(before, found))
