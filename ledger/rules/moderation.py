"""Providers' filters and our own: both recorded, and a provider's ok is never a yes (SPEC S5.12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.generations import generation
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.statements.clearance import Weighed
from schemas.statements.generation import GenerationRequested
from schemas.statements.moderation import GenerationModerated

HOUSE = frozenset({"service", "reviewer", "ip-steward", "legal"})
"""Who may speak for the house's own check: nobody who asks for generations."""


def accept_moderation(proposal: Proposal, body: GenerationModerated, history: History, at: datetime) -> None:
    if (found := generation(history, body.generation)) is None:
        refuse("generation_unknown", f"generation {body.generation} was never requested")
    if body.by == "house" and (not proposal.roles & HOUSE or found[0].actor == proposal.actor):
        refuse("moderation_not_yours", "whoever asks for generations does not check them", found[0].index)


def weigh_moderation(history: History, requests: Sequence[tuple[Said, GenerationRequested]]) -> Iterator[Weighed]:
    """Of each filter the newest word. Ours must not be missing where it was begun; a provider's no is a no as well."""
    rows = [row for _, request in requests for row in _of_generation(history, request.generation)]
    yield from rows or [weigh("moderation", "not_applicable", "no_moderation", "no filter's word is recorded")]


def _of_generation(history: History, name: str) -> Iterator[Weighed]:
    newest: dict[tuple[str, str], tuple[Said, GenerationModerated]] = {}
    for said, body in bodies(history.about(f"generation:{name}", GenerationModerated), GenerationModerated):
        newest[body.by, body.source] = (said, body)
    for said, body in newest.values():
        detail = f"{body.source} ({body.by}) said {body.outcome.replace('_', ' ')}"
        if body.outcome in ("flagged", "blocked"):
            yield weigh("moderation", "fail", f"moderation_{body.by}_{body.outcome}", detail, said.index)
        elif body.by == "provider":
            yield weigh("moderation", "not_applicable", "provider_does_not_decide", detail, said.index)
        elif body.outcome == "ok":
            yield weigh("moderation", "pass", "moderation_house_ok", detail, said.index)
        else:
            yield weigh("moderation", "not_checked", "moderation_house_not_checked", detail, said.index)
