"""Clearance: a verdict on one file for one use, channel, territory and window, with every rule that was weighed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import ActorId, Body, Digest, Id, Instant, Line, NonNegativeInt, Shape, Slug, Territory
from schemas.statements.basis import OnBasis

Outcome = Literal["pass", "fail", "not_applicable", "not_checked"]


class Weighed(Shape):
    """One rule, what it said, and the indices of the entries it looked at."""

    rule: Slug
    outcome: Outcome
    code: Slug
    detail: Line
    entries: Annotated[tuple[NonNegativeInt, ...], Field(max_length=64)] = ()


class Question(Shape):
    """For this, here, then: `from` inclusive, `until` exclusive."""

    asset: Digest
    use: Slug
    channel: Slug
    territory: Territory
    valid_from: Instant
    valid_until: Instant

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until (exclusive) must lie after valid_from")
        return self


class ClearanceDecided(Body):
    """The shared part of the two answers."""

    clearance: Id
    question: Question
    decided_at: Instant
    rules: Slug
    """Version of the rules that weighed."""
    weighed: Annotated[tuple[Weighed, ...], Field(min_length=1, max_length=200)]
    consents: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    asked_by: ActorId | None = None
    """Who asked; the service answers. None when the ledger asked itself."""

    def tags(self) -> tuple[str, ...]:
        consents = (f"consent:{consent}" for consent in self.consents)
        return (f"clearance:{self.clearance}", f"asset:{self.question.asset}", *consents)

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "clearance": "019a9b00-0000-7000-8000-000000000004",
                "question": {
                    "asset": "55" * 32,
                    "use": "advertising",
                    "channel": "social",
                    "territory": "DE",
                    "valid_from": "2026-10-05T00:00:00Z",
                    "valid_until": "2026-11-01T00:00:00Z",
                },
                "decided_at": "2026-10-02T12:00:00Z",
                "rules": "1",
                "weighed": [
                    {
                        "rule": "consent",
                        "outcome": "pass",
                        "code": "consent_active",
                        "detail": "in force",
                        "entries": [4],
                    }
                ],
                "consents": ["019a9b00-0000-7000-8000-000000000001"],
                "asked_by": "pia-platform",
            }
        )


class ClearanceIssued(ClearanceDecided):
    """Yes: every rule passed for the whole window."""

    TYPE: ClassVar[str] = "clearance.issued.v1"


class ClearanceRefused(ClearanceDecided):
    """No: at least one rule failed or could not look. Recorded, because a no is evidence too."""

    TYPE: ClassVar[str] = "clearance.refused.v1"


class ClearanceRevoked(OnBasis):
    """A yes that no longer stands, and why."""

    TYPE: ClassVar[str] = "clearance.revoked.v2"
    clearance: Id
    asset: Digest
    cause: Literal[
        "consent-ended", "licence-ended", "contract-changed", "right-ended", "rejected", "dispute", "by-hand"
    ]
    detail: Line

    def tags(self) -> tuple[str, ...]:
        return (f"clearance:{self.clearance}", f"asset:{self.asset}", *self.basis_tags())

    @classmethod
    def example(cls) -> ClearanceRevoked:
        return cls(
            clearance="019a9b00-0000-7000-8000-000000000004",
            asset="55" * 32,
            cause="licence-ended",
            licence="019a9b00-0000-7000-8000-000000000012",
            detail="the licence was terminated on 2026-11-02",
        )


class ClearanceUpheld(OnBasis):
    """What a yes rested on ended or was narrowed, it was weighed anew, and it stands: something else covers it."""

    TYPE: ClassVar[str] = "clearance.upheld.v1"
    clearance: Id
    asset: Digest
    about: NonNegativeInt
    """The entry by which the licence ended or the contract changed."""

    @model_validator(mode="after")
    def _licensed(self) -> Self:
        if self.licence is None and self.contract is None:
            raise ValueError("a clearance is upheld after the end of a licence or the change of a contract")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"clearance:{self.clearance}", f"asset:{self.asset}", *self.basis_tags())

    @classmethod
    def example(cls) -> ClearanceUpheld:
        return cls(
            clearance="019a9b00-0000-7000-8000-000000000004",
            asset="55" * 32,
            licence="019a9b00-0000-7000-8000-000000000012",
            about=61,
        )
