"""The sentences of likeness and of the faces of files, in plain words; part of `projections.summaries`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from projections.wording import day, file
from schemas.statements import faces, likeness


def _permitted(body: likeness.LikenessPermitted) -> str:
    by = f"under guardrail {body.guardrail}" if body.guardrail else "by their word"
    return f"permitted that {body.person} is recognised by their face, {by}, until {day(body.retain_until)}"


def _destroyed(body: likeness.LikenessDestroyed) -> str:
    what = (
        f"the templates of {body.person}" if body.person else f"what was measured of faces in {file(body.asset or '')}"
    )
    return f"recorded that {what} were destroyed ({body.cause}), at {day(body.destroyed_at)}"


def _scanned(body: faces.LikenessScanned) -> str:
    if body.state in ("unsupported", "failed"):
        return f"could not look for faces in {file(body.asset)} ({body.ended_early or body.state})"
    return f"looked for faces in {file(body.asset)}: {len(body.faces)} found, {body.small + body.glimpses} not to be judged"


def _judged(body: faces.LikenessJudged) -> str:
    counts = Counter(one.finding for one in body.findings)
    found = ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "none"
    return f"judged the faces of {file(body.asset)} ({body.cause.replace('-', ' ')}): {found}"


SENTENCES: dict[type, Callable[[Any], str]] = {
    likeness.LikenessPermitted: _permitted,
    likeness.LikenessEnrolled: lambda b: f"enrolled the face of {b.person} from {b.references} pictures",
    likeness.LikenessWithdrawn: lambda b: f"took back that {b.person} is recognised by their face: {b.reason}",
    likeness.LikenessDestroyed: _destroyed,
    faces.LikenessScanned: _scanned,
    faces.LikenessJudged: _judged,
    faces.LikenessReviewed: lambda b: (
        f"looked at face {b.face} of {file(b.asset)}: {b.verdict.replace('-', ' ')}, {b.reason}"
    ),
    faces.LikenessSwept: lambda b: (
        f"compared {b.assets} files with enrolment {b.enrolment}: {b.matched} match, {b.not_compared} not compared"
    ),
}
