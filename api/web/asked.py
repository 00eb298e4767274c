"""The consents that somebody speaks for, as their own page shows them: whole, in words, with what they may say now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from api.services.services import Services
from api.web.uses import Uses, uses_of
from ledger.rules.consent_effects import OPEN
from ledger.statement import read_entry
from projections.rights_answers import ConsentView
from schemas.base import format_instant
from schemas.statements.consent import ConsentGranted, ConsentRefused, ConsentScope, ConsentWithdrawn
from schemas.statements.erasure import SubjectErasureRequested

_SHOWN_APART = frozenset({"consent", "person", "specific_description", "valid_from", "valid_until"})
_NARROWED = frozenset({"uses", "channels", "territories", "media"})
_REASON = "said on the person's own page"


@dataclass(frozen=True)
class Asked:
    """A consent as its person sees it: what was asked in words, where it stands, and what they may say about it now."""

    view: ConsentView
    description: str
    valid_from: str
    valid_until: str
    scope: tuple[tuple[str, str], ...]
    entry_index: int
    words: tuple[tuple[str, str, str], ...]
    """(label, tone, statement as JSON) of each thing that they may say with their own key."""
    parts: tuple[tuple[str, str], ...]
    """(which list, value) of what can be taken back without taking back all."""
    uses: Uses
    """What was made of it so far."""


def asked_of(services: Services, actor: str) -> list[Asked]:
    """Every consent of everybody for whom the actor speaks now, the newest first."""
    at = services.clock.now()
    views = [
        view
        for person in services.views.rights.people_of(actor)
        for view in services.views.rights.consents_of(person, at)
    ]
    return [_asked(services, view) for view in reversed(views)]


def _asked(services: Services, view: ConsentView) -> Asked:
    """From the statement that stands, member by member, so that nothing in it goes unshown; less what was taken back since."""
    scope = view.granted or view.requested
    assert scope is not None  # noqa: S101  a consent is known from its request
    said = read_entry(services.ledger.store.entry(scope.entry_index))
    assert isinstance(said.body, ConsentScope)  # noqa: S101
    body = said.body.as_json()
    left = {name: list(view.folded.left(name)) for name in _NARROWED if view.granted}
    rows = [(name, _shown(left.get(name, value))) for name, value in sorted(body.items()) if name not in _SHOWN_APART]
    until = view.folded.valid_until if view.granted else None
    return Asked(
        view,
        said.body.specific_description,
        body["valid_from"],
        format_instant(until) if until else body["valid_until"],
        tuple(rows),
        said.index,
        tuple(_words(body, view)),
        tuple(_parts(view)),
        uses_of(services, view.consent, view.at),
    )


def _parts(view: ConsentView) -> list[tuple[str, str]]:
    """The last of a list is not a part: taking it back is taking back the whole."""
    if view.state not in OPEN:
        return []
    left = ((name, view.folded.left(name)) for name in sorted(_NARROWED))
    return [(name, value) for name, values in left if len(values) > 1 for value in values]


def _words(body: dict[str, Any], view: ConsentView) -> list[tuple[str, str, str]]:
    ended = {"consent": view.consent, "person": view.person, "reason": _REASON}
    if view.state == "requested":
        given = {name: value for name, value in body.items() if name in ConsentGranted.model_fields}
        return [
            ("Give this consent", "main", _statement(ConsentGranted.TYPE, given)),
            ("Refuse", "quiet", _statement(ConsentRefused.TYPE, ended)),
        ]
    return [("Take it all back", "quiet", _statement(ConsentWithdrawn.TYPE, ended))] if view.state in OPEN else []


def forgetting(person: str) -> str:
    """The statement by which a person asks to be forgotten; carried out by the operator (SPEC S6.6)."""
    return _statement(SubjectErasureRequested.TYPE, {"person": person, "ground": "consent-withdrawn"})


def _statement(wire_type: str, body: dict[str, Any]) -> str:
    return json.dumps({"type": wire_type, "body": body})


def _shown(value: Any) -> str:
    """Lists as people write them, yes and no as words, what has members by its members."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_shown(part)}" for name, part in value.items())
    return str(value)
