"""Which labels a market and a channel ask for at an instant, by the rule packs in force then (SPEC S4.17).

A decision about a past date gives what held then: adoptions and entries are dated. Where legal adopted no pack nobody looked,
and that is said: `not_checked` is not "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.history import History
from ledger.rules.rulepacks import Case, Entry, adoptions, entries_in_force


@dataclass(frozen=True)
class LabelDecision:
    """`decided`: the labels below are all that the packs ask for. `not_checked`: no pack was adopted."""

    outcome: Literal["decided", "not_checked"]
    labels: tuple[Entry, ...]
    adopted: tuple[int, ...]
    """The entries of the log by which the packs were adopted."""


def decide_labels(history: History, territory: str, channel: str, use: str, at: datetime) -> LabelDecision:
    """Raises Unavailable `rulepack_missing`."""
    adopted = tuple(said.index for said, _ in adoptions(history, at))
    if not adopted:
        return LabelDecision("not_checked", (), ())
    case = Case((territory,), uses=(use,), channels=(channel,))
    labels = (one for one in entries_in_force(history, at) if one.kind == "label" and one.applies(case))
    return LabelDecision("decided", tuple(labels), adopted)
