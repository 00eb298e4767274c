"""Contract terms: recorded by revision, the newest counts, and a licence is never wider than its contract (SPEC S5.13)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.contract import ContractReevaluated, ContractTermRecorded
from schemas.statements.licence import Source


def newest_term(history: History, source: Source) -> tuple[Said, ContractTermRecorded] | None:
    """What the contract system said last, or None."""
    found = bodies(history.about(source.tag, ContractTermRecorded), ContractTermRecorded)
    return found[-1] if found else None


def accept_term(proposal: Proposal, body: ContractTermRecorded, history: History, at: datetime) -> None:
    """A revision is recorded once; the same revision with other terms is the contract system's mistake."""
    for said, term in bodies(history.about(body.source.tag, ContractTermRecorded), ContractTermRecorded):
        if term.source.revision == body.source.revision:
            same = (term.terms, term.caps, term.terminated) == (body.terms, body.caps, body.terminated)
            code = "term_known" if same else "revision_reused"
            what = "is recorded" if same else "was recorded with other terms"
            refuse(code, f"revision {body.source.revision} {what} already", said.index)


def accept_reevaluation(proposal: Proposal, body: ContractReevaluated, history: History, at: datetime) -> None:
    """Of the newest revision."""
    newest = newest_term(history, body.source)
    if newest is None or newest[1].source != body.source:
        refuse("term_unknown", "this is not the newest recorded revision", newest[0].index if newest else None)
    if body.affected_count < len(body.affected):
        refuse("affected_miscounted", "fewer files are counted than named", newest[0].index)
