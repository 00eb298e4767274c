"""Generations: only under an approved brief and consents that are in force at this instant (SPEC S4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.briefs import approval, draft
from ledger.rules.consents import consent_state
from ledger.rules.guardrails import against_request
from ledger.rules.lineage import quarantine
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.rules.registries import weigh_registries
from ledger.statement import Said
from schemas.statements.generation import Cameo, GenerationFailed, GenerationRequested


def generation(history: History, name: str) -> tuple[Said, GenerationRequested] | None:
    """The request of a generation, or None."""
    found = bodies(history.about(f"generation:{name}", GenerationRequested), GenerationRequested)
    return found[0] if found else None


def accept_request(proposal: Proposal, body: GenerationRequested, history: History, at: datetime) -> None:
    """Lists every reason: the brief's and each cameo's."""
    if known := generation(history, body.generation):
        refuse("generation_known", f"generation {body.generation} was requested before", known[0].index)
    refuse_all(
        "the generation can't be requested",
        [
            *_brief(body, history),
            *_cameos(body, history, at),
            *against_request(history, body, at),
            *_references(body, history),
        ],
    )


def _brief(body: GenerationRequested, history: History) -> Iterator[Reason]:
    found = draft(history, body.brief, body.brief_version)
    if found is None:
        yield Reason("brief_unknown", f"brief {body.brief} has no version {body.brief_version}")
    elif approval(history, body.brief, body.brief_version) is None:
        yield Reason("brief_not_approved", f"version {body.brief_version} of the brief is not approved", found[0].index)


def _references(body: GenerationRequested, history: History) -> Iterator[Reason]:
    """A rejected file, and whatever was made from one, is no material for anything new."""
    for reference in body.references:
        if (said := quarantine(history, reference.sha256)) is not None:
            yield Reason("reference_rejected", "a reference, or what it was made from, was rejected", said.index)


def _cameos(body: GenerationRequested, history: History, at: datetime) -> Iterator[Reason]:
    for cameo in body.cameos:
        yield from _cameo(cameo, history, at)


def _cameo(cameo: Cameo, history: History, at: datetime) -> Iterator[Reason]:
    state = consent_state(history, cameo.consent, at)
    index = state.entries[-1] if state.entries else None
    if not state.in_force or state.grant is None:
        yield Reason(f"consent_{state.state}", state.sentence(), index)
    elif state.grant.person != cameo.person:
        yield Reason("person_mismatch", f"consent {cameo.consent} is not about {cameo.person}", index)
    elif not state.covers("media", "video"):
        yield Reason("consent_medium", f"consent {cameo.consent} does not cover video", index)
    for row in weigh_registries(history, (cameo.consent,), at):
        if row.outcome != "pass":
            yield Reason(row.code, row.detail, row.entries[-1])


def accept_failure(proposal: Proposal, body: GenerationFailed, history: History, at: datetime) -> None:
    """Only of a generation that was requested."""
    if generation(history, body.generation) is None:
        refuse("generation_unknown", f"generation {body.generation} was never requested")
