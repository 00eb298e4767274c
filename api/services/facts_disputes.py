"""The section of facts.json on disputes: what is claimed, copies that were seen, notices and their clocks, the decision."""

from __future__ import annotations

from collections.abc import Iterator

from api.services.facts_scene import Scene
from ledger.history import bodies
from ledger.rules.disputes import DisputeState, dispute_state
from schemas.facts_disputes import ClockFact, DisputeFact, SightingFact
from schemas.statements.dispute import DisputeAnswered, DisputeNotified, DisputeOpened, DisputeSighted


def disputes_of(scene: Scene) -> Iterator[DisputeFact]:
    """Of every file of the family, each once, in the order in which they were opened."""
    for _, opened in scene.said(DisputeOpened):
        state = dispute_state(scene.history, opened.dispute)
        if state is not None:
            yield _dispute(scene, state)


def _dispute(scene: Scene, state: DisputeState) -> DisputeFact:
    opening, decided = state.opening, state.decided[1] if state.decided else None
    return DisputeFact(
        dispute=state.dispute,
        kind=opening.kind,
        matter=opening.matter,
        claim=opening.claim,
        parties=tuple(f"{one.name} ({one.role})" for one in opening.parties),
        assets=opening.assets,
        state="closed" if state.closed else decided.outcome if decided else "open",
        held=state.closed is None,
        sightings=tuple(_sightings(state)),
        notices=tuple(said.index for said, _ in bodies(state.about, DisputeNotified)),
        clocks=tuple(_clocks(scene, state)),
        outcome=decided.outcome if decided else None,
        reason=decided.reason if decided else None,
        entry=state.opened.index,
    )


def _sightings(state: DisputeState) -> Iterator[SightingFact]:
    names = ("sighting", "asset", "platform", "seen_at", "capture", "captured_sha256", "matched_by", "match", "place")
    for said, body in bodies(state.about, DisputeSighted):
        yield SightingFact.model_validate({**{name: getattr(body, name) for name in names}, "entry": said.index})


def _clocks(scene: Scene, state: DisputeState) -> Iterator[ClockFact]:
    notices = {body.notice: (said, body) for said, body in bodies(state.about, DisputeNotified)}
    answers = {body.notice: body for _, body in bodies(state.about, DisputeAnswered)}
    for one in state.clocks(scene.at):
        (said, notice), answer = notices[one.notice], answers.get(one.notice)
        yield ClockFact(
            notice=one.notice,
            event=notice.event,
            rule=f"{one.clock.pack} {one.clock.version} {one.clock.entry}",
            received_at=one.received_at,
            due_at=one.clock.due_at,
            state=one.state,
            done=answer.done if answer else None,
            done_at=answer.done_at if answer else None,
            entry=said.index,
        )
