"""Which rules of law and of the trade this ledger applies: said by legal, by the digest of the pack (SPEC S4.14)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints

from schemas.base import Body, Digest, Instant, Line, Slug

ENTRIES_MAX = 200  # switched by hand in one statement; a pack has some thirty
PackVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{1,2}(\.[0-9]{1,3})?$")]


class RulePackAdopted(Body):
    """From `effective_at` on, these entries of this version of a pack apply. The newest adoption of a pack counts."""

    TYPE: ClassVar[str] = "rulepack.adopted.v1"
    pack: Slug
    version: PackVersion
    pack_sha256: Digest
    """The bytes of the pack's file: a pack never changes under its number."""
    switched_on: Annotated[tuple[Slug, ...], Field(max_length=ENTRIES_MAX)] = ()
    switched_off: Annotated[tuple[Slug, ...], Field(max_length=ENTRIES_MAX)] = ()
    """Against the pack's own default; entries named nowhere keep it."""
    effective_at: Instant
    reason: Line

    def tags(self) -> tuple[str, ...]:
        return ("rulepack:all", f"rulepack:{self.pack}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "pack": "law",
                "version": "2026.11",
                "pack_sha256": "cc" * 32,
                "switched_on": ["us-no-fakes"],
                "switched_off": ["cn-labelling"],
                "effective_at": "2026-11-23T00:00:00Z",
                "reason": "counsel went through the list for the spring campaign",
            }
        )
