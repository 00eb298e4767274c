"""Claims of privilege at the door, and which of them stand (SPEC S17.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.disputes import dispute_state
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse
from ledger.statement import Said
from schemas.statements.privilege import PrivilegeAsserted, PrivilegeStatement, PrivilegeWaived


def claims_in(said: Iterable[Said]) -> Iterator[tuple[Said, PrivilegeAsserted, Said | None]]:
    """Every claim among these entries, oldest first, with the entry that gave it up or None."""
    read = list(said)
    waived = {body.privilege: one for one, body in bodies(read, PrivilegeWaived)}
    yield from ((one, body, waived.get(body.privilege)) for one, body in bodies(read, PrivilegeAsserted))


def accept_claim(proposal: Proposal, body: PrivilegeAsserted, history: History, at: datetime) -> None:
    """Under a new number, about files and a dispute that are here, of something written in the past."""
    if history.about(f"privilege:{body.privilege}"):
        refuse("privilege_known", f"claim {body.privilege} was made before")
    _about_something_known(history, body)
    if body.written_at > at + CLOCK_SKEW_MAX:
        refuse("privilege_in_future", "nobody wrote it in a time to come")


def accept_waiver(proposal: Proposal, body: PrivilegeWaived, history: History, at: datetime) -> None:
    """Once, of a claim that was made, naming the same files and dispute."""
    about = history.about(f"privilege:{body.privilege}")
    claims = bodies(about, PrivilegeAsserted)
    if not claims:
        refuse("privilege_unknown", f"nobody made claim {body.privilege}")
    if before := bodies(about, PrivilegeWaived):
        refuse("privilege_waived", "the claim was given up before", before[0][0].index)
    said, claim = claims[0]
    if (set(claim.assets), claim.dispute) != (set(body.assets), body.dispute):
        refuse("privilege_differs", "the claim is about other files or another dispute", said.index)


def _about_something_known(history: History, body: PrivilegeStatement) -> None:
    for asset in body.assets:
        known(history, asset)
    if body.dispute is not None and dispute_state(history, body.dispute) is None:
        refuse("dispute_unknown", f"nobody opened dispute {body.dispute}")
