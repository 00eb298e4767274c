"""Custody: every evidence pack that left the house, by digest."""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Body, Digest, PositiveInt


class EvidenceExported(Body):
    """A pack was written. Its bytes are outside; this says which bytes they were."""

    TYPE: ClassVar[str] = "evidence.exported.v1"
    asset: Digest
    pack_sha256: Digest
    entries: PositiveInt

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> EvidenceExported:
        return cls(asset="55" * 32, pack_sha256="77" * 32, entries=21)
