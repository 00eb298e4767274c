"""What of a consent travels in every format, and how it is read back: one shape between the log and all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ledger.errors import Misuse
from ledger.rules.consent_states import ConsentState
from schemas.base import format_instant, parse_instant
from schemas.statements.consent import ConsentRequested, ConsentScope

LISTS = ("uses", "channels", "territories", "media")
OPTIONAL = (
    "actions",
    "setting",
    "zone",
    "compensation",
    "exclusivity",
    "exclusive_category",
    "final_approval",
    "represented_by",
    "notice",
    "business_reason",
    "training_use",
    "post_mortem",
    "survives_engagement",
    "governing_law",
)
"""Terms that no other format has words for; they travel under our own name, so that nothing is lost between two of us."""


@dataclass(frozen=True)
class Terms:
    """What is agreed to now, after every narrowing and renewal; for a consent not given yet, what was asked for."""

    consent: str
    person: str
    specific_description: str
    lists: dict[str, tuple[str, ...]]
    valid_from: datetime
    valid_until: datetime
    rest: dict[str, Any]

    def window(self) -> tuple[str, str]:
        return format_instant(self.valid_from), format_instant(self.valid_until)


def terms_of(state: ConsentState) -> Terms:
    """Raises Misuse `consent_empty` when nothing was ever asked for."""
    scope: ConsentScope | None = state.grant or state.request
    if scope is None:
        raise Misuse("consent_empty", f"nothing was asked for under consent {state.consent}", "Check the number.")
    given = state.grant is not None
    lists = {name: state.left(name) if given else tuple(getattr(scope, name)) for name in LISTS}
    starts = min((term.valid_from for term in state.terms), default=scope.valid_from)
    ends = state.valid_until or scope.valid_until
    body = scope.as_json()
    rest = {name: body[name] for name in OPTIONAL if name in body}
    if given:
        rest["training_use"] = state.training_use
    return Terms(scope.consent, scope.person, scope.specific_description, lists, starts, ends, rest)


def request_of(found: dict[str, Any]) -> ConsentRequested:
    """A request with these terms. Raises Misuse `import_incomplete` naming the members that are missing or wrong."""
    try:
        return ConsentRequested.model_validate(found)
    except ValidationError as error:
        named = sorted({".".join(map(str, item["loc"])) or "terms" for item in error.errors(include_input=False)})
        what = f"it does not say, or not in our shape: {', '.join(named)}"
        raise Misuse("import_incomplete", what, "Ask whoever sent it, or write the request by hand.") from None


def instant(value: object) -> str:
    """An instant of another house in our spelling. Raises Misuse `import_instant`."""
    try:
        return format_instant(parse_instant(value))
    except (ValueError, TypeError):
        raise Misuse("import_instant", "an instant in it is not RFC 3339 in UTC", "Zones are not guessed.") from None
