"""Which rule answers for which statement: one line each. A type without a line can't be said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ledger.history import History
from ledger.rules import (
    actors,
    assets,
    briefs,
    clearances,
    consent_changes,
    consents,
    contracts,
    endings,
    erasure,
    faces,
    flagging,
    generations,
    grades,
    guardrails,
    holds,
    indexing,
    issuing,
    licences,
    likeness,
    logkeys,
    moderation,
    notices,
    opinions,
    people,
    placements,
    registries,
    reviews,
    rights,
    rightsreviews,
    rulepacks,
    trustlists,
    warnings,
)
from ledger.rules.proposal import Proposal, refuse
from schemas.catalogue import newest

Rule = Callable[[Proposal, Any, History, datetime], None]

RULES: dict[str, Rule] = {
    "log.opened.v1": actors.accept_opening,
    "log.indexed.v1": indexing.accept_index,
    "actor.enrolled.v1": actors.accept_enrolment,
    "actor.key-rotated.v1": actors.accept_rotation,
    "actor.key-revoked.v1": actors.accept_revocation,
    "actor.admitted.v1": actors.accept_admission,
    "actor.passkey-added.v1": actors.accept_passkey,
    "log.keys-rotated.v1": logkeys.accept_rotation,
    "person.registered.v1": people.accept_registration,
    "person.registered.v2": people.accept_registration,
    "person.speaker-changed.v1": people.accept_speaker,
    "person.engagement-ended.v1": people.accept_engagement_end,
    "consent.requested.v1": consents.accept_request,
    "consent.requested.v2": consents.accept_request,
    "consent.granted.v1": consents.accept_grant,
    "consent.granted.v2": consents.accept_grant,
    "consent.renewed.v1": consent_changes.accept_renewal,
    "consent.narrowed.v1": consent_changes.accept_narrowing,
    "consent.suspended.v1": consent_changes.accept_suspension,
    "consent.resumed.v1": consent_changes.accept_resumption,
    "consent.cut-approved.v1": consent_changes.accept_cut,
    "consent.invalidated.v1": consents.accept_end,
    "rulepack.adopted.v1": rulepacks.accept_adoption,
    "trust.list-imported.v1": trustlists.accept_list,
    "consent.refused.v1": consents.accept_end,
    "consent.withdrawn.v1": consents.accept_end,
    "consent.revoked.v1": consents.accept_end,
    "consent.expired.v1": consents.accept_expiry,
    "brief.drafted.v1": briefs.accept_draft,
    "brief.approved.v1": briefs.accept_approval,
    "generation.requested.v1": generations.accept_request,
    "generation.failed.v1": generations.accept_failure,
    "asset.imported.v1": assets.accept_import,
    "asset.examined.v1": assets.accept_examination,
    "asset.derived.v1": assets.accept_derivation,
    "asset.flagged.v1": flagging.accept_flag,
    "asset.flagged.v2": flagging.accept_flag,
    "provider.record-imported.v1": grades.accept_record,
    "opinion.asked.v1": opinions.accept_question,
    "opinion.given.v1": opinions.accept_answer,
    "review.approved.v1": reviews.accept_review,
    "review.rejected.v1": reviews.accept_review,
    "clearance.issued.v1": clearances.accept_decision,
    "clearance.refused.v1": clearances.accept_decision,
    "clearance.revoked.v1": clearances.accept_revocation,
    "clearance.revoked.v2": clearances.accept_revocation,
    "clearance.upheld.v1": clearances.accept_upheld,
    "right.recorded.v1": rights.accept_record,
    "right.transferred.v1": rights.accept_transfer,
    "asset.right-used.v1": rights.accept_use,
    "licence.granted.v1": licences.accept_grant,
    "licence.ended.v1": licences.accept_end,
    "guardrail.entry-added.v1": guardrails.accept_entry,
    "guardrail.entry-lifted.v1": guardrails.accept_lift,
    "guardrail.screened.v1": guardrails.accept_screening,
    "guardrail.matched.v1": guardrails.accept_match,
    "guardrail.swept.v1": guardrails.accept_sweep,
    "likeness.permitted.v1": likeness.accept_permission,
    "likeness.enrolled.v1": likeness.accept_enrolment,
    "likeness.withdrawn.v1": likeness.accept_withdrawal,
    "likeness.destroyed.v1": faces.accept_destroyed,
    "likeness.scanned.v1": faces.accept_scan,
    "likeness.judged.v1": faces.accept_judgement,
    "likeness.reviewed.v1": faces.accept_face_review,
    "likeness.swept.v1": faces.accept_sweep,
    "rightsreview.opened.v1": rightsreviews.accept_opening,
    "rightsreview.decided.v1": rightsreviews.accept_decision,
    "generation.moderated.v1": moderation.accept_moderation,
    "contract.term-recorded.v1": contracts.accept_term,
    "contract.reevaluated.v1": contracts.accept_reevaluation,
    "registry.answered.v1": registries.accept_answer,
    "licence.expired.v1": endings.accept_licence_expiry,
    "right.expired.v1": endings.accept_right_expiry,
    "placement.recorded.v1": placements.accept_record,
    "placement.observed.v1": placements.accept_observation,
    "placement.ended.v1": placements.accept_end,
    "evidence.exported.v1": clearances.accept_export,
    "evidence.exported.v2": clearances.accept_export,
    "subject.erasure-requested.v1": erasure.accept_request,
    "subject.erasure-begun.v1": erasure.accept_beginning,
    "subject.erased.v1": erasure.accept_erased,
    "hold.placed.v1": holds.accept_hold,
    "hold.released.v1": holds.accept_release,
    "field.disclosed.v1": erasure.accept_disclosure,
    "holder.registered.v1": notices.accept_holder,
    "holder.endpoint-disabled.v1": notices.accept_disabling,
    "notice.issued.v1": issuing.accept_issue,
    "notice.issued.v2": issuing.accept_issue,
    "notice.attempted.v1": notices.accept_attempt,
    "notice.delivered.v1": notices.accept_delivery,
    "notice.failed.v1": notices.accept_failure,
    "notice.acknowledged.v1": notices.accept_acknowledgement,
    "notice.overdue.v1": notices.accept_overdue,
    "consent.expiring.v1": warnings.accept_warning,
}


def accept(proposal: Proposal, history: History, at: datetime) -> None:
    """Step 5 of the door. Whatever the type, nothing is sealed under somebody whose erasure has begun.

    An older shape is judged as its newest: saying it in old words is no way around a rule.
    """
    rule = RULES.get(proposal.statement.type)
    if rule is None:
        refuse("rule_missing", f"no rule answers for {proposal.statement.type}")
    for subject in {ref.subject for ref in proposal.statement.sealed.values()}:
        people.refuse_erased(history, subject)
    rule(proposal, newest(proposal.body), history, at)
