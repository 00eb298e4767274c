"""Whose C2PA signatures and time stamps this ledger believes, said by whoever answers for it (SPEC S11.1)."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from schemas.base import Body, Digest, Instant, Line, PositiveInt, Slug

ListKind = Literal["signer", "tsa"]
"""Who may vouch for claim signers, and who for time stamps. One never stands in for the other."""


class TrustListImported(Body):
    """From this entry on these authorities are believed. The newest import under a name counts."""

    TYPE: ClassVar[str] = "trust.list-imported.v1"
    list: Slug
    """Its name here; another import under the same name takes its place."""
    kind: ListKind
    list_sha256: Digest
    """Blob: the PEM file, byte for byte."""
    certificates: PositiveInt
    until: Instant | None = None
    """Sunset, exclusive: from then on it vouches for nothing that is asked about now. What was signed before keeps its verdict
    at signing time. It may lie in the past."""
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return ("trust:all", f"trust:{self.list}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "list": "interim-signers",
                "kind": "signer",
                "list_sha256": "dd" * 32,
                "certificates": 1,
                "until": "2026-06-01T00:00:00Z",
                "reason": "clips of 2025 were signed under it, before their issuer was on the official list",
            }
        )
