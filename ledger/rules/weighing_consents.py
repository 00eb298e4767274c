"""The people in a file: is each consent in force, does what is left of it cover the question, do the rules of law agree?

Weighed in `decision`. A rule pack that can't be read is `not_checked`, which blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ledger.errors import Unavailable
from ledger.history import History, bodies
from ledger.rules.consent_states import ConsentState
from ledger.rules.consent_terms import Terms, gaps_of, terms_of
from ledger.rules.consents import consent_state
from ledger.rules.lineage import same_essence
from ledger.rules.medium import medium
from ledger.rules.rulepacks import HOUSE, Entry, adoptions, entries_in_force
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.clearance import Question, Weighed
from schemas.statements.consent_changes import ConsentCutApproved
from schemas.statements.generation import Cameo, GenerationRequested

TRAINING = frozenset({"training", "model-training"})
"""Uses that feed a model; agreed to apart from everything else."""


def weigh_consents(
    history: History, question: Question, requests: list[tuple[Said, GenerationRequested]], at: datetime
) -> Iterator[Weighed]:
    """Every person named behind the file. O(the consents in it)."""
    cameos = {cameo.consent: cameo for _, request in requests for cameo in request.cameos}
    if not cameos:
        yield weigh("consent", "not_applicable", "no_cameo", "no likeness is named for this file")
    for cameo in cameos.values():
        state = consent_state(history, cameo.consent, at)
        yield _in_force(state, cameo)
        if state.grant is not None:
            yield from _in_scope(state, question)
            yield _medium(history, state, question)
            yield from _final_cut(history, state, question)
            yield _by_the_packs(history, state, question, at)


def _in_force(state: ConsentState, cameo: Cameo) -> Weighed:
    if not state.in_force:
        return weigh("consent", "fail", f"consent_{state.state}", state.sentence(), *state.entries)
    if state.grant is None or state.grant.person != cameo.person:
        detail = f"consent {cameo.consent} is not about {cameo.person}"
        return weigh("consent", "fail", "person_mismatch", detail, *state.entries)
    paper = "; agreed to on paper, not with the person's own key" if state.grade == "document" else ""
    return weigh("consent", "pass", f"consent_{state.state}", state.sentence() + paper, *state.entries)


def _in_scope(state: ConsentState, question: Question) -> Iterator[Weighed]:
    for name, member, asked in (
        ("use", "uses", question.use),
        ("channel", "channels", question.channel),
        ("territory", "territories", question.territory),
    ):
        inside = state.covers(member, asked)
        yield _scope(state, name, inside, f"{asked}; agreed: {', '.join(state.left(member)) or 'nothing'}")
    terms = (f"{format_instant(one.valid_from)} until {format_instant(one.valid_until)}" for one in state.terms)
    window = state.covers_window(question.valid_from, question.valid_until)
    yield _scope(state, "window", window, f"agreed from {', and from '.join(terms)} (exclusive)")
    if question.use in TRAINING and state.covers("uses", question.use):
        yield _scope(state, "training", state.training_use, "training is agreed to apart from other uses")


def _scope(state: ConsentState, name: str, inside: bool, detail: str, *more: int | None) -> Weighed:
    outcome, code = ("pass", f"{name}_in_scope") if inside else ("fail", f"{name}_out_of_scope")
    narrowed = (index for index, _ in state.narrowings)
    renewed = (term.entry_index for term in state.terms)
    return weigh(f"consent_{name}", outcome, code, detail, state.granted_by, *narrowed, *renewed, *more)


def _medium(history: History, state: ConsentState, question: Question) -> Weighed:
    """What the file is, by its examination. Where nobody could look, nothing is agreed to."""
    found = medium(history, question.asset)
    agreed = f"agreed: {', '.join(state.left('media')) or 'nothing'}"
    inside = state.covers("media", found.name)
    row = _scope(state, "medium", inside, f"{found.name or 'unknown'}; {agreed}", found.entry_index)
    return row if found.name else row.model_copy(update={"outcome": "not_checked", "code": "medium_unknown"})


def _final_cut(history: History, state: ConsentState, question: Question) -> Iterator[Weighed]:
    """Where the person kept the right to approve the cut: these bytes, or others with the same picture and sound."""
    if state.grant is None or not state.grant.final_approval:
        return
    for name in same_essence(history, question.asset):
        for said, body in bodies(history.about(f"asset:{name}", ConsentCutApproved), ConsentCutApproved):
            if body.consent == state.consent:
                yield weigh("consent_cut", "pass", "cut_approved", "the person approved the cut", said.index)
                return
    detail = "the person kept the right to approve the cut and has not"
    yield weigh("consent_cut", "fail", "cut_not_approved", detail, state.granted_by)


def _by_the_packs(history: History, state: ConsentState, question: Question, at: datetime) -> Weighed:
    """The adopted rules that applied when it was agreed to, for the territory that is asked about.

    The house's own rules were the door's when it was given; what an older house accepted keeps its meaning.
    """
    adopted = adoptions(history, at)
    if not adopted:
        return weigh("rulepack", "not_applicable", "rulepack_none", "legal adopted no rule pack in this ledger")
    named = (*(said.index for said, _ in adopted), state.granted_by)
    try:
        terms, entries = _judged(history, state, question, at)
    except Unavailable as error:
        return weigh("rulepack", "not_checked", error.code, error.what, *named)
    missing = [gap for entry in entries for gap in gaps_of(entry, _asked(entry, terms, question))] if terms else []
    packs = ", ".join(f"{body.pack} {body.version}" for _, body in adopted)
    if not missing:
        return weigh("rulepack", "pass", "rulepack_met", f"{len(entries)} rules apply and are met ({packs})", *named)
    more = f"; and {len(missing) - 1} more" if len(missing) > 1 else ""
    return weigh("rulepack", "fail", missing[0].code, missing[0].detail[:280] + more, *named)


def _asked(entry: Entry, terms: Terms, question: Question) -> Terms:
    """A right after death ends in the middle of what was agreed to: what is asked about may lie before that."""
    return replace(terms, valid_until=question.valid_until) if entry.kind == "post_mortem_term" else terms


def _judged(
    history: History, state: ConsentState, question: Question, at: datetime
) -> tuple[Terms | None, tuple[Entry, ...]]:
    if state.grant is None or state.granted_at is None:
        return None, ()
    terms = terms_of(history, state.grant, requested_at=state.requested_at)
    entries = entries_in_force(history, at)
    if terms is None:
        return None, ()
    case = terms.case((question.territory,))
    granted_at = state.granted_at
    chosen = (one for one in entries if one.pack != HOUSE[0] and one.since <= granted_at)
    return terms, tuple(one for one in chosen if one.applies(case))
