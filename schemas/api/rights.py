"""Answers about the do-not-generate list and about why a file may be used."""

from __future__ import annotations

from schemas.api.problems import example
from schemas.base import Shape

_DIGEST = "11" * 32


class MatchShape(Shape):
    """A file that falls under an entry, itself or by what it was made from."""

    asset_sha256: str
    method: str
    score: int
    made_from: str | None = None
    """The file that matched, where this one was made from it."""
    entry_index: int


class GuardrailAnswer(Shape):
    """An entry of the do-not-generate list. A person's names are sealed and never in here."""

    model_config = example(
        {
            "guardrail": "019a9b00-0000-7000-8000-000000000013",
            "kind": "person",
            "person": "p-2c19",
            "label": None,
            "reason": "asked us in writing never to be imitated",
            "counsel": "lena-legal",
            "effective_from": "2026-10-01T00:00:00.000000Z",
            "effective_until": None,
            "standing": True,
            "swept_upto": 40,
            "entry_index": 12,
            "matches": [
                {"asset_sha256": _DIGEST, "method": "misspelt", "score": 92, "made_from": None, "entry_index": 14}
            ],
        }
    )

    guardrail: str
    kind: str
    person: str | None
    label: str | None
    reason: str
    counsel: str
    effective_from: str
    effective_until: str | None
    standing: bool
    swept_upto: int | None
    """Up to which entry of the log everything was looked through for it; None: nothing was yet."""
    entry_index: int
    matches: tuple[MatchShape, ...]


class GuardrailsAnswer(Shape):
    """The entries that stand at an instant, oldest first."""

    model_config = example({"at": "2026-10-05T00:00:00.000000Z", "guardrails": []})

    at: str
    guardrails: tuple[GuardrailAnswer, ...]
