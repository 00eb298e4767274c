"""The first shape of a sighting, which told the place of a match in words only. It never changes (SPEC S17, ADR 020)."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, model_validator

from schemas.base import Digest, Id, Instant, Line, Slug
from schemas.statements.dispute import DisputeSighted, DisputeStatement, MatchedBy
from schemas.statements.placement import PublicUrl


class DisputeSightedV1(DisputeStatement):
    """A copy was seen somewhere; what was captured of it is a blob. Of which file it is a copy, and how we know."""

    model_config = ConfigDict(title="DisputeSighted")
    TYPE: ClassVar[str] = "dispute.sighted.v1"
    sighting: Id
    asset: Digest
    platform: Slug
    url: PublicUrl | None = None
    url_sha256: Digest | None = None
    seen_at: Instant
    capture: Literal["file", "screenshot", "page"]
    captured_sha256: Digest
    matched_by: MatchedBy
    match: Line

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_sha256 is None):
            raise ValueError("an address stands here, or its digest where it is private: exactly one")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"dispute:{self.dispute}", f"sighting:{self.sighting}", f"asset:{self.asset}")

    def newest(self) -> DisputeSighted:
        return DisputeSighted.model_validate(dict(self))

    @classmethod
    def example(cls) -> Self:
        words = {name: value for name, value in DisputeSighted.example() if name != "place"}
        return cls.model_validate(words)
