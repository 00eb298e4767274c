"""Naming a root of the tag index: once a size, and never of more than there is (SPEC S7.15).

The rule can't recompute the root: that takes the whole log, and whoever holds one can and does (`fsck`). It reads one tag with
at most one entry, so that it costs the same in a log of any length.
"""

from __future__ import annotations

from datetime import datetime

from ledger.history import History
from ledger.rules.proposal import Proposal, refuse
from schemas.statements.index import LogIndexed


def accept_index(proposal: Proposal, body: LogIndexed, history: History, at: datetime) -> None:
    """Raises Refused `index_ahead`, `index_known`."""
    if body.size > history.upto:
        refuse("index_ahead", f"the log has {history.upto} entries; an index over {body.size} can't be known")
    if known := history.last(f"index:{body.size}", LogIndexed):
        refuse("index_known", f"the root at size {body.size} is named already, and a size has one", known.index)
