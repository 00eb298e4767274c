"""The log's own keys, turned: the new ones, and the word of every old one for them (SPEC S7.20)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Base64, Body, Line
from schemas.statements.actor import Vkey

Vkeys = Annotated[tuple[Vkey, ...], Field(min_length=2, max_length=2)]
RotationReason = Literal[
    "scheduled",
    "suspected-theft",  # the old keys may be in other hands too: from here on they prove nothing by themselves
]


class LogKeysRotated(Body):
    """New keys sign the log's checkpoints from this entry on; every old key endorsed them."""

    TYPE: ClassVar[str] = "log.keys-rotated.v1"
    origin: Line
    size: Annotated[int, Field(ge=1, le=2**53 - 1)]
    """How many entries stand before this one: its own place."""
    root: Base64
    """The root of the tree before this entry."""
    reason: RotationReason
    old_vkeys: Vkeys
    new_vkeys: Vkeys
    """C2SP verifier keys under the log's name: Ed25519 first, then ML-DSA-44."""
    endorsements: Annotated[tuple[Base64, ...], Field(min_length=2, max_length=2)]
    """Signatures by the old keys, in their order, over the text of SPEC S7.21."""

    def tags(self) -> tuple[str, ...]:
        return ("log:keys",)

    @classmethod
    def example(cls) -> LogKeysRotated:
        name = "countersign.example/studio"
        return cls(
            origin=name,
            size=7,
            root="x7nBfHsqPRzHrCD6GDiEHsHBKoPSaW43zgOvtxW7rYY=",
            reason="scheduled",
            old_vkeys=(f"{name}+00000000+AQ==", f"{name}+00000001+Bg=="),
            new_vkeys=(f"{name}+00000002+AQ==", f"{name}+00000003+Bg=="),
            endorsements=("AQ==", "Bg=="),
        )
