"""What newer versions of the extractors find in files that are here already (SPEC S15.3)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Body, Digest, Id, Line, NonNegativeInt, Shape, Slug
from schemas.statements.asset import FindingState
from schemas.statements.match import MatchDecision

CHANGES_MAX = 40  # as many as an examination has findings
MATCHES_MAX = 100  # more references near one file are a flood, which is set apart anyhow


class Made(Shape):
    """What a finding was made by, and what it said."""

    algorithm: Line
    version: Line
    state: FindingState


class FindingChange(Shape):
    """One extractor's word before and now; `before` None: it was not there yet."""

    extractor: Slug
    before: Made | None
    now: Made


class MatchChange(Shape):
    """A reference that the file is near in another way than before; `none` on one side: newly found, or lost."""

    match: Id
    """The `match.found.v1` that says it."""
    reference: Id
    before: MatchDecision
    now: MatchDecision


class AssetReexamined(Body):
    """A file whose examination `before` was made by older algorithms was examined again, as entry `now`, or could not be:
    `not_held`, its bytes are not here; `failed`, the file gave no answer, and the older examination stands."""

    TYPE: ClassVar[str] = "asset.reexamined.v1"
    asset: Digest
    specs_sha256: Digest
    """Blob: the algorithms and versions that were at work, as JSON."""
    outcome: Literal["examined", "not_held", "failed"]
    before: NonNegativeInt
    now: NonNegativeInt | None = None
    code: Slug | None = None
    """Why it failed."""
    changes: Annotated[tuple[FindingChange, ...], Field(max_length=CHANGES_MAX)] = ()
    matches: Annotated[tuple[MatchChange, ...], Field(max_length=MATCHES_MAX)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.outcome == "examined") != (self.now is not None):
            raise ValueError("an examination is named where there was one")
        if (self.outcome == "failed") != (self.code is not None):
            raise ValueError("what failed says why")
        if self.now is None and (self.changes or self.matches):
            raise ValueError("nothing changed where nothing was looked at")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}",)

    @classmethod
    def example(cls) -> Self:
        before = Made(algorithm="pdq256@512px/2fps", version="pdqhash 0.2.7", state="found")
        now = Made(algorithm="pdq256@512px/nonref-2fps", version="pdqhash 0.2.8", state="found")
        match, reference = "019a9b00-0000-7000-8000-000000000062", "019a9b00-0000-7000-8000-000000000061"
        return cls(
            asset="11" * 32,
            specs_sha256="88" * 32,
            outcome="examined",
            before=80,
            now=95,
            changes=(FindingChange(extractor="pdq", before=before, now=now),),
            matches=(MatchChange(match=match, reference=reference, before="none", now="copy"),),
        )
