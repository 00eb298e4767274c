"""A rights review: may this file be used at all, as far as rights go? One case, one answer, superseded by a newer one only."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import LIST_ITEMS_MAX, Body, Digest, Id, Instant, Line, Slug, Territory

Lines = Annotated[tuple[Line, ...], Field(max_length=20)]


class RightsReviewOpened(Body):
    """Somebody has doubts. Until the case is decided the answer is no."""

    TYPE: ClassVar[str] = "rightsreview.opened.v1"
    review: Id
    asset: Digest
    doubt: Line

    def tags(self) -> tuple[str, ...]:
        return (f"rightsreview:{self.review}", f"asset:{self.asset}")

    @classmethod
    def example(cls) -> RightsReviewOpened:
        return cls(
            review="019a9b00-0000-7000-8000-000000000014",
            asset="11" * 32,
            doubt="a painting in the background may be protected",
        )


class RightsReviewDecided(Body):
    """Allow or deny, and nothing between. Never edited: a newer decision names the one that it takes the place of."""

    TYPE: ClassVar[str] = "rightsreview.decided.v1"
    review: Id
    asset: Digest
    decision: Literal["allow", "deny"]
    reasons: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    conditions: Lines = ()
    """In words, for people: what the rules can't weigh."""
    uses: Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)] = ()
    channels: Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)] = ()
    territories: Annotated[tuple[Territory, ...], Field(max_length=300)] = ()
    """Allowed for these only; none: not limited."""
    expires_at: Instant | None = None
    """Exclusive: from this instant on an allow is none any more."""
    supersedes_sha256: Digest | None = None
    """The payload of the decision that this one takes the place of."""

    @model_validator(mode="after")
    def _denied_for_all(self) -> Self:
        limits = (*self.conditions, *self.uses, *self.channels, *self.territories)
        if self.decision == "deny" and (limits or self.expires_at is not None):
            raise ValueError("a deny has no conditions, limits or end; a newer decision takes its place")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"rightsreview:{self.review}", f"asset:{self.asset}")

    @classmethod
    def example(cls) -> RightsReviewDecided:
        return cls.model_validate(
            {
                "review": "019a9b00-0000-7000-8000-000000000014",
                "asset": "11" * 32,
                "decision": "allow",
                "reasons": ["the painter died in 1931"],
                "conditions": ["not as the main motif"],
                "territories": ["DE", "FR"],
                "expires_at": "2027-01-01T00:00:00Z",
            }
        )
