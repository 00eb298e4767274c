"""Rule packs as they stand, and the labels that they ask for."""

from __future__ import annotations

from schemas.api.problems import example
from schemas.base import Shape

_ENTRY = {
    "pack": "law",
    "version": "2026.11",
    "id": "eu-ai-act-50-4",
    "kind": "label",
    "title": "A deployer says that a deepfake is artificially generated or manipulated",
    "citation": "Regulation (EU) 2024/1689, Art. 50(4)",
    "confidence": "V2",
    "since": "2026-08-02T00:00:00.000000Z",
    "until": None,
    "where": ["AT", "BE", "DE"],
    "in_force": True,
}
_DATED = {
    **_ENTRY,
    "id": "us-il-bipa",
    "kind": "retention",
    "title": "Face and voice templates go when their purpose ends, three years after the last contact at the latest",
    "citation": "740 ILCS 14/15(a)",
    "since": "2008-10-03T00:00:00.000000Z",
    "where": ["US-IL"],
}
_CLOCK = {
    **_ENTRY,
    "id": "in-it-rules-order",
    "kind": "timer",
    "title": "An order is carried out within 3 hours",
    "citation": "India, G.S.R. 120(E)",
    "since": "2026-02-20T00:00:00.000000Z",
    "where": ["IN"],
}
_LABEL = {"text": "AI-generated", "form": "visible", "seconds_min": 0, "exceptions": ["artistic"], "rule": _ENTRY}


class RuleShape(Shape):
    """One dated, cited entry. `in_force`: adopted, switched on, and its time has come."""

    pack: str
    version: str
    id: str
    kind: str
    title: str
    citation: str
    confidence: str
    since: str
    until: str | None
    where: tuple[str, ...]
    in_force: bool


class PackShape(Shape):
    """One version of a pack. Legal adopts it by its digest."""

    pack: str
    version: str
    sha256: str
    disclaimer: str
    adopted: bool
    entries: tuple[RuleShape, ...]


class RulesAnswer(Shape):
    """Every pack that is here, and what of it applies at an instant. Nothing in it is legal advice."""

    model_config = example(
        {
            "at": "2026-11-23T09:30:00.000000Z",
            "packs": [
                {
                    "pack": "law",
                    "version": "2026.11",
                    "sha256": "cc" * 32,
                    "disclaimer": "A reading of the rules for software. Nothing here is legal advice.",
                    "adopted": True,
                    "entries": [_ENTRY],
                }
            ],
        }
    )

    at: str
    packs: tuple[PackShape, ...]


class LabelShape(Shape):
    """What has to be shown or written into the file; `text` is empty where the rule gives none."""

    text: str
    form: str
    seconds_min: int
    exceptions: tuple[str, ...]
    rule: RuleShape


class LabelsAnswer(Shape):
    """The labels for one market, channel and use. `not_checked`: nobody adopted a rule pack, which is not "none"."""

    model_config = example(
        {
            "at": "2026-11-23T09:30:00.000000Z",
            "territory": "DE",
            "channel": "social",
            "use": "advertising",
            "outcome": "decided",
            "labels": [_LABEL],
            "entries": [41],
            "disclaimer": "A reading of the rules for software. Nothing here is legal advice.",
        }
    )

    at: str
    territory: str
    channel: str
    use: str
    outcome: str
    labels: tuple[LabelShape, ...]
    entries: tuple[int, ...]
    disclaimer: str


class StatutoryDateShape(Shape):
    """What of somebody is due by when (exclusive). `held`: a legal hold stands on them, so nothing is erased meanwhile."""

    what: str
    person: str
    due_at: str
    because: str
    overdue: bool
    held: bool
    rule: RuleShape


class TimerShape(Shape):
    """How many hours an event leaves at most."""

    event: str
    hours_max: int
    rule: RuleShape


class RulesDueAnswer(Shape):
    """Dates that the rules in force set, soonest first, and the clocks that an event starts. No legal advice."""

    model_config = example(
        {
            "at": "2026-11-23T09:30:00.000000Z",
            "dates": [
                {
                    "what": "erase-references",
                    "person": "p-7f3a",
                    "due_at": "2026-12-15T00:00:00.000000Z",
                    "because": "the last purpose ends",
                    "overdue": False,
                    "held": False,
                    "rule": _DATED,
                }
            ],
            "dates_count": 1,
            "timers": [{"event": "order", "hours_max": 3, "rule": _CLOCK}],
            "disclaimer": "A reading of the rules for software. Nothing here is legal advice.",
        }
    )

    at: str
    dates: tuple[StatutoryDateShape, ...]
    dates_count: int
    """Of all that there are, however many stand here."""
    timers: tuple[TimerShape, ...]
    disclaimer: str
