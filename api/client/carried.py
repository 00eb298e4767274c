"""A pass that came inside a file: taken out of the manifest whose signature holds over the whole file (SPEC S11.11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.client.looking import Seen, look
from ledger.errors import Refused, Unavailable, Untrusted
from ledger.proof.canonical import canonical
from ledger.proof.passsubject import Essence

_HOLDS: Final = frozenset(
    {"trusted", "untrusted"}
)  # whom to believe is said by the log's keys, not by lists of authorities


@dataclass(frozen=True)
class Carried:
    """What stood in the manifest, unproven: the pass's bytes, and which clearance to ask about once it is over."""

    document: bytes
    essence: Essence
    clearance: str


def carried_in(file: Path) -> Carried:
    """Raises Refused `pass_not_carried`, Untrusted `manifest_tampered`, `manifest_expired`, Unavailable `essence_not_checked`,
    `manifest_not_checked`, and what `look` raises.
    """
    seen = look(file)
    _check_manifest(seen)
    said = seen.assertion or {}
    if not isinstance(said.get("pass"), dict):
        raise _none("the file's manifest carries no pass")
    if seen.essence_sha256 is None or seen.certificate_sha256 is None:
        raise Unavailable("essence_not_checked", "what the file shows could not be computed", "Ask the ledger.")
    essence = Essence(seen.essence_sha256, seen.essence_algorithm, seen.certificate_sha256)
    return Carried(canonical(said["pass"]), essence, str(said.get("clearance")))


def _check_manifest(seen: Seen) -> None:
    if seen.state in ("absent", "unsupported"):
        raise _none("the file has no manifest")
    for word in (seen.state, seen.ingredients_state):
        if word in ("tampered", "expired"):
            raise Untrusted(f"manifest_{word}", f"the file's manifest, or one below it, is {word}", "Don't show it.")
    if seen.state not in _HOLDS:
        raise Unavailable("manifest_not_checked", f"the file's manifest is {seen.state}", "Ask the ledger.")


def _none(what: str) -> Refused:
    return Refused("pass_not_carried", what, "Ask for a pass, or ask the ledger.")
