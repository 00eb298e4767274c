"""Who holds a right at an instant, by which papers, and the rules by which rights are recorded, passed on and used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.licences import licence_state, usage
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.right import RightRecorded, RightTransferred, RightUsed

CHAIN_LINKS_MAX = 50  # rights behind rights and hands in between; a longer chain is shown as a gap, not followed


@dataclass(frozen=True)
class Title:
    """A right as it stands at an instant: its holder, and what is missing between the first holder and this one."""

    right: RightRecorded
    holder: str
    entries: tuple[int, ...]
    gaps: tuple[Reason, ...]


def right(history: History, name: str) -> tuple[Said, RightRecorded] | None:
    """The statement that recorded a right, or None."""
    found = bodies(history.about(f"right:{name}", RightRecorded), RightRecorded)
    return next(((said, body) for said, body in found if body.right == name), None)


def transfers(history: History, name: str) -> list[tuple[Said, RightTransferred]]:
    return bodies(history.about(f"right:{name}", RightTransferred), RightTransferred)


def title(history: History, name: str, at: datetime) -> Title | None:
    """The chain of title, or None for a right that nobody recorded. O(links)."""
    found = right(history, name)
    if found is None:
        return None
    said, body = found
    hands = [(one, passed) for one, passed in transfers(history, name) if passed.effective_at <= at]
    holder = hands[-1][1].to_party if hands else body.holder
    gaps = [*_origin_gaps(history, said, body), *_hand_gaps(hands)]
    return Title(body, holder, (said.index, *(one.index for one, _ in hands)), tuple(gaps))


def _origin_gaps(history: History, said: Said, body: RightRecorded, links: int = 0) -> Iterator[Reason]:
    if body.basis != "original" and body.document_sha256 is None:
        yield Reason("title_undocumented", f"right {body.right}: no paper shows the {body.basis}", said.index)
    if body.previous_right is None:
        return
    found = right(history, body.previous_right)
    if found is None or links >= CHAIN_LINKS_MAX:
        yield Reason("title_broken", f"right {body.previous_right} behind {body.right} is not recorded", said.index)
        return
    if not _within(body, found[1]):
        what = f"right {body.right} reaches beyond right {body.previous_right}, from which it comes"
        yield Reason("title_beyond_previous", what, said.index)
    yield from _origin_gaps(history, *found, links + 1)
    yield from _hand_gaps(transfers(history, body.previous_right))


def _hand_gaps(hands: list[tuple[Said, RightTransferred]]) -> Iterator[Reason]:
    for said, body in hands:
        if body.document_sha256 is None:
            what = f"no paper shows that {body.from_party} gave right {body.right} to {body.to_party}"
            yield Reason("transfer_undocumented", what, said.index)


def _within(inner: RightRecorded, outer: RightRecorded) -> bool:
    places = "WORLD" in outer.territories or set(inner.territories) <= set(outer.territories)
    ends = outer.valid_until is None or (inner.valid_until is not None and inner.valid_until <= outer.valid_until)
    return places and ends and outer.valid_from <= inner.valid_from


# -- at the door -------------------------------------------------------------------------------------------------------


def accept_record(proposal: Proposal, body: RightRecorded, history: History, at: datetime) -> None:
    """Under a new number; the right that it comes from is in the ledger."""
    if (found := right(history, body.right)) is not None:
        refuse("right_known", f"right {body.right} was recorded before", found[0].index)
    if body.previous_right is not None and right(history, body.previous_right) is None:
        refuse("right_unknown", f"right {body.previous_right} was never recorded")


def accept_transfer(proposal: Proposal, body: RightTransferred, history: History, at: datetime) -> None:
    """Only the last holder can pass a right on, and hands follow each other in time."""
    found = right(history, body.right)
    if found is None:
        refuse("right_unknown", f"right {body.right} was never recorded")
    hands = transfers(history, body.right)
    said, holder, since = found[0], found[1].holder, found[1].valid_from
    if hands:
        said, holder, since = hands[-1][0], hands[-1][1].to_party, hands[-1][1].effective_at
    if body.from_party != holder:
        refuse("transfer_not_holder", f"{body.from_party} does not hold it; {holder} does", said.index)
    if body.to_party == holder:
        refuse("transfer_to_holder", f"{holder} holds it already", said.index)
    if body.effective_at < since:
        refuse("transfer_out_of_order", f"{holder} holds it only from {format_instant(since)} on", said.index)


def uses(history: History, asset: str) -> list[tuple[Said, RightUsed]]:
    """What a file itself was said to rest on, oldest first."""
    return bodies(history.about(f"asset:{asset}", RightUsed), RightUsed)


def accept_use(proposal: Proposal, body: RightUsed, history: History, at: datetime) -> None:
    """A known file, a known right, said once; the user holds it, or has a licence of it with room for another file."""
    known(history, body.asset)
    for said, use in uses(history, body.asset):
        if (use.right, use.licence) == (body.right, body.licence):
            refuse("right_used_already", "the file rests on it already", said.index)
    held = title(history, body.right, at)
    if held is None:
        refuse("right_unknown", f"right {body.right} was never recorded")
    if body.licence is None:
        if held.holder != body.user:
            refuse("user_not_holder", f"{held.holder} holds the right, not {body.user}", held.entries[-1])
        return
    _under_licence(body, history, at)


def _under_licence(body: RightUsed, history: History, at: datetime) -> None:
    state = licence_state(history, body.licence or "", at)
    if state.grant is None or state.grant.right != body.right:
        refuse("licence_unknown", f"no licence {body.licence} of this right was granted")
    if state.grant.licensee != body.user:
        refuse("user_not_licensee", f"the licensee is {state.grant.licensee}, not {body.user}", state.granted_by)
    if state.state not in ("in_force", "not_yet"):
        refuse(f"licence_{state.state}", state.sentence(), state.entries[-1])
    cap = state.grant.caps.assets
    if cap is not None and usage(history, state.grant, "assets") >= cap:
        refuse("licence_assets_exhausted", f"the licence is for {cap} files, and as many rest on it", state.granted_by)
