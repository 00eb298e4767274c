"""The sentences of rights, licences and placements, in plain words; part of `projections.summaries`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projections.wording import day, file, joined
from schemas.statements import contract, guardrail, licence, moderation, placement, registry, right, rightsreview


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


def _listed(body: guardrail.GuardrailAdded) -> str:
    what = f"“{body.label}”" if body.label else f"the names of {body.person}"
    until = f" until {day(body.effective_until)}" if body.effective_until else ""
    return f"put {what} ({body.kind}) on the do-not-generate list from {day(body.effective_from)}{until}: {body.reason}"


def _screened(body: guardrail.GuardrailScreened) -> str:
    what = f"the prompt of generation {body.generation}" if body.generation else file(body.asset or "")
    found = f"{len(body.findings)} found" if body.findings else "nothing found"
    unseen = f"; not looked at: {joined(body.not_checked)}" if body.not_checked else ""
    return f"looked at {what} for what may not be generated ({joined(body.checked) or 'nothing'}): {found}{unseen}"


def _swept(body: guardrail.GuardrailSwept) -> str:
    things = f"{body.generations} generations and {body.assets} files"
    return f"looked through {things} for guardrail {body.guardrail}: {body.matched} matched"


def _decided(body: rightsreview.RightsReviewDecided) -> str:
    how = "allowed" if body.decision == "allow" else "denied"
    until = f" until {day(body.expires_at)}" if body.expires_at else ""
    return f"{how} {file(body.asset)} in rights review {body.review}{until}: {'; '.join(body.reasons)}"


def _term(body: contract.ContractTermRecorded) -> str:
    terms, source = body.terms, body.source
    scope = f"{joined(terms.uses)} on {joined(terms.channels)} in {joined(terms.territories)}"
    ended = ", terminated" if body.terminated else ""
    until = f"until {day(terms.valid_until)}{ended}"
    return f"read contract {source.ref} of {source.system}, revision {source.revision}: {scope} {until}"


def _reevaluated(body: contract.ContractReevaluated) -> str:
    counts = f"{body.affected_count} affected, {body.denied_count} not allowed any more"
    return f"weighed again what hangs on contract {body.source.ref} ({body.source.system}, {body.source.revision}): {counts}"


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


def _matched(body: guardrail.GuardrailMatched) -> str:
    place, found = body.place, body.finding
    at = f", from {place.asset_ms / 1000:.1f} s on, by its {place.way}" if place else ""
    return f"found that {file(body.asset)} falls under guardrail {found.guardrail} ({found.method}, {found.score}{at})"


SENTENCES: dict[type, Callable[[Any], str]] = {
    right.RightRecorded: _recorded,
    right.RightTransferred: lambda b: (
        f"recorded that {b.from_party} gave right {b.right} to {b.to_party} at {day(b.effective_at)}"
    ),
    right.RightUsed: _used,
    right.RightExpired: lambda b: f"recorded that right {b.right} ended in time, at {day(b.expired_at)}",
    licence.LicenceGranted: _granted,
    licence.LicenceExpired: lambda b: f"recorded that licence {b.licence} ended in time, at {day(b.expired_at)}",
    licence.LicenceEnded: lambda b: f"recorded that licence {b.licence} was {b.cause}: {b.reason}",
    guardrail.GuardrailAdded: _listed,
    guardrail.GuardrailLifted: lambda b: f"took guardrail {b.guardrail} off the do-not-generate list: {b.reason}",
    guardrail.GuardrailScreened: _screened,
    guardrail.GuardrailMatched: _matched,
    guardrail.GuardrailSwept: _swept,
    rightsreview.RightsReviewOpened: lambda b: f"opened rights review {b.review} of {file(b.asset)}: {b.doubt}",
    rightsreview.RightsReviewDecided: _decided,
    moderation.GenerationModerated: lambda b: (
        f"recorded that {b.source} ({b.by}) said {b.outcome.replace('_', ' ')} of generation {b.generation}"
    ),
    contract.ContractTermRecorded: _term,
    contract.ContractReevaluated: _reevaluated,
    registry.RegistryAnswered: lambda b: (
        f"asked {b.registry} about consent {b.consent}: {b.status}, good until {day(b.fresh_until)}"
    ),
    placement.PlacementRecorded: _placed,
    placement.PlacementObserved: _observed,
    placement.PlacementEnded: _ended,
}
