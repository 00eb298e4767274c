"""The first shapes of a revoked clearance and a flag, which knew only consents. They never change (SPEC S10.8, ADR 020)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict

from schemas.base import Body, Digest, Id, Line
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import ClearanceRevoked


class ClearanceRevokedV1(Body):
    """A yes that no longer stands, and why."""

    model_config = ConfigDict(title="ClearanceRevoked")
    TYPE: ClassVar[str] = "clearance.revoked.v1"
    clearance: Id
    asset: Digest
    cause: Literal["consent-ended", "rejected", "dispute", "by-hand"]
    consent: Id | None = None
    detail: Line

    def tags(self) -> tuple[str, ...]:
        consent = (f"consent:{self.consent}",) if self.consent else ()
        return (f"clearance:{self.clearance}", f"asset:{self.asset}", *consent)

    def newest(self) -> ClearanceRevoked:
        return ClearanceRevoked.model_validate(dict(self))

    @classmethod
    def example(cls) -> ClearanceRevokedV1:
        return cls(
            clearance="019a9b00-0000-7000-8000-000000000004",
            asset="55" * 32,
            cause="consent-ended",
            consent="019a9b00-0000-7000-8000-000000000001",
            detail="the consent expired on 2026-12-01",
        )


class AssetFlaggedV1(Body):
    """The asset hangs on something that ended; every holder should look again."""

    model_config = ConfigDict(title="AssetFlagged")
    TYPE: ClassVar[str] = "asset.flagged.v1"
    asset: Digest
    cause: Literal["consent-ended", "rejected", "dispute"]
    consent: Id | None = None
    detail: Line

    def tags(self) -> tuple[str, ...]:
        consent = (f"consent:{self.consent}",) if self.consent else ()
        return (f"asset:{self.asset}", *consent)

    def newest(self) -> AssetFlagged:
        return AssetFlagged.model_validate(dict(self))

    @classmethod
    def example(cls) -> AssetFlaggedV1:
        return cls(
            asset="55" * 32,
            cause="consent-ended",
            consent="019a9b00-0000-7000-8000-000000000001",
            detail="the consent expired on 2026-12-01",
        )
