"""Custody: every evidence pack that left the house, by digest."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from schemas.base import ActorId, Body, Digest, Id, Instant, PositiveInt

PACK_ASSETS_MAX = 20  # a dispute about more files is several disputes; each file's family is in the pack


class EvidenceExported(Body):
    """A pack was written. Its bytes are outside; this says which bytes they were, of what, and for whom."""

    TYPE: ClassVar[str] = "evidence.exported.v2"
    assets: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=PACK_ASSETS_MAX)]
    dispute: Id | None = None
    pack_sha256: Digest
    entries: PositiveInt
    requested_by: ActorId | None = None
    """Who asked the service for it. None: whoever works on the machine itself."""
    reader: ActorId | None = None
    """To whom fields are disclosed in it."""
    known_at: Instant | None = None
    """It tells what was known then, if not what was known when it was written."""

    def tags(self) -> tuple[str, ...]:
        dispute = (f"dispute:{self.dispute}",) if self.dispute else ()
        return (*(f"asset:{asset}" for asset in self.assets), *dispute)

    @classmethod
    def example(cls) -> EvidenceExported:
        return cls(
            assets=("55" * 32,), pack_sha256="77" * 32, entries=21, requested_by="lena-legal", reader="auditor-3"
        )


class EvidenceExportedV1(Body):
    """A pack about one file was written. Its bytes are outside; this says which bytes they were."""

    model_config = ConfigDict(title="EvidenceExported")
    TYPE: ClassVar[str] = "evidence.exported.v1"
    asset: Digest
    pack_sha256: Digest
    entries: PositiveInt

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    def newest(self) -> EvidenceExported:
        return EvidenceExported(assets=(self.asset,), pack_sha256=self.pack_sha256, entries=self.entries)

    @classmethod
    def example(cls) -> EvidenceExportedV1:
        return cls(asset="55" * 32, pack_sha256="77" * 32, entries=21)
