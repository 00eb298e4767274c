"""Files near reference media: what was compared, what was found, and what a person who looked says of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, Slug

MatchDecision = Literal["exact", "copy", "confirmed", "candidate", "none"]
"""`none`: an earlier policy or algorithm called it a match, this one does not."""
MatchVerdict = Literal["same", "innocent", "different"]
"""`same`: it shows the reference, and should not. `innocent`: it shows it and may. `different`: it does not show it."""


class MatchCompared(Body):
    """The service compared a file, examined in entry `as_of`, with every reference that stands and was registered before that.

    `flooded`: so many were near that none is named; the file is set apart until somebody looks.
    """

    TYPE: ClassVar[str] = "match.compared.v1"
    asset: Digest
    as_of: NonNegativeInt
    policy: Digest
    algorithm: Line
    references: NonNegativeInt
    found: NonNegativeInt
    changed: NonNegativeInt
    flooded: bool = False

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> MatchCompared:
        return cls(
            asset="11" * 32,
            as_of=80,
            policy="79" * 32,
            algorithm="pdq256@512px/nonref-2fps",
            references=4,
            found=1,
            changed=1,
        )


class MatchFound(Body):
    """A file is near a reference. Follows from the stored codes of both under the policy that is named by its digest."""

    TYPE: ClassVar[str] = "match.found.v1"
    match: Id
    asset: Digest
    reference: Id
    decision: MatchDecision
    policy: Digest
    algorithm: Line
    transform: Slug = "plain"
    """How the reference's frames were turned before they fit, or how fast the file's sound runs: `speed-1030`, 3 % too fast."""
    distance_median: Annotated[int, Field(strict=True, ge=0, le=256)]
    """In bits of 256, over the matched frames; of sound, wrong bits in 256 over all that lines up."""
    frames_matched: NonNegativeInt
    """Of sound: sub-fingerprints, about eight a second."""
    frames_compared: NonNegativeInt
    asset_ms: NonNegativeInt
    """Where the match begins in the file, and in the reference."""
    reference_ms: NonNegativeInt
    geometry: Literal["found", "absent", "not_checked"] = "not_checked"
    """Whether local features of both bear it out: then a candidate is `confirmed`."""
    index_codes: NonNegativeInt
    """Codes that were looked through, or sounds: false matches grow with them."""
    false_per_billion: NonNegativeInt
    """How many unrelated codes, in 10^9 such searches, would be as near to one frame by chance (upper bound of 95 %); of sound,
    how many unrelated sounds would be as near to the file."""

    def tags(self) -> tuple[str, ...]:
        return (f"match:{self.match}", f"asset:{self.asset}", f"reference:{self.reference}")

    @classmethod
    def example(cls) -> MatchFound:
        return cls(
            match="019a9b00-0000-7000-8000-000000000062",
            asset="11" * 32,
            reference="019a9b00-0000-7000-8000-000000000061",
            decision="copy",
            policy="79" * 32,
            algorithm="pdq256@512px/nonref-2fps",
            distance_median=12,
            frames_matched=9,
            frames_compared=20,
            asset_ms=1_500,
            reference_ms=0,
            index_codes=480,
            false_per_billion=120,
        )


class MatchReviewed(Body):
    """What a person who looked says of one match, or of a file that was near too many references. The newest word counts.

    `innocent` and `different` stay with the pair of file and reference: later matches of the two are not asked about again.
    """

    TYPE: ClassVar[str] = "match.reviewed.v1"
    match: Id | None = None
    asset: Digest
    reference: Id | None = None
    verdict: MatchVerdict
    comment: Line

    @model_validator(mode="after")
    def _of_a_match_or_of_a_flood(self) -> Self:
        if (self.match is None) != (self.reference is None):
            raise ValueError("a match is reviewed with its reference, a flooded file without either")
        return self

    def tags(self) -> tuple[str, ...]:
        match = (f"match:{self.match}", f"reference:{self.reference}") if self.match else ()
        return (f"asset:{self.asset}", *match)

    @classmethod
    def example(cls) -> MatchReviewed:
        return cls(
            match="019a9b00-0000-7000-8000-000000000062",
            asset="11" * 32,
            reference="019a9b00-0000-7000-8000-000000000061",
            verdict="innocent",
            comment="our own trailer, licensed for this campaign",
        )
