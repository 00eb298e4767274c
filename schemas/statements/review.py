"""Approvals and rejections at the gates. Both bind the file's digest, never a name: new bytes need a new look."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from schemas.base import Body, Digest, Line

Gate = Literal["brand", "rights", "legal"]


class Review(Body):
    """The shared part: one gate, one file, one opinion."""

    asset: Digest
    gate: Gate
    comment: Line

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> Self:
        return cls(asset="11" * 32, gate="brand", comment="logo whole, palette as briefed")


class ReviewApproved(Review):
    """Yes, at one gate, for exactly these bytes."""

    TYPE: ClassVar[str] = "review.approved.v1"


class ReviewRejected(Review):
    """Closes the file and everything derived from it, at any stage."""

    TYPE: ClassVar[str] = "review.rejected.v1"
