"""The states of a consent, and what each does to past, present and future use: one table (SPEC S4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    `wind_down`: as each licence says it ends. `stop`: take it down. `pause`: nothing is newly shown. `blocked`, `allowed`.
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
IN_FORCE: frozenset[State] = frozenset(state for state, effect in EFFECTS.items() if effect.future == "allowed")
ENDED: frozenset[State] = frozenset({"expired", "withdrawn", "revoked", "invalidated"})
OPEN: frozenset[State] = frozenset({"not_yet", "given", "renewed", "suspended"})
"""Given, and not over: what can be withdrawn, revoked, narrowed, suspended."""
