"""Sentences about disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.wording import day as _day
from projections.wording import file as _file
from projections.wording import joined as _list
from schemas.statements import dispute, privilege


def _clocks(body: dispute.DisputeNotified) -> str:
    due = _list(f"{one.entry} until {_day(one.due_at)}" for one in body.clocks)
    return f"which sets going {due}" if due else "which sets no clock going"


SENTENCES: dict[type, Callable[[Any], str]] = {
    dispute.DisputeOpened: lambda b: (
        f"opened dispute {b.dispute} ({b.kind}, matter {b.matter}) on {_list(map(_file, b.assets))}: {b.claim}"
    ),
    dispute.DisputeSighted: lambda b: (
        f"recorded a copy of {_file(b.asset)} on {b.platform}, seen {_day(b.seen_at)}, found by {b.matched_by}: {b.match}"
    ),
    dispute.DisputeNotified: lambda b: (
        f"recorded a notice ({b.event.replace('-', ' ')}) from {b.from_party} to {b.to_party}, {_clocks(b)}: {b.detail}"
    ),
    dispute.DisputeAnswered: lambda b: f"recorded that on notice {b.notice} it was {b.done} {_day(b.done_at)}",
    dispute.DisputeMissed: lambda b: f"recorded that the clock of {b.entry} ran out unmet at {_day(b.due_at)}",
    dispute.DisputeDecided: lambda b: f"decided dispute {b.dispute}: {b.outcome}, by {b.decided_by}: {b.reason}",
    dispute.DisputeClosed: lambda b: f"closed dispute {b.dispute} and released its hold: {b.reason}",
    privilege.PrivilegeAsserted: lambda b: (
        f"claimed privilege ({b.basis}) over a {b.kind} by {b.author} of {_day(b.written_at)}: {b.description}"
    ),
    privilege.PrivilegeWaived: lambda b: f"gave up the claim of privilege {b.privilege}: {b.reason}",
}
