"""Handing a cleared file over: a twin whose manifest carries the clearance, its status and a pass (SPEC S11.11).

The pass is for the picture and sound that were cleared; the twin is cleared for the same too, so that whoever asks the ledger
by its digest gets the same answer as whoever checks the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.services.circumstances import Circumstances
from api.services.clearing import Answer, ask
from api.services.passes import Issued, issue_pass
from api.services.provenance import Signed, sign_asset, signer_of
from api.services.services import Services
from ledger.media.claim import carrying


@dataclass(frozen=True)
class Delivered:
    """The twin, what the pass in it says, and what was decided about the twin itself."""

    signed: Signed
    claims: dict[str, Any]
    answer: Answer


def deliver(services: Services, asset: str, asked: Circumstances, *, title: str, asked_by: str) -> Delivered:
    """Raises what `issue_pass` and `sign_asset` raise; a twin that is not cleared is an answer with its reasons."""
    issued = issue_pass(services, asset, asked, carried_by=signer_of(services).certificate_sha256)
    signed = sign_asset(services, asset, title=title, carried=_carried(issued))
    whole = Circumstances(
        asked.use, asked.territory, asked.channel, issued.cleared.valid_from, issued.cleared.valid_until
    )
    question = whole.question(signed.asset_sha256, services.clock.now())
    return Delivered(signed, issued.claims, ask(services, question, asked_by=asked_by))


def _carried(issued: Issued) -> dict[str, Any]:
    listed = issued.claims["status"]["status_list"]
    return carrying(issued.claims["clearance"], listed["uri"], listed["idx"], issued.document)
