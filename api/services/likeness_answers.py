"""Faces of a file and enrolments of a person, as they are told: the same words in the API, the command and the page."""

from __future__ import annotations

from datetime import datetime

from api.services.services import Services
from ledger.errors import NotFound
from ledger.history import History
from ledger.rules.faces import Scan, finding_now, newest_judgement, requests_behind, review_of
from ledger.rules.likeness import Enrolment, ends, enrolment
from ledger.rules.lineage import arrival
from ledger.rules.people import first_known
from ledger.rules.weighing_likeness import scanned, weigh_likeness
from schemas.api.likeness import EnrolmentShape, FaceShape, LikenessAnswer, PersonLikeness
from schemas.base import format_instant
from schemas.statements.likeness import Engine, LikenessEnrolled


def likeness_answer(services: Services, asset: str) -> LikenessAnswer:
    """Raises NotFound `asset_unknown`."""
    history, at = services.ledger.history(), services.clock.now()
    if arrival(history, asset) is None:
        raise NotFound("asset_unknown", f"no file with the digest {asset} is in the ledger", "Import it first.")
    scan = scanned(history, asset)
    body = scan[1] if scan else None
    return LikenessAnswer(
        asset_sha256=asset,
        state=body.state if body else "not_checked",
        scan=body.scan if body else None,
        engine=_engine(body.engine) if body and body.engine else None,
        scanned_at=format_instant(scan[0].recorded_at) if scan else None,
        frames=body.frames if body else 0,
        until_ms=body.until_ms if body else 0,
        ended_early=body.ended_early if body else None,
        small=body.small if body else 0,
        glimpses=body.glimpses if body else 0,
        keep_until=format_instant(body.keep_until) if body and body.keep_until else None,
        outcome=_outcome(history, asset, scan, at),
        faces=tuple(_face(history, scan, number, at) for number in range(1, len(body.faces) + 1))
        if scan and body
        else (),
    )


def _outcome(history: History, asset: str, scan: Scan | None, at: datetime) -> str:
    if scan is None or scan[1].state not in ("found", "absent"):
        return "not_checked"
    found = {row.outcome for row in weigh_likeness(history, asset, requests_behind(history, asset), at)}
    return next((word for word in ("fail", "not_checked") if word in found), "pass")


def _face(history: History, scan: Scan, number: int, at: datetime) -> FaceShape:
    body, judged = scan[1], newest_judgement(history, scan[1])
    seen, reviewed = body.faces[number - 1], review_of(history, body, number)
    raw = judged[1].findings[number - 1] if judged else None
    now = finding_now(history, body, raw, requests_behind(history, body.asset), at) if raw else None
    return FaceShape(
        face=number,
        **seen.model_dump(),
        finding=now.finding if now else "not_judged",
        person=now.person if now else None,
        consent=now.consent if now else None,
        distance_permille=now.distance_permille if now else None,
        verdict=reviewed[1].verdict if reviewed else None,
        crop=f"/v1/assets/{body.asset}/faces/{number}",
    )


def person_likeness(services: Services, person: str) -> PersonLikeness:
    """Raises NotFound `person_unknown`, Unavailable."""
    history, at = services.ledger.history(), services.clock.now()
    if first_known(history, person) is None:
        raise NotFound("person_unknown", f"nobody is registered or listed as {person}", "Check the pseudonym.")
    made = [said.body for said in history.about(f"person:{person}", LikenessEnrolled)]
    found = [enrolment(history, body.enrolment) for body in made if isinstance(body, LikenessEnrolled)]
    shapes = tuple(_enrolment(history, one, at) for one in found if one is not None)
    return PersonLikeness(person=person, enrolments=shapes, files=tuple(services.views.likeness.files_with(person)))


def _enrolment(history: History, one: Enrolment, at: datetime) -> EnrolmentShape:
    return EnrolmentShape(
        enrolment=one.body.enrolment,
        permission=one.body.permission,
        person=one.body.person,
        basis=one.permission.basis,
        references=one.body.references,
        engine=_engine(one.body.engine),
        retain_until=format_instant(one.permission.retain_until),
        ended=next(ends(history, one, at), None),
        destroyed=one.destroyed is not None,
        entry_index=one.said.index,
    )


def _engine(engine: Engine) -> str:
    return f"{engine.name} ({engine.version})"
