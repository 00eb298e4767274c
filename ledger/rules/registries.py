"""Outside consent registries: once one was asked about a consent, only its fresh yes is a yes (SPEC S5.14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ledger.history import History, bodies
from ledger.rules.consents import consent_state
from ledger.rules.proposal import CLOCK_SKEW_MAX, Proposal, refuse
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import Weighed
from schemas.statements.registry import RegistryAnswered

FRESH_MAX = timedelta(days=1)  # an answer older than this says what was, not what is


def answers(history: History, consent: str) -> list[tuple[Said, RegistryAnswered]]:
    """Of each registry that was ever asked about a consent, its newest answer."""
    newest: dict[str, tuple[Said, RegistryAnswered]] = {}
    for said, body in bodies(history.about(f"consent:{consent}", RegistryAnswered), RegistryAnswered):
        newest[body.registry] = (said, body)
    return list(newest.values())


def accept_answer(proposal: Proposal, body: RegistryAnswered, history: History, at: datetime) -> None:
    """About a known consent, given now, and good for a day at most."""
    if consent_state(history, body.consent, at).state == "unknown":
        refuse("consent_unknown", f"nothing is recorded about consent {body.consent}")
    if abs(at - body.answered_at) > CLOCK_SKEW_MAX:
        refuse("answer_stale", "an answer is recorded when it comes; ask again")
    if body.fresh_until - body.answered_at > FRESH_MAX:
        refuse("answer_fresh_too_long", f"an answer is good for {FRESH_MAX} at most")


def weigh_registries(history: History, consents: Iterable[str], at: datetime) -> Iterator[Weighed]:
    """One row an answer; nothing where no registry was ever asked."""
    for consent in consents:
        for said, body in answers(history, consent):
            yield _weigh_answer(said, body, at)


def _weigh_answer(said: Said, body: RegistryAnswered, at: datetime) -> Weighed:
    detail = (
        f"{body.registry} says {body.status} of consent {body.consent}, good until {format_instant(body.fresh_until)}"
    )
    if body.status in ("ended", "unknown"):
        return weigh("registry", "fail", f"registry_{body.status}", detail, said.index)
    if body.status == "unavailable":
        return weigh("registry", "not_checked", "registry_unavailable", detail, said.index)
    if at >= body.fresh_until:
        return weigh("registry", "not_checked", "registry_answer_stale", detail, said.index)
    return weigh("registry", "pass", "registry_given", detail, said.index)
