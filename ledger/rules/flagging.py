"""Files are flagged for a cause: because what they hang on ended, or because somebody disputes or rejected them."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History
from ledger.rules.assets import known
from ledger.rules.endings import refuse_unless_ended
from ledger.rules.lineage import flags, lifted
from ledger.rules.lost_rights import refuse_unless_lost
from ledger.rules.proposal import Proposal, refuse
from schemas.statements.asset import AssetFlagged


def accept_flag(proposal: Proposal, body: AssetFlagged, history: History, at: datetime) -> None:
    """Once for each cause, basis and end; for an ended basis only when it has ended."""
    known(history, body.asset)
    for said, flag in flags(history, body.asset):
        alike = (flag.cause, flag.contract, flag.basis_tags()) == (body.cause, body.contract, body.basis_tags())
        if alike and not lifted(history, said, flag):
            refuse("asset_flagged_already", "the file carries this flag already", said.index)
    if body.cause == "consent-ended":
        if body.consent is None:
            refuse("flag_without_consent", "a flag for an ended consent names the consent")
        refuse_unless_ended(history, body.consent, at)
    elif body.licence or body.contract or body.right:
        refuse_unless_lost(history, body, body.asset, at)
