"""The sentences of rights, licences and placements, in plain words; part of `projections.summaries`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.wording import day, file, joined
from schemas.statements import licence, placement, right


def _recorded(body: right.RightRecorded) -> str:
    until = f" until {day(body.valid_until)}" if body.valid_until else ""
    where = joined(body.territories)
    return f"recorded that {body.holder} holds “{body.title}” ({body.kind}, {body.basis}) in {where}{until}"


def _used(body: right.RightUsed) -> str:
    how = f"under licence {body.licence}" if body.licence else "as its holder"
    return f"recorded that {file(body.asset)} rests on right {body.right}, used by {body.user} {how}"


def _granted(body: licence.LicenceGranted) -> str:
    terms = body.terms
    scope = f"for {joined(terms.uses)} on {joined(terms.channels)} in {joined(terms.territories)}"
    shared = "" if body.exclusivity == "none" else f", {body.exclusivity}"
    window = f"from {day(terms.valid_from)} until {day(terms.valid_until)}"
    return f"recorded licence {body.licence} of right {body.right} to {body.licensee} {scope}, {window}{shared}"


def _placed(body: placement.PlacementRecorded) -> str:
    where = f"{body.platform}, {body.channel} in {body.territory}, from {day(body.starts_at)}"
    return f"placed {file(body.asset)} on {where} under clearance {body.clearance} (placement {body.placement})"


def _observed(body: placement.PlacementObserved) -> str:
    count = None if body.impressions is None else f"{body.impressions} impressions"
    label = None if body.label_shown is None else f"label {body.label_shown.replace('-', ' ')}"
    seen = ", ".join(part for part in (count, label) if part)
    return f"looked at placement {body.placement} of {file(body.asset)} at {day(body.observed_at)}: {seen}"


def _ended(body: placement.PlacementEnded) -> str:
    how = body.outcome.replace("-", " ")
    return f"recorded that placement {body.placement} of {file(body.asset)} was {how}: {body.detail}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    right.RightRecorded: _recorded,
    right.RightTransferred: lambda b: (
        f"recorded that {b.from_party} gave right {b.right} to {b.to_party} at {day(b.effective_at)}"
    ),
    right.RightUsed: _used,
    licence.LicenceGranted: _granted,
    licence.LicenceEnded: lambda b: f"recorded that licence {b.licence} was {b.cause}: {b.reason}",
    placement.PlacementRecorded: _placed,
    placement.PlacementObserved: _observed,
    placement.PlacementEnded: _ended,
}
