"""How a consent is shown on a terminal: its state first, then what is left of it, then what it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.cli.printing import facts, styled, table

if TYPE_CHECKING:
    from ops.cli.invocation import Invocation

REFUSED = 3
_STYLES = {"allowed": "bold green", "blocked": "bold red"}
_EFFECTS = {
    "none": "nothing to use",
    "stands": "had its ground and keeps it",
    "void": "never had a ground",
    "blocked": "nothing may be out there",
    "allowed": "allowed",
    "pause": "nothing is newly shown",
    "wind_down": "is wound down within 14 days of the end",
    "stop": "is taken down",
}


def show_consent(run: Invocation, consent: str, at: str | None, known_at: str | None) -> int:
    """Exit code 0 if it is in force at the instant, else 3."""
    from api.services.consents import consent_answer
    from api.services.dossier import caught_up
    from ops.cli.inputs import instant

    when, known = instant(at, "--at"), instant(known_at, "--known-at")
    with run.services() as services:
        caught_up(services)
        view = services.views.rights.consent(consent, when or services.clock.now(), known)
        found = consent_answer(view).model_dump(mode="json")
    run.answer(found, facts(_pairs(found)), lambda: _entries(found))
    return 0 if view.folded.in_force else REFUSED


def _pairs(found: dict[str, Any]) -> list[tuple[str, object]]:
    effect = found["effect"]
    pairs: list[tuple[str, object]] = [
        ("state", styled(found["state"].replace("_", " "), _STYLES[effect["future"]])),
        ("at", found["at"]),
        ("known at", found["known_at"]),
        ("person", found["person"]),
        ("used before", _EFFECTS[effect["past"]]),
        ("out there now", _EFFECTS[effect["present"]]),
        ("anything new", effect["future"]),
    ]
    if found["evidence"]:
        paper = "a signed document, weaker than the person's own key"
        pairs.append(("agreed with", "their own key" if found["evidence"] == "own_key" else paper))
    return [*pairs, *_scope(found["agreed"]), *_times(found)]


def _scope(agreed: dict[str, Any] | None) -> list[tuple[str, object]]:
    if agreed is None:
        return [("agreed to", "nothing")]
    pairs: list[tuple[str, object]] = [
        (name, ", ".join(agreed[name]) or "none left") for name in ("uses", "channels", "territories", "media")
    ]
    pairs += [("not in", ", ".join(agreed["not_in"]))] if agreed["not_in"] else []
    pairs += [("training", "agreed to")] if agreed["training"] else []
    return pairs + ([("final cut", "needs the person's yes")] if agreed["final_approval"] else [])


def _times(found: dict[str, Any]) -> list[tuple[str, object]]:
    terms: list[tuple[str, object]] = [
        (
            "renewed" if term["renewal"] else "term",
            f"{term['valid_from']} until {term['valid_until']} (exclusive), entry {term['entry_index']}",
        )
        for term in found["terms"]
    ]
    return terms + [
        (
            "suspended",
            f"{stop['cause'].replace('-', ' ')}; lift it as {stop['suspension']}, entry {stop['entry_index']}",
        )
        for stop in found["suspensions"]
    ]


def _entries(found: dict[str, Any]) -> Any:
    rows = [(one["entry_index"], f"countersign log receipt {one['entry_index']}") for one in found["proofs"]]
    return table("entry", "its proof", rows=rows)
