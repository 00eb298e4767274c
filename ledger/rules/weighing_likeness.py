"""Faces in a decision: did something look, and is everybody whom it saw allowed to be in this file now? (SPEC S14)

An engine's no is a question to a person, and its yes is no more than the threshold gives (docs/faces.md): what it could not
see or compare is left to the person at the rights gate, a face that nobody answers for blocks until somebody looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.faces import (
    Requests,
    Scan,
    embeddings_gone,
    finding_now,
    newest_judgement,
    newest_scan,
    review_of,
)
from ledger.rules.likeness import Enrolment, standing
from ledger.rules.lineage import same_essence
from ledger.rules.reviews import approvals
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.statements.clearance import Weighed
from schemas.statements.faces import FaceFinding, LikenessJudged, LikenessSwept

ROWS_MAX = 20  # faces named one by one; what is against comes first


def scanned(history: History, asset: str) -> Scan | None:
    """The newest scan of these bytes, or of others with the same picture and sound."""
    return next((scan for name in same_essence(history, asset) if (scan := newest_scan(history, name))), None)


def likeness_scan(history: History, asset: str, examined: Said) -> Weighed:
    """An engine saw all of it, or the person at the rights gate did. `not_checked` otherwise."""
    scan = scanned(history, asset)
    if scan is not None and (missed := _missed(scan)) is None:
        return weigh("likeness_scan", "pass", f"faces_{scan[1].state}", "an engine looked for faces", scan[0].index)
    why = "no engine looked for faces" if scan is None else f"the engine could not judge all of it ({missed})"
    entries = (examined.index,) if scan is None else (examined.index, scan[0].index)
    looked = [
        entry for name in same_essence(history, asset) for entry, r in approvals(history, name) if r.gate == "rights"
    ]
    if looked:
        detail = (
            f"{why}; the person at the rights gate did"
            if scan is None
            else f"{why}; a person looked at the rights gate"
        )
        return weigh("likeness_scan", "pass", "faces_seen_by_person", detail, *entries, looked[0].index)
    code, detail = ("faces_not_checked", "nothing looked for faces") if scan is None else ("faces_incomplete", why)
    return weigh("likeness_scan", "not_checked", code, detail, *entries)


def _missed(scan: Scan) -> str | None:
    body = scan[1]
    if body.state not in ("found", "absent"):
        return body.ended_early or body.state
    if body.ended_early:
        return f"it ended early: {body.ended_early}"
    if body.small or body.glimpses:
        return f"{body.small} too small to compare, {body.glimpses} in one frame only"
    return None


def weigh_likeness(history: History, asset: str, requests: Requests, at: datetime) -> Iterator[Weighed]:
    """A row for each face; none where nothing was scanned, or no face was measured."""
    scan = scanned(history, asset)
    if scan is None or not scan[1].faces:
        return
    judgement = newest_judgement(history, scan[1])
    if judgement is None:
        detail = f"faces were found ({len(scan[1].faces)}) and not held against anybody"
        yield weigh("likeness", "not_checked", "likeness_not_judged", detail, scan[0].index)
        return
    rows = [_row(history, scan, judgement[0], one, requests, at) for one in judgement[1].findings]
    rows += _not_compared(history, scan, judgement, at)
    yield from sorted(rows, key=lambda row: row.outcome == "pass")[:ROWS_MAX]


def _row(history: History, scan: Scan, judged: Said, one: FaceFinding, requests: Requests, at: datetime) -> Weighed:
    reviewed = review_of(history, scan[1], one.face)
    named = (scan[0].index, judged.index, *((reviewed[0].index,) if reviewed else ()))
    seen = scan[1].faces[one.face - 1]
    where = f"face {one.face} ({seen.first_ms} to {seen.last_ms} ms)"
    if reviewed is not None:
        outcome = "fail" if reviewed[1].verdict == "off-list" else "pass"
        code = f"likeness_{reviewed[1].verdict.replace('-', '_')}"
        return weigh("likeness", outcome, code, f"{where}: {reviewed[0].actor} looked and says so", *named)
    now = finding_now(history, scan[1], one, requests, at)
    if now.finding == "consented":
        return weigh("likeness", "pass", "likeness_consented", f"{where}: {now.person} agreed to this", *named)
    if now.finding == "unconsented":
        detail = f"{where}: taken for {now.person}, who has not agreed to this file; a person should look"
        return weigh("likeness", "fail", "likeness_unconsented", detail, *named)
    detail = f"{where}: nobody enrolled; a person has to say what it is"
    return weigh("likeness", "not_checked", "likeness_unmatched", detail, *named)


def _not_compared(
    history: History, scan: Scan, judgement: tuple[Said, LikenessJudged], at: datetime
) -> Iterator[Weighed]:
    """Somebody was enrolled after the faces were judged, and nobody compared them yet."""
    waiting = [one for one in standing(history, at) if not _compared(history, one, scan, judgement[1])]
    if waiting:
        detail = f"not compared yet with who was enrolled since ({len(waiting)})"
        entries = [one.said.index for one in waiting]
        yield weigh("likeness", "not_checked", "likeness_not_compared", detail, judgement[0].index, *entries)


def _compared(history: History, one: Enrolment, scan: Scan, judgement: LikenessJudged) -> bool:
    if scan[1].engine is None or one.body.engine.model_sha256 != scan[1].engine.model_sha256:
        return False  # two engines' numbers do not compare: enrol again, or scan again
    if one.said.index < judgement.as_of:
        return True
    sweeps = bodies(history.about(f"enrolment:{one.body.enrolment}", LikenessSwept), LikenessSwept)
    gone = embeddings_gone(history, scan[1])
    return any(body.upto > scan[0].index and (gone is None or gone.index > said.index) for said, body in sweeps)
