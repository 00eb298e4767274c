"""Is a file clean as far as rights go, whatever the use? What a library offers by default (SPEC S5.17).

Weighs what does not depend on use, channel or territory: consents and licences that ended, gaps in a title, rejections, flags,
reviews, filters and the do-not-generate list. That a file is clean allows nothing; only a clearance does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ledger.history import History
from ledger.rules.decision import decide
from ledger.rules.licences import licence_state
from ledger.rules.lineage import ancestors, arrival
from ledger.rules.weighing_rights import rights_of
from schemas.statements.clearance import Question

_OF_THE_FILE = frozenset(
    {
        "consent",
        "rejection",
        "flags",
        "dispute",
        "title",
        "rights_review",
        "moderation",
        "guardrail",
        "registry",
        "match",
    }
)
"""Rules of a decision that don't ask what for. A right's territory and term do, and are left out below."""
_CIRCUMSTANTIAL = frozenset({"right_territory", "right_term"})
_REVIEW_LIMITS = frozenset({"rights_review_use", "rights_review_channel", "rights_review_territory"})
_INSTANT = timedelta(microseconds=1)


def contested(history: History, asset: str, at: datetime) -> Iterator[str]:
    """What stands against the file, by code; nothing for a clean one. An unknown file is not clean."""
    if arrival(history, asset) is None:
        yield "asset_unknown"
        return
    anything = Question(
        asset=asset, use="any", channel="any", territory="WORLD", valid_from=at, valid_until=at + _INSTANT
    )
    codes = [
        rule.code
        for rule in decide(history, anything, at).against
        if rule.rule in _OF_THE_FILE and rule.code not in _CIRCUMSTANTIAL | _REVIEW_LIMITS
    ]
    yield from dict.fromkeys([*codes, *_licences(history, asset, at)])


def _licences(history: History, asset: str, at: datetime) -> Iterator[str]:
    """Of each right one licence in force is enough."""
    for ways in rights_of(history, ancestors(history, asset)).values():
        states = [licence_state(history, use.licence, at).state for _, use in ways if use.licence is not None]
        if states and len(states) == len(ways) and "in_force" not in states:
            yield f"licence_{states[0]}"
