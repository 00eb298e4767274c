"""Matches at the door: said once for what they follow from, and reviewed by somebody who did not make the file (SPEC S16)."""

from __future__ import annotations

from datetime import datetime

from ledger.history import History, bodies
from ledger.rules.assets import known
from ledger.rules.coverage import heard, seen
from ledger.rules.lineage import examination
from ledger.rules.proposal import Proposal, refuse
from ledger.rules.references import reference, way_of
from ledger.rules.reviews import makers
from ledger.statement import Said
from schemas.statements.asset import AssetExamined
from schemas.statements.match import MatchCompared, MatchFound, MatchReviewed
from schemas.statements.reference import WAYS, Way


def matches_of(history: History, asset: str, way: Way) -> dict[str, tuple[Said, MatchFound]]:
    """What the file was found near in one way, by reference: of each the newest word."""
    found = bodies(history.about(f"asset:{asset}", MatchFound), MatchFound)
    return {body.reference: (said, body) for said, body in found if way_of(body.algorithm) == way}


def comparison(history: History, asset: str, way: Way) -> tuple[Said, MatchCompared] | None:
    """The newest comparison of the file with reference media in one way, or None."""
    found = bodies(history.about(f"asset:{asset}", MatchCompared), MatchCompared)
    of_it = [one for one in found if way_of(one[1].algorithm) == way]
    return of_it[-1] if of_it else None


def reviewed(history: History, asset: str, name: str, way: Way) -> tuple[Said, MatchReviewed] | None:
    """The newest word of a person on a file and a reference, as they match in one way."""
    found = bodies(history.about(f"asset:{asset}", MatchFound), MatchFound)
    matches = {body.match for _, body in found if body.reference == name and way_of(body.algorithm) == way}
    words = bodies(history.about(f"asset:{asset}", MatchReviewed), MatchReviewed)
    of_it = [one for one in words if one[1].match in matches]
    return of_it[-1] if of_it else None


def reviewed_whole(history: History, asset: str) -> tuple[Said, MatchReviewed] | None:
    """The newest word of a person on the file as a whole: near too many references, or not seen or heard to its end."""
    words = bodies(history.about(f"asset:{asset}", MatchReviewed), MatchReviewed)
    of_it = [one for one in words if one[1].match is None]
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
    """Once for a file, a reference, a policy and an algorithm; and only what is new, or another word than before in its way."""
    known(history, body.asset)
    found = reference(history, body.reference)
    if found is None:
        refuse("reference_unknown", f"reference {body.reference} was never registered")
    if (way := way_of(body.algorithm)) not in found[1].ways:
        refuse("match_of_another_way", "the reference is not compared by such codes", found[0].index)
    earlier = [
        (said, match)
        for said, match in bodies(history.about(f"asset:{body.asset}", MatchFound), MatchFound)
        if match.reference == body.reference and way_of(match.algorithm) == way
    ]
    for said, match in earlier:
        if (match.policy, match.algorithm) == (body.policy, body.algorithm):
            refuse("match_recorded_already", "this match is recorded", said.index)
    if (earlier[-1][1].decision if earlier else "none") == body.decision:
        refuse(
            "match_unchanged", "nothing changed since the last word on it", earlier[-1][0].index if earlier else None
        )


def accept_review(proposal: Proposal, body: MatchReviewed, history: History, at: datetime) -> None:
    """Of a match that is recorded, or of a file that could not be compared whole, by somebody who did not make it."""
    known(history, body.asset)
    if body.match is not None:
        found = [one for _, one in bodies(history.about(f"match:{body.match}", MatchFound), MatchFound)]
        if not found or (found[0].asset, found[0].reference) != (body.asset, body.reference):
            refuse("match_unknown", f"there is no match {body.match} of this file with this reference")
    elif not _flooded(history, body.asset) and _seen_whole(history, body.asset):
        refuse("flood_unknown", "the file was compared whole, and not set apart for being near too many references")
    for index, maker in makers(history, body.asset):
        if maker == proposal.actor:
            refuse("own_work", "whoever made a file does not review what it is near", index)


def _flooded(history: History, asset: str) -> bool:
    found = (comparison(history, asset, way) for way in WAYS)
    return any(one is not None and one[1].flooded for one in found)


def _seen_whole(history: History, asset: str) -> bool:
    """And heard; a file that nobody examined is to be examined first."""
    looked = examination(history, asset)
    return looked is None or not {"part", "unknown"} & {seen(looked[1]), heard(looked[1])}
