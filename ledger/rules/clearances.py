"""Clearances: a verdict is accepted only if the rules, weighed again at the door, say the same (SPEC S5.6)."""

from __future__ import annotations

from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.decision import RULES_VERSION, Decision, decide
from ledger.rules.endings import refuse_unless_ended
from ledger.rules.lineage import arrival
from ledger.rules.lost_rights import lost_use
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.statements.clearance import (
    ClearanceDecided,
    ClearanceIssued,
    ClearanceRefused,
    ClearanceRevoked,
    ClearanceUpheld,
    Question,
    Weighed,
)
from schemas.statements.contract import ContractTermRecorded
from schemas.statements.evidence import EvidenceExported
from schemas.statements.licence import LicenceEnded, LicenceExpired

OF_RIGHTS = frozenset({"licence-ended", "contract-changed", "right-ended"})
"""Causes for which whatever else covers the use leaves it alone (SPEC S10.8)."""


def against(decision: Decision) -> list[Reason]:
    """Every reason for a no."""
    return [Reason(rule.code, rule.detail, rule.entries[-1] if rule.entries else None) for rule in decision.against]


def accept_decision(proposal: Proposal, body: ClearanceDecided, history: History, at: datetime) -> None:
    """Weighs again. A yes that the rules don't give is refused with their reasons, whoever asks."""
    if history.about(f"clearance:{body.clearance}", ClearanceIssued, ClearanceRefused):
        refuse("clearance_known", f"clearance {body.clearance} was decided before")
    if abs(at - body.decided_at) > CLOCK_SKEW_MAX:
        refuse("decision_stale", "a clearance is decided when it is asked for; ask again")
    if body.rules != RULES_VERSION:
        refuse("rules_differ", f"this ledger weighs by rules {RULES_VERSION}, not {body.rules}")
    decision = decide(history, body.question, body.decided_at)
    if isinstance(body, ClearanceIssued):
        refuse_all("the rules do not allow it", against(decision))
    elif decision.allowed:
        refuse("refusal_unfounded", "the rules allow it")
    if (decision.weighed, decision.consents) != (body.weighed, body.consents):
        refuse("verdict_differs", "the rules, weighed again, say something else; ask again")


def accept_revocation(proposal: Proposal, body: ClearanceRevoked, history: History, at: datetime) -> None:
    """Of a clearance that stands; for an ended basis only when it ended, and nothing else covers what was cleared."""
    said, issued = standing_clearance(history, body.clearance, body.asset)
    if body.cause == "consent-ended":
        if body.consent is None or body.consent not in issued.consents:
            refuse("revocation_without_consent", "name the consent that the clearance rested on", said.index)
        refuse_unless_ended(history, body.consent, at, issued.question)
    elif body.cause in OF_RIGHTS and not lost_use(history, body, issued.question, at):
        refuse("clearance_still_covered", "another licence, or holding the right, covers what was cleared", said.index)


def accept_upheld(proposal: Proposal, body: ClearanceUpheld, history: History, at: datetime) -> None:
    """Once after each end, of a clearance that stands and is still covered."""
    _, issued = standing_clearance(history, body.clearance, body.asset)
    (tag,) = body.basis_tags()
    touched = history.about(tag, LicenceEnded, LicenceExpired, ContractTermRecorded)
    if not any(said.index == body.about for said in touched):
        refuse("matter_unknown", f"entry {body.about} neither ended nor changed {tag}")
    for said, before in bodies(history.about(f"clearance:{body.clearance}", ClearanceUpheld), ClearanceUpheld):
        if before.about == body.about:
            refuse("clearance_upheld_already", "it was weighed again after that entry", said.index)
    if against := lost_use(history, body, issued.question, at):
        refuse("clearance_not_covered", f"nothing covers what was cleared ({against[0].code})", *against[0].entries[:1])


def standing_clearance(history: History, clearance: str, asset: str) -> tuple[Said, ClearanceIssued]:
    """The yes that was given for this file and not revoked. Raises Refused."""
    issued = bodies(history.about(f"clearance:{clearance}", ClearanceIssued), ClearanceIssued)
    if not issued or issued[0][1].question.asset != asset:
        refuse("clearance_unknown", f"no clearance {clearance} was issued for this file")
    if (said := history.last(f"clearance:{clearance}", ClearanceRevoked)) is not None:
        refuse("clearance_revoked_already", "the clearance is revoked already", said.index)
    return issued[0]


def standing(history: History, question: Question, at: datetime) -> tuple[Weighed, Said | None]:
    """Is there a clearance, not revoked, for this use, channel, territory and time? The newest that fits."""
    asset = f"asset:{question.asset}"
    revoked = {body.clearance: said for said, body in bodies(history.about(asset, ClearanceRevoked), ClearanceRevoked)}
    issued = bodies(history.about(asset, ClearanceIssued), ClearanceIssued)
    alike = [(said, body) for said, body in reversed(issued) if _same_circumstances(body.question, question)]
    for said, body in alike:
        if body.clearance not in revoked and _covers(body.question, question):
            return _weighed("pass", "clearance_in_force", f"clearance {body.clearance}", said.index), said
    ended = [revoked[body.clearance] for _, body in alike if body.clearance in revoked]
    if ended:
        return _weighed("fail", "clearance_revoked", "the clearance was revoked", ended[0].index), None
    if alike:
        return _weighed("fail", "clearance_outside_window", "cleared for another time", alike[0][0].index), None
    return _weighed("fail", "clearance_missing", "nobody cleared this use, channel and territory"), None


def accept_export(proposal: Proposal, body: EvidenceExported, history: History, at: datetime) -> None:
    """Custody of a pack about files that are here."""
    for asset in body.assets:
        if arrival(history, asset) is None:
            refuse("asset_unknown", f"no file with the digest {asset} is in the ledger")


def _same_circumstances(cleared: Question, question: Question) -> bool:
    asked = (question.use, question.channel, question.territory)
    return (cleared.use, cleared.channel, cleared.territory) == asked


def _covers(cleared: Question, question: Question) -> bool:
    return cleared.valid_from <= question.valid_from and question.valid_until <= cleared.valid_until


def _weighed(outcome: str, code: str, detail: str, *entries: int) -> Weighed:
    return Weighed.model_validate(
        {"rule": "clearance", "outcome": outcome, "code": code, "detail": detail, "entries": entries}
    )
