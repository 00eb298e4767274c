"""Wire name -> class. A name registers here or does not exist; nothing is ever imported by a name from the wire."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from schemas.base import Body
from schemas.statements import (
    actor,
    asset,
    brief,
    clearance,
    consent,
    erasure,
    evidence,
    generation,
    index,
    licence,
    notice,
    passkey,
    person,
    placement,
    review,
    right,
)

BODIES: tuple[type[Body], ...] = (
    actor.LogOpened,
    index.LogIndexed,
    actor.ActorEnrolled,
    actor.ActorKeyRotated,
    actor.ActorKeyRevoked,
    passkey.ActorAdmitted,
    passkey.ActorPasskeyAdded,
    person.PersonRegistered,
    consent.ConsentRequested,
    consent.ConsentGranted,
    consent.ConsentRefused,
    consent.ConsentWithdrawn,
    consent.ConsentRevoked,
    consent.ConsentExpired,
    brief.BriefDrafted,
    brief.BriefApproved,
    generation.GenerationRequested,
    generation.GenerationFailed,
    asset.AssetImported,
    asset.AssetExamined,
    asset.AssetDerived,
    asset.AssetFlagged,
    review.ReviewApproved,
    review.ReviewRejected,
    clearance.ClearanceIssued,
    clearance.ClearanceRefused,
    clearance.ClearanceRevoked,
    right.RightRecorded,
    right.RightTransferred,
    right.RightUsed,
    licence.LicenceGranted,
    licence.LicenceEnded,
    placement.PlacementRecorded,
    placement.PlacementObserved,
    placement.PlacementEnded,
    evidence.EvidenceExported,
    erasure.SubjectErasureRequested,
    erasure.SubjectErasureBegun,
    erasure.SubjectErased,
    erasure.HoldPlaced,
    erasure.HoldReleased,
    erasure.FieldDisclosed,
    notice.HolderRegistered,
    notice.HolderEndpointDisabled,
    notice.NoticeIssued,
    notice.NoticeAttempted,
    notice.NoticeDelivered,
    notice.NoticeFailed,
    notice.NoticeAcknowledged,
    notice.NoticeOverdue,
    notice.ConsentExpiring,
)

_BY_TYPE: dict[str, type[Body]] = {body.TYPE: body for body in BODIES}
TYPES: frozenset[str] = frozenset(_BY_TYPE)

__all__ = ["BODIES", "TYPES", "ValidationError", "body_class", "parse_body"]


def body_class(wire_type: str) -> type[Body]:
    """The class of a wire type. Raises KeyError for a name that is not registered."""
    return _BY_TYPE[wire_type]


def parse_body(wire_type: str, body: dict[str, Any]) -> Body:
    """A body in its class. Raises KeyError (unknown type) or pydantic's ValidationError (shape)."""
    return body_class(wire_type).model_validate(body)
