"""The sentences of reference media and matches, in plain words; part of `projections.summaries`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.media.soundprint import STEP_US
from ledger.rules.references import way_of
from projections.wording import file
from schemas.statements import match, reference


def _registered(body: reference.ReferenceRegistered) -> str:
    if body.kind == "likeness":
        return f"enrolled a picture of {body.person} as reference {body.reference}: {body.basis}"
    what = f"“{body.title}”" if body.title else file(body.media or "")
    whose = f" of {body.owner}" if body.owner else ""
    kind = "what may not be generated" if body.guardrail else "a known work"
    by = " and ".join(body.ways)
    return f"registered {what}{whose} as reference {body.reference} ({kind}, compared by {by}): {body.basis}"


def _swept(body: reference.ReferenceSwept) -> str:
    if body.flooded:
        return f"found {body.found} files near reference {body.reference}: too many to name, none is"
    counts = f"{body.found} near, {body.changed} changed"
    by = _by(body.algorithm)
    return f"looked through {body.files} files for reference {body.reference}{by}: {counts}"


def _compared(body: match.MatchCompared) -> str:
    if body.flooded:
        return f"set {file(body.asset)} apart: it is near {body.found} references, too many to name"
    counts = f"{body.found} near, {body.changed} changed"
    return f"compared {file(body.asset)} with {body.references} references{_by(body.algorithm)}: {counts}"


def _found(body: match.MatchFound) -> str:
    if body.decision == "none":
        by = _by(body.algorithm)
        return f"found that {file(body.asset)} is not near reference {body.reference}{by} any more under the present policy"
    if way_of(body.algorithm) == "sound":
        seconds = round(body.frames_matched * STEP_US / 1e6)
        told = f"{seconds} seconds from {body.asset_ms / 1000:.0f} s on, {body.distance_median} of 256 bits apart"
        return f"found that {file(body.asset)} holds the sound of reference {body.reference}: {body.decision} ({told})"
    frames = f"{body.frames_matched} of {body.frames_compared} frames, {body.distance_median} bits apart"
    return f"found that {file(body.asset)} is a {body.decision} of reference {body.reference} ({frames})"


def _by(algorithm: str) -> str:
    return " by sound" if way_of(algorithm) == "sound" else ""


def _reviewed(body: match.MatchReviewed) -> str:
    what = f"reference {body.reference}" if body.reference else "all of it"
    words = {"same": "shows it and should not", "innocent": "shows it and may", "different": "does not show it"}
    return f"looked at {file(body.asset)} and {what}: it {words[body.verdict]}; {body.comment}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    reference.ReferenceRegistered: _registered,
    reference.ReferenceWithdrawn: lambda b: f"withdrew reference {b.reference}: {b.reason}",
    reference.ReferenceSwept: _swept,
    match.MatchCompared: _compared,
    match.MatchFound: _found,
    match.MatchReviewed: _reviewed,
}
