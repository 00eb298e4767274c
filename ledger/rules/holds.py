"""Legal holds: who or what may not be forgotten yet, and how far a hold on a file reaches (SPEC S6.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.disputes import holding
from ledger.rules.lineage import descendants
from ledger.rules.people import refuse_unless_known
from ledger.rules.proposal import Proposal, refuse
from ledger.statement import Said
from schemas.statements.asset import AssetImported
from schemas.statements.consent import ConsentRequested
from schemas.statements.erasure import Hold, HoldPlaced, HoldReleased
from schemas.statements.generation import GenerationRequested
from schemas.statements.provider import ProviderRecordImported


def standing_holds(history: History, tag: str) -> list[tuple[Said, HoldPlaced]]:
    """What was placed on `person:…` or `asset:…` and not released, oldest first."""
    found = history.about(tag, HoldPlaced, HoldReleased)
    released = {body.hold for _, body in bodies(found, HoldReleased)}
    return [(said, body) for said, body in bodies(found, HoldPlaced) if body.hold not in released]


def holds_against(history: History, person: str) -> Iterator[Reason]:
    """Every hold that keeps this person from being erased: on them, on a file that shows them, or in a dispute about one.

    Cost follows the files made under the person's consents. Raises TooLarge `family_too_large`.
    """
    files = files_with(history, person)
    for tag in (f"person:{person}", *(f"asset:{asset}" for asset in files)):
        for said, body in standing_holds(history, tag):
            yield Reason("legal_hold", f"hold {body.hold} in matter {body.matter} stands on {tag}", said.index)
    for asset in files:
        for opened, dispute in holding(history, asset):
            what = f"dispute {dispute.dispute} in matter {dispute.matter} is open on asset:{asset}"
            yield Reason("legal_hold", what, opened.index)


def files_with(history: History, person: str) -> list[str]:
    """Every file generated under a consent of this person or whose provider's record is sealed under them, and everything
    made from those, each once."""
    found: dict[str, None] = {}
    for _, record in bodies(history.about(f"person:{person}", ProviderRecordImported), ProviderRecordImported):
        found |= dict.fromkeys((record.asset, *descendants(history, record.asset)))
    for _, consent in bodies(history.about(f"person:{person}", ConsentRequested), ConsentRequested):
        for _, request in bodies(history.about(f"consent:{consent.consent}", GenerationRequested), GenerationRequested):
            imports = history.about(f"generation:{request.generation}", AssetImported)
            for _, imported in bodies(imports, AssetImported):
                found |= dict.fromkeys((imported.asset, *descendants(history, imported.asset)))
    return list(found)


def accept_hold(proposal: Proposal, body: HoldPlaced, history: History, at: datetime) -> None:
    """On somebody or something known, under a new number, and not once the person's key is being destroyed.

    A hold on a file protects the people in it too, as far as their erasure has not begun.
    """
    for said in history.about(f"hold:{body.hold}", HoldPlaced):
        refuse("hold_known", f"hold {body.hold} was placed before", said.index)
    if body.person is not None:
        refuse_unless_known(history, body.person)
    if body.asset is not None:
        known(history, body.asset)


def accept_release(proposal: Proposal, body: HoldReleased, history: History, at: datetime) -> None:
    """Of a hold that stands, naming what it was placed on and the matter."""
    found = history.about(f"hold:{body.hold}", HoldPlaced, HoldReleased)
    placed = bodies(found, HoldPlaced)
    if not placed:
        refuse("hold_unknown", f"no hold {body.hold} was placed")
    if released := bodies(found, HoldReleased):
        refuse("hold_released", f"hold {body.hold} was released before", released[0][0].index)
    if _target(body) != _target(placed[0][1]):
        refuse("hold_differs", f"hold {body.hold} is on something else, or in another matter", placed[0][0].index)


def _target(body: Hold) -> tuple[str | None, str | None, str]:
    return (body.person, body.asset, body.matter)
