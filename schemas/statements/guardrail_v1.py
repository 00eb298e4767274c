"""The first shape of a match with the do-not-generate list, which named no place. It never changes (SPEC S5.10, ADR 020)."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import ConfigDict

from schemas.base import Body, Digest, Line
from schemas.statements.guardrail import GuardrailFinding, GuardrailMatched


class GuardrailMatchedV1(Body):
    """A file that is here already falls under an entry: found by its prompt, or near the entry's reference media."""

    model_config = ConfigDict(title="GuardrailMatched")
    TYPE: ClassVar[str] = "guardrail.matched.v1"
    asset: Digest
    finding: GuardrailFinding
    spec: Line

    def tags(self) -> tuple[str, ...]:
        return (f"asset:{self.asset}", f"guardrail:{self.finding.guardrail}")

    def newest(self) -> GuardrailMatched:
        return GuardrailMatched.model_validate(dict(self))

    @classmethod
    def example(cls) -> Self:
        finding = {"guardrail": "019a9b00-0000-7000-8000-000000000013", "method": "misspelt", "score": 92}
        return cls.model_validate({"asset": "11" * 32, "finding": finding, "spec": "wordscreen/1"})
