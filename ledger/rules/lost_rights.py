"""Whether what was cleared under a licence still may be used after that licence ended or its contract changed (SPEC S10.8).

A renewed or another licence that covers, or holding the right oneself, leaves everything as it is. What was used up (a cap)
ends nothing either: it only lets nothing new happen (SPEC S5.9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ledger.history import History, bodies
from ledger.rules.contracts import newest_term
from ledger.rules.licences import licence_state
from ledger.rules.lineage import ancestors
from ledger.rules.proposal import refuse
from ledger.rules.rights import title
from ledger.rules.weighing_rights import Uses, rights_of, standing_against
from schemas.statements.basis import OnBasis
from schemas.statements.clearance import Question, Weighed
from schemas.statements.licence import LicenceGranted
from schemas.statements.right import RightUsed

_INSTANT = timedelta(microseconds=1)


def lost_use(history: History, basis: OnBasis, question: Question, at: datetime) -> tuple[Weighed, ...]:
    """Why a cleared use no longer may go on, for what is left of its window; nothing while it may.

    Raises Refused when the basis stands as it stood, or is none of this file.
    """
    left = max(question.valid_from, at)
    rest = question.model_copy(update={"valid_from": left, "valid_until": max(question.valid_until, left + _INSTANT)})
    return tuple(
        row
        for name, ways in _rights(history, basis, question.asset, at).items()
        for row in standing_against(history, name, ways, rest, at)
    )


def refuse_unless_lost(history: History, basis: OnBasis, asset: str, at: datetime) -> None:
    """For a file, whatever the use: the basis ended, and no other licence or holding of the same right is open."""
    for name, ways in _rights(history, basis, asset, at).items():
        if not any(_open(history, name, use, at) for _, use in ways):
            return
    refuse("right_still_covered", "another licence, or holding the right, still lets this file be used")


def _rights(history: History, basis: OnBasis, asset: str, at: datetime) -> dict[str, Uses]:
    """The rights of the file that the end is about, each with every way in which the file may be used."""
    gone = set(_ended(history, basis, at))
    found = rights_of(history, ancestors(history, asset))
    mine = {
        name: ways
        for name, ways in found.items()
        if name == basis.right or any(use.licence is not None and use.licence in gone for _, use in ways)
    }
    if not mine:
        refuse("basis_not_used", "the file does not rest on that licence, contract or right")
    return mine


def _ended(history: History, basis: OnBasis, at: datetime) -> Iterator[str]:
    """Licences that are touched. Raises Refused `licence_not_over`, `contract_unchanged` or `right_not_over`."""
    if basis.licence is not None:
        state = licence_state(history, basis.licence, at)
        if state.state not in ("ended", "expired"):
            refuse("licence_not_over", state.sentence(), state.entries[-1] if state.entries else None)
        yield basis.licence
    elif basis.contract is not None:
        term = newest_term(history, basis.contract)
        if term is None or term[1].source != basis.contract:
            refuse("contract_unchanged", "this is not the newest recorded revision", term[0].index if term else None)
        for _, grant in bodies(history.about(basis.contract.tag, LicenceGranted), LicenceGranted):
            yield grant.licence
    elif basis.right is not None:
        held = title(history, basis.right, at)
        if held is None or held.right.valid_until is None or at < held.right.valid_until:
            refuse("right_not_over", f"right {basis.right} is held", held.entries[-1] if held else None)


def _open(history: History, name: str, use: RightUsed, at: datetime) -> bool:
    held = title(history, name, at)
    if held is None or (held.right.valid_until is not None and at >= held.right.valid_until):
        return False
    if use.licence is None:
        return held.holder == use.user
    state = licence_state(history, use.licence, at)
    if state.grant is None or state.state not in ("in_force", "not_yet"):
        return False
    term = newest_term(history, state.grant.source) if state.grant.source else None
    return term is None or not term[1].terminated


def sentence(basis: OnBasis, about: int, rows: Sequence[Weighed]) -> str:
    """What a revocation says of itself: by which entry, and that nothing else covers it."""
    what = "the contract behind its licence was changed"
    if basis.licence:
        what = f"licence {basis.licence} was ended"
    elif basis.right:
        what = f"right {basis.right} ran out"
    return f"{what} by entry {about}, and nothing else covers it ({rows[0].code})"
