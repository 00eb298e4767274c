"""Placements: only under a clearance that stands and covers them, while the rules still say yes (SPEC S5.7).

A placement is a use, so the question is the verifier's own: may this file be used, for this, here, now? That the use began
under a yes is not enough; what ended since ends new placements too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.history import History, bodies
from ledger.rules.clearances import against
from ledger.rules.decision import decide
from ledger.rules.lineage import ancestors
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse, refuse_all
from ledger.rules.weighing_rights import licences_relied_on
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked, Question
from schemas.statements.placement import PlacementEnded, PlacementObserved, PlacementRecorded, PlacementStatement

INSTANT = timedelta(microseconds=1)  # the shortest window there is: instants have no finer parts


def placement(history: History, name: str) -> tuple[Said, PlacementRecorded] | None:
    """The statement that recorded a placement, or None."""
    found = bodies(history.about(f"placement:{name}", PlacementRecorded), PlacementRecorded)
    return found[0] if found else None


def accept_record(proposal: Proposal, body: PlacementRecorded, history: History, at: datetime) -> None:
    """Under one clearance of this very file, for its channel and territory, at the instant of the start and now."""
    if known := placement(history, body.placement):
        refuse("placement_known", f"placement {body.placement} was recorded before", known[0].index)
    said, cleared = _clearance(history, body)
    asked = cleared.question
    if (body.channel, body.territory) != (asked.channel, asked.territory):
        where = f"{asked.channel} in {asked.territory}"
        refuse("placement_elsewhere", f"the clearance is for {where}", said.index)
    _in_time(body, said, asked, at)
    if body.consents != cleared.consents:
        refuse("placement_consents_differ", "name the consents of the clearance, in its order", said.index)
    now = Question(
        asset=body.asset,
        use=asked.use,
        channel=asked.channel,
        territory=asked.territory,
        valid_from=body.starts_at,
        valid_until=body.starts_at + INSTANT,
    )
    refuse_all("the rules do not allow it any more", against(decide(history, now, at)))
    if body.licences != (relied_on := licences_relied_on(history, ancestors(history, body.asset), now, at)):
        refuse("placement_licences_differ", f"name what it relies on: {', '.join(relied_on) or 'no licence'}")


def _clearance(history: History, body: PlacementRecorded) -> tuple[Said, ClearanceIssued]:
    tag = f"clearance:{body.clearance}"
    issued = bodies(history.about(tag, ClearanceIssued), ClearanceIssued)
    if not issued or issued[0][1].question.asset != body.asset:
        refuse("clearance_unknown", f"no clearance {body.clearance} was issued for this file")
    if (revoked := history.last(tag, ClearanceRevoked)) is not None:
        refuse("clearance_revoked", "the clearance was revoked", revoked.index)
    return issued[0]


def _in_time(body: PlacementRecorded, said: Said, asked: Question, at: datetime) -> None:
    window = f"from {format_instant(asked.valid_from)} until {format_instant(asked.valid_until)} (exclusive)"
    if not (asked.valid_from <= body.starts_at < asked.valid_until and at < asked.valid_until):
        refuse("clearance_outside_window", f"cleared {window}", said.index)
    if body.starts_at < said.recorded_at - CLOCK_SKEW_MAX:
        refuse("placement_before_clearance", "it was shown before it was cleared", said.index)


def accept_observation(proposal: Proposal, body: PlacementObserved, history: History, at: datetime) -> None:
    """Of a placement that was recorded; counts never fall, and nobody saw the future."""
    said, _ = _recorded(history, body)
    if body.impressions is None and body.label_shown is None:
        refuse("observation_empty", "an observation says a count, a label or both")
    if body.observed_at > at + CLOCK_SKEW_MAX:
        refuse("observed_in_future", "an observation can't lie in the future", said.index)
    for earlier, seen in bodies(history.about(f"placement:{body.placement}", PlacementObserved), PlacementObserved):
        if body.impressions is not None and (seen.impressions or 0) > body.impressions:
            refuse("impressions_fell", f"{seen.impressions} impressions were counted before", earlier.index)


def accept_end(proposal: Proposal, body: PlacementEnded, history: History, at: datetime) -> None:
    """Once, of a placement that was recorded, not before it began and not ahead of time."""
    said, began = _recorded(history, body)
    if (ended := history.last(f"placement:{body.placement}", PlacementEnded)) is not None:
        refuse("placement_ended_already", "the placement ended already", ended.index)
    if body.ended_at < began.starts_at and began.starts_at <= at:
        refuse("placement_end_early", "a placement can't end before it began", said.index)
    if body.ended_at > at + CLOCK_SKEW_MAX:
        refuse("placement_end_in_future", "an end is recorded when it has come", said.index)


def _recorded(history: History, body: PlacementStatement) -> tuple[Said, PlacementRecorded]:
    found = placement(history, body.placement)
    if found is None:
        refuse("placement_unknown", f"no placement {body.placement} was recorded")
    said, recorded = found
    same = (recorded.asset, recorded.clearance, recorded.consents, recorded.licences)
    if (body.asset, body.clearance, body.consents, body.licences) != same:
        refuse("placement_differs", "name the file, clearance, consents and licences of the placement", said.index)
    return found
