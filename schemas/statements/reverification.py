"""What was cleared is looked at again: lists, certificates and rules change after a file was let go (SPEC S11.9)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Body, Digest, Id

CODES_MAX = 20  # reasons in one statement; who wants all asks for a verification
Verdict = Literal["allow", "deny"]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
State = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$", max_length=20)]


class ClearanceReverified(Body):
    """A clearance that stands would be answered otherwise now, or its file's manifest is worth something else. Whoever shows
    the file is told. It ends nothing by itself."""

    TYPE: ClassVar[str] = "clearance.reverified.v1"
    clearance: Id
    asset: Digest
    verdict: Verdict
    codes: Annotated[tuple[Code, ...], Field(max_length=CODES_MAX)] = ()
    """Why not, each once, in the order of their letters."""
    c2pa_state: State
    c2pa_ingredients_state: State

    @model_validator(mode="after")
    def _reasons(self) -> Self:
        if (self.verdict == "deny") != bool(self.codes):
            raise ValueError("a no has reasons, and a yes has none")
        if list(self.codes) != sorted(set(self.codes)):
            raise ValueError("codes are sorted, each once")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"clearance:{self.clearance}", f"asset:{self.asset}")

    @classmethod
    def example(cls) -> Self:
        return cls.model_validate(
            {
                "clearance": "019a9b00-0000-7000-8000-000000000004",
                "asset": "55" * 32,
                "verdict": "deny",
                "codes": ["rights_review_open"],
                "c2pa_state": "untrusted",
                "c2pa_ingredients_state": "none",
            }
        )
