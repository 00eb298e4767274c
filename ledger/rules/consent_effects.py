"""The states of a consent, and what each does to past, present and future use: one table (SPEC S4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.statements.notice import NoticeOutcome

State = Literal[
    "unknown",
    "requested",
    "refused",
    "not_yet",
    "given",
    "renewed",
    "suspended",
    "expired",
    "withdrawn",
    "revoked",
    "invalidated",
]
Grade = Literal["own_key", "document"]
"""How we know that the person agreed: signed with their key (or passkey); or a paper that somebody recorded."""


@dataclass(frozen=True)
class Effect:
    """`past`: what was made and used before; `present`: what is out there now; `future`: whatever would be new.

    `stands`: it had, and keeps, its ground. `void`: it never had one. `none`: there was nothing to use.
    `wind_down`: ends within WIND_DOWN_DAYS. `stop`: take it down. `pause`: nothing is newly shown. `blocked`, `allowed`.
    """

    dpv: str | None
    past: Literal["none", "stands", "void"]
    present: Literal["blocked", "allowed", "pause", "wind_down", "stop"]
    future: Literal["blocked", "allowed"]


EFFECTS: dict[State, Effect] = {
    "unknown": Effect("ConsentUnknown", "none", "blocked", "blocked"),
    "requested": Effect("ConsentRequested", "none", "blocked", "blocked"),
    "refused": Effect("ConsentRefused", "none", "blocked", "blocked"),
    "not_yet": Effect("ConsentGiven", "none", "blocked", "blocked"),
    "given": Effect("ConsentGiven", "stands", "allowed", "allowed"),
    "renewed": Effect("RenewedConsentGiven", "stands", "allowed", "allowed"),
    "suspended": Effect(None, "stands", "pause", "blocked"),
    "expired": Effect("ConsentExpired", "stands", "wind_down", "blocked"),
    "withdrawn": Effect("ConsentWithdrawn", "stands", "stop", "blocked"),
    "revoked": Effect("ConsentRevoked", "stands", "stop", "blocked"),
    "invalidated": Effect("ConsentInvalidated", "void", "stop", "blocked"),
}
WIND_DOWN_DAYS = 14  # what ran its time out is given up in order; a grant has no words for another number (SPEC S4.5)
_ASKED: dict[str, tuple[NoticeOutcome, int]] = {
    "wind_down": ("wind-down", WIND_DOWN_DAYS),
    "stop": ("takedown", 0),
    "pause": ("pause", 0),
}


def asked_of_holders(state: State) -> tuple[NoticeOutcome, int]:
    """What whoever has something has to do when a consent comes into a state, and the days that a wind-down may take.

    Raises KeyError for a state in which nobody has to do anything.
    """
    return _ASKED[EFFECTS[state].present]


IN_FORCE: frozenset[State] = frozenset(state for state, effect in EFFECTS.items() if effect.future == "allowed")
ENDED: frozenset[State] = frozenset({"expired", "withdrawn", "revoked", "invalidated"})
OPEN: frozenset[State] = frozenset({"not_yet", "given", "renewed", "suspended"})
"""Given, and not over: what can be withdrawn, revoked, narrowed, suspended."""
