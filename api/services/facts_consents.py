"""Sections of facts.json: how each consent stood at generation, at publication and now; what ended, and who was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from api.services.facts_scene import Scene
from ledger.history import bodies
from ledger.rules.consent_states import CONSENT_KINDS, PERSON_KINDS, fold
from ledger.rules.consents import consent_at, consent_state
from ledger.rules.endings import ending_of
from ledger.statement import Said
from schemas.base import Id
from schemas.facts import EndingFact, StatusFact, ToldFact
from schemas.statements.clearance import ClearanceIssued, ClearanceRevoked
from schemas.statements.licence import LicenceEnded, LicenceExpired
from schemas.statements.notice import NoticeAcknowledged, NoticeDelivered, NoticeIssued, NoticeOverdue
from schemas.statements.placement import PlacementRecorded

Told = list[tuple[Said, NoticeIssued]]


def status_of(scene: Scene) -> Iterator[StatusFact]:
    """In the order of time, each consent at each moment once; those now come last."""
    found = [*_at_generation(scene), *_at_publication(scene)]
    yield from sorted(found, key=lambda one: (one.at, one.entry or 0, one.consent))
    for asset in scene.assets:
        for consent in dict.fromkeys((*scene.cameos(asset), *_placed_under(scene, asset))):
            state = consent_state(scene.history, consent, scene.at)
            scope = state.grant or state.request
            if scope is not None:
                told = {"consent": consent, "person": scope.person, "asset": asset, "moment": "now", "at": scene.at}
                yield StatusFact.model_validate({**told, "state": state.state, "state_known_now": state.state})


def _at_generation(scene: Scene) -> Iterator[StatusFact]:
    for said, request, asset in scene.origins:
        for cameo in request.cameos:
            yield from _status(scene, cameo.consent, asset, "generation", said.recorded_at, said)


def _at_publication(scene: Scene) -> Iterator[StatusFact]:
    for said, placed in scene.said(PlacementRecorded):
        for consent in placed.consents:
            yield from _status(scene, consent, placed.asset, "publication", placed.starts_at, said)


def _placed_under(scene: Scene, asset: str) -> tuple[Id, ...]:
    return tuple(one for _, body in scene.said(PlacementRecorded) if body.asset == asset for one in body.consents)


def _status(scene: Scene, consent: str, asset: str, moment: str, at: datetime, said: Said) -> Iterator[StatusFact]:
    """As the log knew it when `said` was recorded, and as is known now: only an invalidation reaches back."""
    about = scene.history.about(f"consent:{consent}", *CONSENT_KINDS)
    people = {getattr(one.body, "person", "") for one in about[:1]}
    persons = [one for name in people for one in scene.history.about(f"person:{name}", *PERSON_KINDS)]
    known = [one for one in about if one.index < said.index]
    then = fold(consent, known, [one for one in persons if one.index < said.index], at)
    now, scope = consent_at(scene.history, consent, at), then.grant or then.request
    if scope is not None:
        told = {"consent": consent, "person": scope.person, "asset": asset, "moment": moment, "at": at}
        states = {"state": then.state, "state_known_now": now.state}
        yield StatusFact.model_validate({**told, **states, "entry": said.index})


def endings_of(scene: Scene) -> Iterator[EndingFact]:
    """Ends of what the files rest on and of their clearances, oldest first, each with who was told of it."""
    notices = scene.said(NoticeIssued)
    yield from sorted((*_consent_ends(scene, notices), *_licence_ends(scene, notices), *_revoked(scene)), key=_entry)


def _entry(one: EndingFact) -> int:
    return one.entry


def _consent_ends(scene: Scene, notices: Told) -> Iterator[EndingFact]:
    named = {cameo.consent for _, request, _ in scene.origins for cameo in request.cameos}
    named |= {one for _, body in scene.said(PlacementRecorded) for one in body.consents}
    named |= {one for _, body in scene.said(ClearanceIssued) for one in body.consents}
    for consent in sorted(named):
        for said in scene.history.about(f"consent:{consent}", *CONSENT_KINDS):
            if (end := ending_of(said)) is not None:
                told = tuple(_told(scene, notices, said))
                yield EndingFact(
                    kind="consent", subject=consent, how=end.kind, at=end.ended_at, entry=said.index, told=told
                )


def _licence_ends(scene: Scene, notices: Told) -> Iterator[EndingFact]:
    named = {one for _, body in scene.said(PlacementRecorded) for one in body.licences}
    for licence in sorted(named):
        for said in scene.history.about(f"licence:{licence}", LicenceEnded, LicenceExpired):
            body = said.body
            expired = isinstance(body, LicenceExpired)
            at = body.expired_at if isinstance(body, LicenceExpired) else said.recorded_at
            how = "expired" if expired else str(getattr(body, "cause", "ended"))
            told = tuple(_told(scene, notices, said))
            yield EndingFact(kind="licence", subject=licence, how=how, at=at, entry=said.index, told=told)


def _revoked(scene: Scene) -> Iterator[EndingFact]:
    for said, body in scene.said(ClearanceRevoked):
        yield EndingFact(
            kind="clearance", subject=body.clearance, how=body.cause, at=said.recorded_at, entry=said.index
        )


def _told(scene: Scene, notices: Told, about: Said) -> Iterator[ToldFact]:
    for said, issued in notices:
        if issued.about == about.index:
            yield _answered(scene, said, issued)


def _answered(scene: Scene, said: Said, issued: NoticeIssued) -> ToldFact:
    after = scene.history.about(f"notice:{issued.notice}")
    delivered, answers = bodies(after, NoticeDelivered), bodies(after, NoticeAcknowledged)
    return ToldFact(
        notice=issued.notice,
        holder=issued.holder,
        issued_at=said.recorded_at,
        due_at=issued.due_at,
        delivered_at=delivered[0][0].recorded_at if delivered else None,
        acknowledged_at=answers[-1][0].recorded_at if answers else None,
        done=answers[-1][1].done if answers else None,
        overdue=bool(bodies(after, NoticeOverdue)),
        entry=said.index,
    )
