"""Matches at the door: said once for what they follow from, and reviewed by somebody who did not make the file (SPEC S16)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.references import reference
from ledger.rules.reviews import makers
from ledger.statement import Said
from schemas.statements.asset import AssetExamined
from schemas.statements.match import MatchCompared, MatchFound, MatchReviewed


def matches_of(history: History, asset: str) -> dict[str, tuple[Said, MatchFound]]:
    """What the file was found near, by reference: of each the newest word."""
    found = bodies(history.about(f"asset:{asset}", MatchFound), MatchFound)
    return {body.reference: (said, body) for said, body in found}


def comparison(history: History, asset: str) -> tuple[Said, MatchCompared] | None:
    """The newest comparison of the file with reference media, or None."""
    found = bodies(history.about(f"asset:{asset}", MatchCompared), MatchCompared)
    return found[-1] if found else None


def reviewed(history: History, asset: str, name: str | None) -> tuple[Said, MatchReviewed] | None:
    """The newest word of a person on the file and a reference, or (None) on its flood."""
    found = bodies(history.about(f"asset:{asset}", MatchReviewed), MatchReviewed)
    of_it = [one for one in found if one[1].reference == name]
    return of_it[-1] if of_it else None


def accept_comparison(proposal: Proposal, body: MatchCompared, history: History, at: datetime) -> None:
    """Once for a policy and an algorithm, of a file that was examined, with what was here before that."""
    known(history, body.asset)
    examined = history.about(f"asset:{body.asset}", AssetExamined)
    if not examined:
        refuse("asset_not_examined", "nobody has examined these bytes, so there are no codes to compare")
    if body.as_of not in {said.index for said in examined}:
        refuse("comparison_misplaced", "a file is compared with what came before its examination", examined[0].index)
    for said, before in bodies(history.about(f"asset:{body.asset}", MatchCompared), MatchCompared):
        if (before.policy, before.algorithm) == (body.policy, body.algorithm):
            refuse("compared_already", "the file was compared under this policy", said.index)


def accept_match(proposal: Proposal, body: MatchFound, history: History, at: datetime) -> None:
    """Once for a file, a reference, a policy and an algorithm; and only what is new, or another word than before."""
    known(history, body.asset)
    if reference(history, body.reference) is None:
        refuse("reference_unknown", f"reference {body.reference} was never registered")
    earlier = [
        (said, match)
        for said, match in bodies(history.about(f"asset:{body.asset}", MatchFound), MatchFound)
        if match.reference == body.reference
    ]
    for said, match in earlier:
        if (match.policy, match.algorithm) == (body.policy, body.algorithm):
            refuse("match_recorded_already", "this match is recorded", said.index)
    if (earlier[-1][1].decision if earlier else "none") == body.decision:
        refuse(
            "match_unchanged", "nothing changed since the last word on it", earlier[-1][0].index if earlier else None
        )


def accept_review(proposal: Proposal, body: MatchReviewed, history: History, at: datetime) -> None:
    """Of a match or a flood that is recorded, by somebody who did not make the file."""
    known(history, body.asset)
    if body.match is not None:
        found = [one for _, one in bodies(history.about(f"match:{body.match}", MatchFound), MatchFound)]
        if not found or (found[0].asset, found[0].reference) != (body.asset, body.reference):
            refuse("match_unknown", f"there is no match {body.match} of this file with this reference")
    elif (compared := comparison(history, body.asset)) is None or not compared[1].flooded:
        refuse("flood_unknown", "the file was not set apart for being near too many references")
    for index, maker in makers(history, body.asset):
        if maker == proposal.actor:
            refuse("own_work", "whoever made a file does not review what it is near", index)
