"""Wire name -> class. A name registers here or does not exist; nothing is ever imported by a name from the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from schemas.base import Body
from schemas.statements import (
    actor,
    asset,
    brief,
    clearance,
    consent,
    consent_changes,
    consent_v1,
    contract,
    criteria,
    dispute,
    dispute_v1,
    drift,
    endings_v1,
    erasure,
    evidence,
    faces,
    generation,
    guardrail,
    guardrail_v1,
    index,
    licence,
    likeness,
    logkeys,
    match,
    moderation,
    notice,
    notice_v1,
    notice_v2,
    opinion,
    passkey,
    person,
    placement,
    privilege,
    provider,
    publishing,
    reexamination,
    reference,
    reference_v1,
    registry,
    reverification,
    review,
    right,
    rightsreview,
    rulepack,
    trust,
)

BODIES: tuple[type[Body], ...] = (
    actor.LogOpened,
    index.LogIndexed,
    actor.ActorEnrolled,
    actor.ActorKeyRotated,
    actor.ActorKeyRevoked,
    passkey.ActorAdmitted,
    passkey.ActorPasskeyAdded,
    logkeys.LogKeysRotated,
    consent_v1.PersonRegisteredV1,
    person.PersonRegistered,
    person.PersonSpeakerChanged,
    person.PersonEngagementEnded,
    consent_v1.ConsentRequestedV1,
    consent_v1.ConsentGrantedV1,
    consent.ConsentRequested,
    consent.ConsentGranted,
    consent.ConsentRefused,
    consent.ConsentWithdrawn,
    consent.ConsentRevoked,
    consent.ConsentInvalidated,
    consent.ConsentExpired,
    consent_changes.ConsentRenewed,
    consent_changes.ConsentNarrowed,
    consent_changes.ConsentSuspended,
    consent_changes.ConsentResumed,
    consent_changes.ConsentCutApproved,
    rulepack.RulePackAdopted,
    trust.TrustListImported,
    criteria.MarkTemplateRegistered,
    criteria.StyleKitAdopted,
    publishing.SignalPolicyAdopted,
    publishing.ChecklistAdopted,
    publishing.ChecklistAnswered,
    publishing.SamplingAdopted,
    brief.BriefDrafted,
    brief.BriefApproved,
    generation.GenerationRequested,
    generation.GenerationFailed,
    asset.AssetImported,
    asset.AssetExamined,
    asset.AssetDerived,
    asset.ManifestIssued,
    reexamination.AssetReexamined,
    endings_v1.AssetFlaggedV1,
    asset.AssetFlagged,
    provider.ProviderRecordImported,
    opinion.OpinionAsked,
    opinion.OpinionGiven,
    drift.DriftMeasured,
    drift.DriftMonthMissed,
    review.ReviewApproved,
    review.ReviewRejected,
    clearance.ClearanceIssued,
    clearance.ClearanceRefused,
    endings_v1.ClearanceRevokedV1,
    clearance.ClearanceRevoked,
    reverification.ClearanceReverified,
    clearance.ClearanceUpheld,
    right.RightRecorded,
    right.RightTransferred,
    right.RightUsed,
    right.RightExpired,
    licence.LicenceGranted,
    licence.LicenceEnded,
    guardrail.GuardrailAdded,
    guardrail.GuardrailLifted,
    guardrail.GuardrailScreened,
    guardrail_v1.GuardrailMatchedV1,
    guardrail.GuardrailMatched,
    guardrail.GuardrailSwept,
    likeness.LikenessPermitted,
    likeness.LikenessEnrolled,
    likeness.LikenessWithdrawn,
    likeness.LikenessDestroyed,
    faces.LikenessScanned,
    faces.LikenessJudged,
    faces.LikenessReviewed,
    faces.LikenessSwept,
    rightsreview.RightsReviewOpened,
    rightsreview.RightsReviewDecided,
    moderation.GenerationModerated,
    contract.ContractTermRecorded,
    contract.ContractReevaluated,
    registry.RegistryAnswered,
    reference_v1.ReferenceRegisteredV1,
    reference.ReferenceRegistered,
    reference.ReferenceWithdrawn,
    reference.ReferenceSwept,
    match.MatchCompared,
    match.MatchFound,
    match.MatchReviewed,
    licence.LicenceExpired,
    placement.PlacementRecorded,
    placement.PlacementObserved,
    placement.PlacementEnded,
    evidence.EvidenceExportedV1,
    evidence.EvidenceExported,
    dispute.DisputeOpened,
    dispute_v1.DisputeSightedV1,
    dispute.DisputeSighted,
    dispute.DisputeNotified,
    dispute.DisputeAnswered,
    dispute.DisputeMissed,
    dispute.DisputeDecided,
    dispute.DisputeClosed,
    privilege.PrivilegeAsserted,
    privilege.PrivilegeWaived,
    erasure.SubjectErasureRequested,
    erasure.SubjectErasureBegun,
    erasure.SubjectErased,
    erasure.HoldPlaced,
    erasure.HoldReleased,
    erasure.FieldDisclosed,
    notice.HolderRegistered,
    notice.HolderEndpointDisabled,
    notice_v1.NoticeIssuedV1,
    notice_v2.NoticeIssuedV2,
    notice.NoticeIssued,
    notice.NoticeAttempted,
    notice.NoticeDelivered,
    notice.NoticeFailed,
    notice.NoticeAcknowledged,
    notice.NoticeOverdue,
    notice.ConsentExpiring,
)

UPCASTERS: dict[type[Body], Callable[[Any], Body]] = {
    consent_v1.PersonRegisteredV1: consent_v1.PersonRegisteredV1.newest,
    consent_v1.ConsentRequestedV1: consent_v1.ConsentRequestedV1.newest,
    consent_v1.ConsentGrantedV1: consent_v1.ConsentGrantedV1.newest,
    endings_v1.ClearanceRevokedV1: endings_v1.ClearanceRevokedV1.newest,
    endings_v1.AssetFlaggedV1: endings_v1.AssetFlaggedV1.newest,
    notice_v1.NoticeIssuedV1: notice_v1.NoticeIssuedV1.newest,
    notice_v2.NoticeIssuedV2: notice_v2.NoticeIssuedV2.newest,
    evidence.EvidenceExportedV1: evidence.EvidenceExportedV1.newest,
    dispute_v1.DisputeSightedV1: dispute_v1.DisputeSightedV1.newest,
    reference_v1.ReferenceRegisteredV1: reference_v1.ReferenceRegisteredV1.newest,
    guardrail_v1.GuardrailMatchedV1: guardrail_v1.GuardrailMatchedV1.newest,
}
"""Older shapes, each with the way into its newest one. Rules, views and questions only ever see the newest (ADR 020)."""
_OLDER: dict[type[Body], tuple[type[Body], ...]] = {
    person.PersonRegistered: (consent_v1.PersonRegisteredV1,),
    consent.ConsentRequested: (consent_v1.ConsentRequestedV1,),
    consent.ConsentGranted: (consent_v1.ConsentGrantedV1,),
    clearance.ClearanceRevoked: (endings_v1.ClearanceRevokedV1,),
    asset.AssetFlagged: (endings_v1.AssetFlaggedV1,),
    notice.NoticeIssued: (notice_v1.NoticeIssuedV1, notice_v2.NoticeIssuedV2),
    evidence.EvidenceExported: (evidence.EvidenceExportedV1,),
    dispute.DisputeSighted: (dispute_v1.DisputeSightedV1,),
    reference.ReferenceRegistered: (reference_v1.ReferenceRegisteredV1,),
    guardrail.GuardrailMatched: (guardrail_v1.GuardrailMatchedV1,),
}

_BY_TYPE: dict[str, type[Body]] = {body.TYPE: body for body in BODIES}
TYPES: frozenset[str] = frozenset(_BY_TYPE)

__all__ = [
    "BODIES",
    "TYPES",
    "UPCASTERS",
    "ValidationError",
    "body_class",
    "newest",
    "parse_body",
    "read_body",
    "wire_names",
]


def body_class(wire_type: str) -> type[Body]:
    """The class of a wire type. Raises KeyError for a name that is not registered."""
    return _BY_TYPE[wire_type]


def parse_body(wire_type: str, body: dict[str, Any]) -> Body:
    """A body in exactly the class of its wire type. Raises KeyError (unknown type) or pydantic's ValidationError (shape)."""
    return body_class(wire_type).model_validate(body)


def newest(body: Body) -> Body:
    """The same words in the newest shape of their kind; a body that is in it already comes back as it is."""
    lift = UPCASTERS.get(type(body))
    return body if lift is None else lift(body)


def read_body(wire_type: str, body: dict[str, Any]) -> Body:
    """A body out of the log, in the newest shape of its kind. Raises as parse_body does."""
    return newest(parse_body(wire_type, body))


def wire_names(kind: type[Body]) -> tuple[str, ...]:
    """Every wire type that reads as this class: its own and its older shapes'."""
    return (kind.TYPE, *(older.TYPE for older in _OLDER.get(kind, ())))
