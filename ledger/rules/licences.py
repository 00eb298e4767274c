"""What a licence means at an instant, how much of it is used up, and whose grants stand in each other's way (SPEC S5.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.proposal import Proposal, refuse, refuse_all
from ledger.statement import Said
from schemas.base import format_instant
from schemas.statements.licence import LicenceEnded, LicenceGranted, Terms
from schemas.statements.placement import PlacementObserved, PlacementRecorded
from schemas.statements.right import RightRecorded, RightTransferred, RightUsed

LicenceStanding = Literal["unknown", "not_yet", "in_force", "expired", "ended"]
Counted = Literal["placements", "assets", "impressions"]


@dataclass(frozen=True)
class LicenceState:
    """`in_force` is the only state under which anything may be used."""

    licence: str
    state: LicenceStanding
    grant: LicenceGranted | None = None
    granted_by: int | None = None
    entries: tuple[int, ...] = ()

    def sentence(self) -> str:
        until = (
            f" (until {format_instant(self.grant.terms.valid_until)}, exclusive)"
            if self.grant and self.state in ("in_force", "expired")
            else ""
        )
        return f"licence {self.licence} is {self.state.replace('_', ' ')}{until}"


def licence_state(history: History, licence: str, at: datetime) -> LicenceState:
    """The state at an instant; time ends a licence without any statement. O(statements about this licence)."""
    found = history.about(f"licence:{licence}", LicenceGranted, LicenceEnded)
    granted = bodies(found, LicenceGranted)
    if not granted:
        return LicenceState(licence, "unknown")
    said, grant = granted[0]
    ended = any(isinstance(one.body, LicenceEnded) for one in found)
    standing = "ended" if ended else _by_time(grant.terms, at)
    return LicenceState(licence, standing, grant, said.index, tuple(one.index for one in found))


def _by_time(terms: Terms, at: datetime) -> LicenceStanding:
    if at >= terms.valid_until:
        return "expired"
    return "in_force" if at >= terms.valid_from else "not_yet"


def usage(history: History, grant: LicenceGranted, what: Counted) -> int:
    """How much is used up, counted from what was recorded: placements ever made, files, impressions last seen of each."""
    tag = f"licence:{grant.licence}"
    if what == "placements":
        return len(history.about(tag, PlacementRecorded))
    if what == "assets":
        return len({body.asset for _, body in bodies(history.about(tag, RightUsed), RightUsed)})
    seen: dict[str, int] = {}
    for _, body in bodies(history.about(tag, PlacementObserved), PlacementObserved):
        seen[body.placement] = max(seen.get(body.placement, 0), body.impressions or 0)
    return sum(seen.values())


def overlap(one: Terms, other: Terms) -> bool:
    """Whether a use exists that both let happen."""
    words = ("uses", "channels", "media")
    if any(not set(getattr(one, name)) & set(getattr(other, name)) for name in words):
        return False
    everywhere = "WORLD" in one.territories or "WORLD" in other.territories
    if not everywhere and not set(one.territories) & set(other.territories):
        return False
    return one.valid_from < other.valid_until and other.valid_from < one.valid_until


def standing_licences(history: History, right: str) -> list[tuple[Said, LicenceGranted]]:
    """Every licence of a right that nobody ended, whatever its window, oldest first."""
    found = history.about(f"right:{right}", LicenceGranted, LicenceEnded)
    ended = {body.licence for _, body in bodies(found, LicenceEnded)}
    return [(said, body) for said, body in bodies(found, LicenceGranted) if body.licence not in ended]


# -- at the door -------------------------------------------------------------------------------------------------------


def accept_grant(proposal: Proposal, body: LicenceGranted, history: History, at: datetime) -> None:
    """By the holder, within the right, and in nobody's way. Lists every reason."""
    if known := history.about(f"licence:{body.licence}", LicenceGranted):
        refuse("licence_known", f"licence {body.licence} was granted before", known[0].index)
    found = history.about(f"right:{body.right}", RightRecorded, RightTransferred)
    recorded = next((pair for pair in bodies(found, RightRecorded) if pair[1].right == body.right), None)
    if recorded is None:
        refuse("right_unknown", f"right {body.right} was never recorded")
    hands = [pair for pair in bodies(found, RightTransferred) if pair[1].effective_at <= at]
    holder, by = (hands[-1][1].to_party, hands[-1][0]) if hands else (recorded[1].holder, recorded[0])
    reasons = [*_beyond_right(body, *recorded), *_in_the_way(history, body)]
    if body.licensor != holder:
        what = f"{holder} holds the right, not {body.licensor}"
        reasons.insert(0, Reason("licensor_not_holder", what, by.index))
    refuse_all("the licence can't be granted", reasons)


def _beyond_right(body: LicenceGranted, said: Said, right: RightRecorded) -> Iterator[Reason]:
    terms = body.terms
    outside = set(terms.territories) - set(right.territories)
    if outside and "WORLD" not in right.territories:
        what = f"the right does not reach to {', '.join(sorted(outside))}"
        yield Reason("licence_beyond_territory", what, said.index)
    if terms.valid_from < right.valid_from or (right.valid_until and terms.valid_until > right.valid_until):
        yield Reason("licence_beyond_term", "the licence reaches outside the right's term", said.index)
    if body.licensee == body.licensor:
        yield Reason("licence_to_oneself", "a holder needs no licence of their own right", said.index)


def _in_the_way(history: History, body: LicenceGranted) -> Iterator[Reason]:
    for said, other in standing_licences(history, body.right):
        closed = body.exclusivity != "none" or other.exclusivity != "none"
        if closed and other.licensee != body.licensee and overlap(body.terms, other.terms):
            what = f"licence {other.licence} ({other.exclusivity}) lets {other.licensee} do some of the same"
            yield Reason("exclusive_overlap", what, said.index)


def accept_end(proposal: Proposal, body: LicenceEnded, history: History, at: datetime) -> None:
    """Of a licence of this right that has not ended."""
    state = licence_state(history, body.licence, at)
    if state.grant is None or state.grant.right != body.right:
        refuse("licence_unknown", f"no licence {body.licence} of this right was granted")
    if state.state in ("ended", "expired"):
        refuse("licence_not_open", f"nothing to end: {state.sentence()}", state.entries[-1])
