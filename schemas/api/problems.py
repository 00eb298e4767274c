"""How the API says no: RFC 9457 problem documents with a stable code."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from schemas.base import Shape

PROBLEM_TYPE = "application/problem+json"


def example(value: dict[str, Any]) -> ConfigDict:
    """The closed, frozen shape with one believable instance in its JSON Schema."""
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [value]})


class ReasonShape(Shape):
    """One rule's word: a stable code, a sentence, and the index of the entry behind it (null when nothing is)."""

    code: str
    detail: str
    entry_index: int | None = None


class Problem(Shape):
    """RFC 9457. Match on `code`; `detail` says what happened, `do` what to do about it."""

    model_config = example(
        {
            "type": "urn:countersign:error:asset_unknown",
            "title": "NotFound",
            "status": 404,
            "code": "asset_unknown",
            "detail": "no file with this digest is in the ledger",
            "do": "Import it first.",
            "reasons": [],
        }
    )

    type: str
    title: str
    status: int
    code: str
    detail: str
    do: str
    reasons: tuple[ReasonShape, ...]


class RefusedClearance(Problem):
    """`clearance_refused`: every reason, and where the refusal itself is recorded."""

    model_config = example(
        {
            "type": "urn:countersign:error:clearance_refused",
            "title": "Refused",
            "status": 409,
            "code": "clearance_refused",
            "detail": "the rules do not allow it",
            "do": "Every reason is listed.",
            "reasons": [{"code": "territory_out_of_scope", "detail": "US; agreed: DE, FR", "entry_index": 12}],
            "clearance": "019a9b00-0000-7000-8000-000000000009",
            "entry_index": 31,
        }
    )

    clearance: str
    entry_index: int
