"""Which trust lists are in force (SPEC S11.1): the newest import under each name."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.trust import TrustListImported

RESERVED = "all"  # the tag under which every import is found


def imported_lists(history: History) -> tuple[tuple[Said, TrustListImported], ...]:
    """The newest import under each name, past its sunset or not: what was signed before that is still judged by it."""
    newest = {
        body.list: (said, body)
        for said, body in bodies(history.about("trust:all", TrustListImported), TrustListImported)
    }
    return tuple(newest[name] for name in sorted(newest))


def accept_list(proposal: Proposal, body: TrustListImported, history: History, at: datetime) -> None:
    """With their own key; under a name that keeps its kind; and not what stands already."""
    if not proposal.own_key:
        refuse("own_key_required", "whoever says whom the ledger believes answers for it with their own key")
    if body.list == RESERVED:
        refuse("trust_list_name_reserved", f"no list is called {RESERVED}")
    found = next(((said, one) for said, one in imported_lists(history) if one.list == body.list), None)
    if found is None:
        return
    said, before = found
    if before.kind != body.kind:
        refuse(
            "trust_list_other_kind", f"{body.list} is a list for {before.kind}; give this one another name", said.index
        )
    if (before.list_sha256, before.until) == (body.list_sha256, body.until):
        refuse("trust_list_unchanged", f"{body.list} stands like this already", said.index)
