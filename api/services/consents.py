"""A consent as it is answered: its state at an instant, what that does to use, what is left of it, and what proves it."""

from __future__ import annotations

from ledger.rules.consent_states import ConsentState
from projections.rights import ConsentView, Scope
from schemas.api.consents import AgreedShape, EffectShape, ProofLink, StopShape, TermShape
from schemas.api.records import ConsentAnswer, ScopeShape
from schemas.base import format_instant


def consent_answer(view: ConsentView) -> ConsentAnswer:
    """Every part of it names the entry that it was read from; each entry has its receipt, with a proof, at a path."""
    return ConsentAnswer(
        consent=view.consent,
        person=view.person,
        at=format_instant(view.at),
        known_at=format_instant(view.known_at),
        state=view.state,
        effect=EffectShape.model_validate(vars(view.effect)),
        evidence=view.grade,
        requested=_scope(view.requested),
        granted=_scope(view.granted),
        agreed=_agreed(view.folded),
        terms=tuple(
            TermShape(
                valid_from=format_instant(term.valid_from),
                valid_until=format_instant(term.valid_until),
                renewal=term.renewal,
                entry_index=term.entry_index,
            )
            for term in view.terms
        ),
        suspensions=tuple(StopShape.model_validate(vars(stop)) for stop in view.stops),
        ended_by=view.ending.entry_index if view.ending else None,
        entries=view.entries,
        proofs=tuple(ProofLink(entry_index=index, receipt=f"/v1/receipts/{index}") for index in view.entries),
    )


def _agreed(state: ConsentState) -> AgreedShape | None:
    if state.grant is None:
        return None
    grant = state.grant
    return AgreedShape(
        uses=state.left("uses"),
        channels=state.left("channels"),
        territories=state.left("territories"),
        not_in=tuple(sorted({one for _, body in state.narrowings for one in body.territories})),
        media=state.left("media"),
        training=state.training_use,
        final_approval=grant.final_approval,
        exclusivity=grant.exclusivity,
        narrowed_by=tuple(index for index, _ in state.narrowings),
    )


def _scope(scope: Scope | None) -> ScopeShape | None:
    if scope is None:
        return None
    said = vars(scope)
    window = {name: format_instant(said[name]) for name in ("valid_from", "valid_until")}
    return ScopeShape.model_validate({name: said[name] for name in ScopeShape.model_fields} | window)
