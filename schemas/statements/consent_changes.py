"""What becomes of a consent that was given: renewed, narrowed, suspended, resumed; and the person's yes to a cut."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import LIST_ITEMS_MAX, Body, Digest, Id, Instant, Line, Slug, Territory
from schemas.statements.consent import Medium, SignedDocument

Taken = Annotated[tuple[Slug, ...], Field(max_length=LIST_ITEMS_MAX)]
_CONSENT, _SUSPENSION = "019a9b00-0000-7000-8000-000000000001", "019a9b00-0000-7000-8000-000000000009"


class ConsentChange(Body):
    """The shared part: which consent, whose."""

    consent: Id
    person: Slug

    def tags(self) -> tuple[str, ...]:
        return (f"consent:{self.consent}", f"person:{self.person}")


class ConsentRenewed(ConsentChange):
    """The person agrees again, for another time, to what they had agreed to. Widens nothing else."""

    TYPE: ClassVar[str] = "consent.renewed.v1"
    valid_from: Instant
    valid_until: Instant
    document: SignedDocument | None = None

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until (exclusive) must lie after valid_from")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "consent": _CONSENT,
                "person": "p-7f3a",
                "valid_from": "2026-12-01T00:00:00Z",
                "valid_until": "2027-03-01T00:00:00Z",
            }
        )


class ConsentNarrowed(ConsentChange):
    """The person takes part of it back: these uses, channels, territories and media are no longer agreed to."""

    TYPE: ClassVar[str] = "consent.narrowed.v1"
    uses: Taken = ()
    channels: Taken = ()
    territories: Annotated[tuple[Territory, ...], Field(max_length=300)] = ()
    media: Annotated[tuple[Medium, ...], Field(max_length=3)] = ()
    training_use: bool = False
    """True: training on it is no longer agreed to."""
    reason: Line

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.uses or self.channels or self.territories or self.media or self.training_use):
            raise ValueError("name what is taken back")
        return self

    @classmethod
    def example(cls) -> Self:
        return cls(consent=_CONSENT, person="p-7f3a", territories=("FR",), reason="not in France any more")


class ConsentSuspended(ConsentChange):
    """Nothing happens under it until this suspension is lifted. Several may stand at once."""

    TYPE: ClassVar[str] = "consent.suspended.v1"
    suspension: Id
    cause: Literal["by-person", "dispute", "investigation", "term-changed"]
    reason: Line

    @classmethod
    def example(cls) -> Self:
        return cls(
            consent=_CONSENT,
            person="p-7f3a",
            suspension=_SUSPENSION,
            cause="dispute",
            reason="she says that the cut shows more than was agreed",
        )


class ConsentResumed(ConsentChange):
    """Lifts one suspension: the person their own, legal every other, with what was found."""

    TYPE: ClassVar[str] = "consent.resumed.v1"
    suspension: Id
    reason: Line

    @classmethod
    def example(cls) -> Self:
        return cls(consent=_CONSENT, person="p-7f3a", suspension=_SUSPENSION, reason="the cut was changed")


class ConsentCutApproved(ConsentChange):
    """The person saw exactly these bytes and agrees that they be used (where they kept that right)."""

    TYPE: ClassVar[str] = "consent.cut-approved.v1"
    asset: Digest

    def tags(self) -> tuple[str, ...]:
        return (*super().tags(), f"asset:{self.asset}")

    @classmethod
    def example(cls) -> Self:
        return cls(consent=_CONSENT, person="p-7f3a", asset="55" * 32)
