"""Answers about the do-not-generate list, about why a file may be used, and about labels that viewers see."""

from __future__ import annotations

from typing import Literal

from schemas.api.problems import ReasonShape, example
from schemas.base import Shape
from schemas.statements.guardrail import MediaPlace

_DIGEST = "11" * 32


class MatchShape(Shape):
    """A file that falls under an entry, itself or by what it was made from."""

    asset_sha256: str
    method: str
    score: int
    made_from: str | None = None
    """The file that matched, where this one was made from it."""
    place: MediaPlace | None = None
    """Where in the file and in the reference media; null where there is no place."""
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


class WhyNode(Shape):
    """A thing on the way. `stands`: it lets the use happen."""

    key: str
    kind: str
    label: str
    state: str
    stands: bool
    entry_index: int | None


class WhyLink(Shape):
    """One thing leads to another, as an entry says."""

    source: str
    target: str
    word: str
    entry_index: int | None


class WhyAnswer(Shape):
    """`answer` is yes with at least one path, or no with the reasons. The graph is what was found either way."""

    model_config = example(
        {
            "asset_sha256": _DIGEST,
            "at": "2026-10-05T00:00:00.000000Z",
            "use": "advertising",
            "channel": "social",
            "territory": "DE",
            "answer": "no",
            "paths": [],
            "reasons": [{"code": "clearance_missing", "detail": "nobody cleared this use", "entry_index": None}],
            "nodes": [
                {
                    "key": "party:label-north",
                    "kind": "party",
                    "label": "label-north",
                    "state": "",
                    "stands": True,
                    "entry_index": 12,
                }
            ],
            "links": [
                {
                    "source": "party:label-north",
                    "target": "right:019a9b00-0000-7000-8000-000000000011",
                    "word": "holds",
                    "entry_index": 12,
                }
            ],
        }
    )

    asset_sha256: str
    at: str
    use: str
    channel: str
    territory: str
    answer: Literal["yes", "no"]
    paths: tuple[tuple[str, ...], ...]
    reasons: tuple[ReasonShape, ...]
    nodes: tuple[WhyNode, ...]
    links: tuple[WhyLink, ...]


class LabelShape(Shape):
    """A placement and its label. `mismatch`: viewers see another label than they should, or nobody looked."""

    placement: str
    asset_sha256: str
    platform: str
    url: str | None
    expected: str | None
    shown: str | None
    mismatch: Literal["none", "label_differs", "label_not_observed", "label_contradicts_origin"]
    entry_index: int


class LabelsAnswer(Shape):
    """Labels of the placements that were not ended, mismatches first."""

    model_config = example({"at": "2026-10-05T00:00:00.000000Z", "mismatches": 0, "placements": []})

    at: str
    mismatches: int
    placements: tuple[LabelShape, ...]
