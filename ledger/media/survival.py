"""What of a file's signals a rendition still has: two examinations in, four columns out. One column never fills another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.media.findings import Examination
from schemas.statements.drift import Outcome, Survival

HOLDS: Final = frozenset({"trusted", "untrusted", "expired"})
"""A manifest that fits its bytes; whom one believes is another question, and does not change in a transcoder."""


@dataclass(frozen=True)
class Likeness:
    """How the rendition's picture compares with its source's, by the same policy that finds copies."""

    word: str
    permille: int


def c2pa(before: Examination, after: Examination) -> Survival:
    """Stripped (`absent` after a manifest that held) is `lost`; one that is left and no longer fits is `invalid`."""
    was, now = before.c2pa.state, after.c2pa.state
    return Survival(outcome=_c2pa(was, now), before=was, after=now)


def _c2pa(was: str, now: str) -> Outcome:
    if was == "absent":
        return "not_present"
    if was not in HOLDS:
        return "not_checked"
    if now in HOLDS:
        return "survived"
    return {"absent": "lost", "tampered": "invalid"}.get(now, "not_checked")  # type: ignore[return-value]


def mark(name: str, before: Examination, after: Examination) -> Survival:
    """A visible mark or an invisible watermark, by the finding of that name."""
    return of_states(before.finding(name).state, after.finding(name).state)


def of_states(was: str, now: str) -> Survival:
    """Two findings' states."""
    outcome: Outcome = "not_checked"
    if was == "absent":
        outcome = "not_present"
    elif was == "found" and now in ("found", "absent"):
        outcome = "survived" if now == "found" else "lost"
    return Survival(outcome=outcome, before=was, after=now)


def fingerprint(before: Examination, likeness: Likeness | None) -> Survival:
    """`likeness` is None where either has no frames to compare."""
    was = "found" if before.fingerprints and before.fingerprints.frames else "not_checked"
    if likeness is None or was == "not_checked":
        return Survival(outcome="not_checked", before=was, after="not_checked")
    return Survival(outcome="survived" if likeness.word == "copy" else "lost", before=was, after=likeness.word)
